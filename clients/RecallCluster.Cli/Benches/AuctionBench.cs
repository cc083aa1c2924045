using System.Diagnostics;
using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Money;
using RecallCluster.Numerics;
using RecallCluster.Simulation.Market;

namespace RecallCluster.Cli.Benches;

/// <summary>What <see cref="AuctionBench"/> measures.</summary>
internal sealed record AuctionBenchOptions
{
    /// <summary>Numbers of bids in an auction.</summary>
    public IReadOnlyList<int> Bids { get; init; } = [10, 100];

    /// <summary>Auctions of a round: few enough that some rounds go undisturbed on a busy machine.</summary>
    public int Auctions { get; init; } = 5_000;

    /// <summary>Events of a round of the ledger.</summary>
    public int Events { get; init; } = 10_000;

    /// <summary>Auctions of a simulated day.</summary>
    public int DayAuctions { get; init; } = 500_000;

    /// <summary>Campaigns of the simulated market; about a fifth of them bid in each auction.</summary>
    public int Campaigns { get; init; } = 50;

    /// <summary>Slots of an auction that sells several: GSP, first price, and a second run of the simulated market; 1 for none.</summary>
    public int Slots { get; init; } = 4;

    /// <summary>Threads of the simulated market.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Rounds of auctions and books; the fastest counts.</summary>
    public int Rounds { get; init; } = 100;

    /// <summary>Days of the simulated market; the fastest counts.</summary>
    public int Days { get; init; } = 5;

    public ulong Seed { get; init; } = 1;
}

/// <summary>Speed of one kind of auction, one thread.</summary>
internal sealed record AuctionFigure(string Auction, string Pricing, int Bids, int Slots, double AuctionsPerSecond, double NsPerBid);

/// <summary>Speed of books, one thread: a lease taken and a CPC win reserved, an event applied.</summary>
internal sealed record MoneyFigure(string What, double PerSecond);

/// <summary>
/// Speed of the simulated market: our bids made, auctions held, wins booked; by the clock, and by the time that processors spent on it.
/// The share won is of all slots.
/// </summary>
internal sealed record MarketFigure(
    int Campaigns, int Slots, double BidsPerAuction, double WonShare, int Threads, double AuctionsPerSecond, double AuctionsPerCpuSecond);

/// <summary>The report of <see cref="AuctionBench"/>.</summary>
internal sealed record AuctionBenchReport(
    string Simd, IReadOnlyList<AuctionFigure> Auctions, IReadOnlyList<MoneyFigure> Money, IReadOnlyList<MarketFigure> Market);

/// <summary>
/// Speed of auctions by kind, of the books, and of a whole simulated market. Fastest of several rounds: a shared machine only adds time.
/// </summary>
internal static class AuctionBench
{
    private const int Requests = 512;

    /// <summary>A click in a slot is so likely, relative to the slot above.</summary>
    private const double PositionFactor = 0.7;

    public static AuctionBenchReport Run(AuctionBenchOptions options, IProgress<string>? progress)
    {
        ArgumentNullException.ThrowIfNull(options);
        var auctions = new List<AuctionFigure>();
        foreach (int bids in options.Bids)
        {
            progress?.Report($"auctions of {bids} bids");
            foreach (PricingModel? pricing in new PricingModel?[] { PricingModel.Cpc, PricingModel.Cpm, PricingModel.OptimizedCpm, null })
            {
                auctions.Add(Auction("second price", new SecondPriceAuction(), pricing, bids, 1, options));
                auctions.Add(Auction("GSP", new GeneralizedSecondPriceAuction(), pricing, bids, options.Slots, options));
                auctions.Add(Auction("first price", new FirstPriceAuction(), pricing, bids, options.Slots, options));
            }
        }
        progress?.Report("books");
        MoneyFigure[] money =
        [
            new("reserve and settle a CPC win", Fastest(options, () => Reserve(options.Events))),
            new("apply an event", Fastest(options, () => Apply(options.Events))),
        ];
        var market = new List<MarketFigure>();
        foreach (int slots in new[] { 1, options.Slots }.Distinct())
        {
            foreach (int threads in new[] { 1, options.Threads }.Distinct())
            {
                progress?.Report($"simulated market, {slots} slots, {threads} threads");
                market.Add(Market(options, slots, threads));
            }
        }
        return new AuctionBenchReport(Simd.Path.ToString(), auctions, money, market);
    }

    private static AuctionFigure Auction(
        string name, IAuction auction, PricingModel? pricing, int bids, int slots, AuctionBenchOptions options)
    {
        var random = new SeededRandom(options.Seed);
        AuctionBid[][] requests = [.. Enumerable.Range(0, Requests).Select(_ => Draw(bids, pricing, random))];
        var wins = new AuctionWin[slots];
        long sold = 0;
        double perSecond = Fastest(options, () =>
        {
            var request = new AuctionRequest(slots, new Micros(100_000), maxAdsPerAdvertiser: 2);
            for (int i = 0; i < options.Auctions; i++)
                sold += auction.Run(in request, requests[i % Requests], wins).Sold;
            return options.Auctions;
        });
        if (sold == 0)
            throw new InvalidOperationException("No auction sold a slot.");
        return new AuctionFigure(name, pricing?.ToString() ?? "mixed", bids, slots, perSecond, 1e9 / perSecond / bids);
    }

    private static AuctionBid[] Draw(int bids, PricingModel? pricing, SeededRandom random)
    {
        var drawn = new AuctionBid[bids];
        for (int i = 0; i < bids; i++)
        {
            PricingModel model = pricing ?? (PricingModel)random.NextInt(4);
            double worth = Math.Exp(random.NextGaussian());
            double unit = model switch { PricingModel.Cpm => 10, PricingModel.Cpc => 1, _ => 20 };
            drawn[i] = new AuctionBid
            {
                AdId = i,
                AdvertiserId = random.NextInt(bids),
                Pricing = model,
                Bid = Micros.Ceiling(worth * unit * Micros.PerUnit),
                ClickProbability = 0.01 * Math.Exp(0.5 * random.NextGaussian()),
                ConversionProbability = 0.05,
            };
        }
        return drawn;
    }

    private static long Reserve(int wins)
    {
        DateTimeOffset start = DateTimeOffset.UnixEpoch;
        var wallet = new LeaseWallet(new Lease(1, 1, 1, Micros.FromUnits(1_000_000_000), start, start.AddDays(1)), new WalletOptions());
        for (int i = 0; i < wins; i++)
        {
            wallet.TryReserve((UInt128)i, start.AddMilliseconds(i), Micros.FromUnits(1), 0.01);
            if (i >= 1000)
                wallet.Settle((UInt128)(i - 1000), Micros.Zero);
        }
        return wins;
    }

    private static long Apply(int events)
    {
        DateTimeOffset start = DateTimeOffset.UnixEpoch;
        var ledger = new CampaignLedger(new CampaignTerms
        {
            CampaignId = 1,
            TimeZone = "Etc/UTC",
            DailyBudget = Micros.FromUnits(1_000_000_000),
            FlightStart = start,
            Pacing = PacingMode.AsFastAsPossible,
            LeaseTerm = TimeSpan.FromHours(20),
        });
        Lease lease = ledger.RequestLease(start, 1, 1, Micros.FromUnits(1_000_000_000)).Lease;
        for (int i = 0; i < events; i++)
        {
            DateTimeOffset now = start.AddMilliseconds(10.0 * i);
            ledger.Feedback(now, new FeedbackEvent((UInt128)i, FeedbackKind.Impression, lease.Id, now, new Micros(1000)));
        }
        return events;
    }

    private static MarketFigure Market(AuctionBenchOptions options, int slots, int threads)
    {
        var marketOptions = new MarketOptions
        {
            Campaigns = options.Campaigns,
            AuctionsPerDay = options.DayAuctions,
            PositionFactors = [.. Enumerable.Range(0, slots).Select(slot => Math.Pow(PositionFactor, slot))],
        };
        var world = new MarketWorld(marketOptions, new SeededRandom(options.Seed));
        MarketCampaign campaign = new() { Goal = new CampaignGoal(60.0 * options.DayAuctions / 1_000_000) };
        IBidController[] controllers = [.. Enumerable.Repeat(new FixedWeights(new BidWeights(0.8)), options.Campaigns)];
        var market = new MarketSimulator(world, [.. Enumerable.Repeat(campaign, options.Campaigns)], controllers, threads: threads);
        double fastest = 0, leastWork = 0;
        MarketDay day = market.RunDay();
        for (int round = 0; round < options.Days; round++)
        {
            long started = Stopwatch.GetTimestamp();
            TimeSpan used = Environment.CpuUsage.TotalTime;
            day = market.RunDay();
            fastest = Math.Max(fastest, day.Auctions / Stopwatch.GetElapsedTime(started).TotalSeconds);
            leastWork = Math.Max(leastWork, day.Auctions / (Environment.CpuUsage.TotalTime - used).TotalSeconds);
        }
        double bids = day.Campaigns.Sum(row => (double)row.Sums.Auctions) / day.Auctions;
        return new MarketFigure(
            options.Campaigns, slots, bids, (double)day.WonByUs / (day.Auctions * slots), threads, fastest, leastWork);
    }

    private static double Fastest(AuctionBenchOptions options, Func<long> work)
    {
        double fastest = 0;
        for (int round = 0; round <= options.Rounds; round++)
        {
            long started = Stopwatch.GetTimestamp();
            long done = work();
            fastest = Math.Max(fastest, done / Stopwatch.GetElapsedTime(started).TotalSeconds);
        }
        return fastest;
    }

    private sealed class FixedWeights(BidWeights weights) : IBidController
    {
        public BidWeights Decide(in ControlState state) => weights;
    }
}
