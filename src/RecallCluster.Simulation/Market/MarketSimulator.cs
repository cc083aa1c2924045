using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Money;

namespace RecallCluster.Simulation.Market;

/// <summary>
/// Days of a market in which our campaigns, each with its controller, compete with each other and with rivals, through the real auctions,
/// leases and ledgers. Equal worlds, campaigns and controllers give equal days, on any number of threads.
/// </summary>
/// <remarks>
/// <code>
///  generate blocks (parallel) ──► bids of the user's segment + the rival ──► auction ──► reserve ──► impression ──► ledger
///                                       ▲                                                  │  no room: again without it
///         controllers, once a tick ─────┘        clicks, conversions, after their delays ◄─┘
/// </code>
/// One slot an auction. Money is what the ledgers say; value and KPIs that controllers see are predictions, as in a live system.
/// </remarks>
public sealed class MarketSimulator
{
    private const double EcpmMicrosPerUnit = 1000.0 * Micros.PerUnit;
    private const long RivalAd = long.MaxValue;
    private const int RivalAdvertiser = -1;
    private const int EventsPerWin = 4;

    private readonly MarketWorld _world;
    private readonly IAuction _auction;
    private readonly CampaignSeat[] _seats;
    private readonly AuctionBid[][] _bids;
    private readonly BlockPipeline _pipeline;
    private readonly PriorityQueue<DelayedEvent, (DateTimeOffset At, UInt128 Id)> _events = new();
    private readonly AuctionWin[] _wins = new AuctionWin[1];
    private readonly Micros _floor;
    private readonly MarketCaps? _caps;
    private readonly bool[] _capped;
    private UInt128 _nextWin;
    private int _nextDay;
    private long _auctions, _wonByUs;
    private bool _logs;

    /// <summary>A market.</summary>
    /// <param name="world">Its users, ads and rivals.</param>
    /// <param name="campaigns">As many campaigns as the world has.</param>
    /// <param name="controllers">The controller of each.</param>
    /// <param name="auction">How one slot is sold; second price when null.</param>
    /// <param name="threads">Threads to use: one holds the auctions, the others generate ahead.</param>
    /// <exception cref="ArgumentException">Numbers do not fit, or a campaign's parts do not.</exception>
    public MarketSimulator(
        MarketWorld world, IReadOnlyList<MarketCampaign> campaigns, IReadOnlyList<IBidController> controllers, IAuction? auction = null,
        int threads = 1)
    {
        ArgumentNullException.ThrowIfNull(world);
        ArgumentNullException.ThrowIfNull(campaigns);
        ArgumentNullException.ThrowIfNull(controllers);
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        int count = world.Options.Campaigns;
        if (campaigns.Count != count || controllers.Count != count)
            throw new ArgumentException(
                $"The world has {count} campaigns; {campaigns.Count} campaigns and {controllers.Count} controllers were given.");
        _world = world;
        _auction = auction ?? new SecondPriceAuction();
        _seats = [.. Enumerable.Range(0, count).Select(i => new CampaignSeat(i, campaigns[i], controllers[i], world.Options.Start))];
        _bids = [.. world.Segments.Select(BidsOf)];
        _pipeline = new BlockPipeline(world, threads > 1 ? 2 * (threads - 1) : 0);
        _floor = Micros.Ceiling(world.Options.Floor * Micros.PerUnit);
        _caps = MarketCaps.Of(campaigns);
        _capped = new bool[world.Segments.Max(segment => segment.Campaigns.Length)];
    }

    /// <summary>Gives a campaign another controller, from the next day on.</summary>
    public void SetController(int campaign, IBidController controller)
    {
        ArgumentNullException.ThrowIfNull(controller);
        _seats[campaign].Controller = controller;
    }

    /// <summary>Keeps, or no longer keeps, every auction that a campaign could have bid in, for the report of the next days.</summary>
    public void KeepLog(int campaign, bool keep) => _seats[campaign].KeepsLog = keep;

    /// <summary>The state of a campaign's ledger.</summary>
    public CampaignState LedgerOf(int campaign) => _seats[campaign].Ledger.ToState();

    /// <summary>Runs the next day.</summary>
    public MarketDay RunDay()
    {
        int day = _nextDay++, ticks = _world.Options.TicksPerDay, begun = 0;
        double elapsed = 0;
        (_auctions, _wonByUs) = (0, 0);
        foreach (CampaignSeat seat in _seats)
            seat.BeginDay(_world.Options.Start.AddDays(day), ticks);
        _logs = _seats.Any(seat => seat.Logs);
        foreach ((int tick, AuctionBlock? block) in _pipeline.Day(day))
        {
            if (tick == begun)
            {
                DeliverUntil(_world.Options.Start.AddDays(day) + (TimeSpan.FromDays(1) * tick / ticks));
                foreach (CampaignSeat seat in _seats)
                    seat.BeginTick(tick, elapsed, _world.TrafficShare(tick));
                elapsed += _world.TrafficShare(tick);
                begun++;
            }
            if (block is not null)
                Hold(block);
        }
        DeliverUntil(_world.Options.Start.AddDays(day + 1));
        return new MarketDay(day, _auctions, _wonByUs, _seats.Sum(seat => seat.Charged), [.. _seats.Select(seat => seat.EndDay())]);
    }

    private void Hold(AuctionBlock block)
    {
        for (int i = 0; i < block.Count; i++)
        {
            DateTimeOffset now = _world.Options.Start.AddTicks((long)(block.Seconds[i] * TimeSpan.TicksPerSecond));
            DeliverUntil(now);
            Hold(block, i, now);
        }
        _auctions += block.Count;
    }

    private void Hold(AuctionBlock block, int i, DateTimeOffset now)
    {
        int user = block.Users[i], segmentIndex = _world.SegmentIndexOf(user);
        MarketSegment segment = _world.Segments[segmentIndex];
        AuctionBid[] bids = _bids[segmentIndex];
        ReadOnlySpan<float> clicks = block.Clicks.AsSpan(i * block.Stride), conversions = block.Conversions.AsSpan(i * block.Stride);
        for (int position = 0; position < segment.Campaigns.Length; position++)
        {
            CampaignSeat seat = _seats[segment.Campaigns[position]];
            if (_caps is not null)
            {
                _capped[position] = !_caps.Allows(user, segment.Campaigns[position], now);
                if (_capped[position])
                {
                    bids[position].Bid = Micros.Zero;
                    continue;
                }
            }
            bids[position].Bid = seat.Bid(clicks[position], conversions[position], now);
            bids[position].ClickProbability = clicks[position];
        }
        bids[^1].Bid = new Micros(block.Rivals[i]);
        var request = new AuctionRequest(1, _floor);
        UInt128 id = _nextWin++;
        while (true)
        {
            bool sold = _auction.Run(in request, bids, _wins).Sold == 1;
            AuctionWin win = _wins[0];
            int winner = sold && win.Bid < segment.Campaigns.Length ? win.Bid : -1;
            if (winner >= 0)
            {
                CampaignSeat seat = _seats[segment.Campaigns[winner]];
                double trueClick = _world.TrueClick(user, winner, block.ClickShift);
                if (!seat.TryWin(in win, id, now, clicks[winner], conversions[winner], trueClick, out long lease))
                {
                    bids[winner].Bid = Micros.Zero;
                    continue;
                }
                _caps?.Record(user, segment.Campaigns[winner], now);
                _wonByUs++;
                Happen(block, i, user, winner, seat, id, lease, in win, now, trueClick);
            }
            if (_logs)
                Log(segment, clicks, conversions, winner, in win, sold);
            return;
        }
    }

    /// <summary>
    /// What comes of a win. A uniform draw below a probability is, divided by it, uniform again: the delay needs no draw of its own.
    /// </summary>
    private void Happen(
        AuctionBlock block, int i, int user, int winner, CampaignSeat seat, UInt128 id, long lease, in AuctionWin win, DateTimeOffset now,
        double trueClick)
    {
        Micros perClick = win.IsPerClick ? win.Price : Micros.Zero;
        UInt128 firstEvent = id * EventsPerWin;
        seat.Deliver(now, id, new FeedbackEvent(firstEvent, FeedbackKind.Impression, lease, now, win.Price - perClick));
        double clickDraw = block.ClickDraws[i];
        if (clickDraw >= trueClick)
            return;
        DateTimeOffset clickAt = now.AddSeconds(_world.Options.ClickDelaySeconds * -Math.Log(1 - (clickDraw / trueClick)));
        Schedule(seat, clickAt, id, new FeedbackEvent(firstEvent + 1, FeedbackKind.Click, lease, now, perClick));
        double trueConversion = _world.TrueConversion(user, winner), conversionDraw = block.ConversionDraws[i];
        if (conversionDraw >= trueConversion)
            return;
        DateTimeOffset convertAt = clickAt.AddHours(_world.Options.ConversionDelayHours * -Math.Log(1 - (conversionDraw / trueConversion)));
        Schedule(seat, convertAt, id, new FeedbackEvent(firstEvent + 2, FeedbackKind.Conversion, lease, now, Micros.Zero));
    }

    private void Schedule(CampaignSeat seat, DateTimeOffset at, UInt128 win, in FeedbackEvent feedback) =>
        _events.Enqueue(new DelayedEvent(seat, at, win, feedback), (at, feedback.Id));

    private void DeliverUntil(DateTimeOffset now)
    {
        while (_events.TryPeek(out DelayedEvent due, out _) && due.At <= now)
        {
            _events.Dequeue();
            due.Seat.Deliver(due.At, due.Win, in due.Feedback);
        }
    }

    private void Log(
        MarketSegment segment, ReadOnlySpan<float> clicks, ReadOnlySpan<float> conversions, int winner, in AuctionWin win, bool sold)
    {
        for (int position = 0; position < segment.Campaigns.Length; position++)
        {
            CampaignSeat seat = _seats[segment.Campaigns[position]];
            if (!seat.Logs || _capped[position])
                continue;

            // A loser would have had to pay what the winner is worth.
            double cost = position == winner
                ? win.Price.Value / (double)Micros.PerUnit * (win.IsPerClick ? clicks[position] : 1)
                : (sold ? win.Ecpm : _floor).Value / EcpmMicrosPerUnit;
            seat.Log(clicks[position], conversions[position], cost);
        }
    }

    private AuctionBid[] BidsOf(MarketSegment segment)
    {
        var bids = new AuctionBid[segment.Campaigns.Length + 1];
        for (int position = 0; position < segment.Campaigns.Length; position++)
        {
            int campaign = segment.Campaigns[position];
            bids[position] = new AuctionBid
            {
                AdId = campaign,
                AdvertiserId = campaign,
                Pricing = _seats[campaign].Campaign.Pricing,
                Bid = Micros.Zero,
            };
        }
        bids[^1] = new AuctionBid { AdId = RivalAd, AdvertiserId = RivalAdvertiser, Pricing = PricingModel.Cpm, Bid = Micros.Zero };
        return bids;
    }

    private readonly struct DelayedEvent(CampaignSeat seat, DateTimeOffset at, UInt128 win, FeedbackEvent feedback)
    {
        public readonly FeedbackEvent Feedback = feedback;

        public CampaignSeat Seat => seat;

        public DateTimeOffset At => at;

        public UInt128 Win => win;
    }
}
