using RecallCluster.Bidding.Replay;
using RecallCluster.Numerics;

namespace RecallCluster.Simulation.Traffic;

/// <summary>
/// Traffic on a <see cref="SyntheticWorld"/> whose every probability is known: campaigns of advertisers, a day of requests, what users
/// do with
/// what they are shown, and what rivals offer.
/// <code>
///  P(click | shown) = attention · decay^slot · sigmoid( preference - threshold + campaign + hour + day )
///  P(conversion | click) = sigmoid( campaign + ad )
///  floor of a slot = rivals' level · publisher · hour · day · log-normal
/// </code>
/// A model that is trained on the world's clicks knows preferences; it knows nothing of slot, campaign, hour and day, so that its
/// probabilities are off by campaign and by hour and wait to be calibrated. Equal worlds and options give equal traffic; what comes of an
/// ad depends on (day, request, ad, slot) alone, not on the order in which anything is asked.
/// </summary>
public sealed class TrafficWorld
{
    private readonly SyntheticWorld _world;
    private readonly TrafficSchedule _schedule;
    private readonly SeededRandom _random;
    private readonly int[] _campaignOf;

    /// <summary>Traffic on a world.</summary>
    /// <exception cref="ArgumentException">An option is outside its range, or the world has fewer ads than there are campaigns.</exception>
    public TrafficWorld(SyntheticWorld world, TrafficOptions options)
    {
        ArgumentNullException.ThrowIfNull(world);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _world = world;
        Options = options;
        _random = new SeededRandom(options.Seed).Split(7);
        Campaigns = CampaignAssignment.Deal(world.Catalogue, world.Options.Departments, options, _random.Split(0));
        _campaignOf = new int[world.Options.Ads];
        foreach (TrafficCampaign campaign in Campaigns)
            foreach (int ad in campaign.Ads)
                _campaignOf[ad] = campaign.Number;
        _schedule = new TrafficSchedule(options, world.Options.Users, _random.Split(1));
    }

    /// <summary>Expected requests of each hour of the day, as shares that add up to 1.</summary>
    public static IReadOnlyList<double> HourShares => TrafficSchedule.HourShares;

    /// <summary>The make of the traffic.</summary>
    public TrafficOptions Options { get; }

    /// <summary>The campaigns, by number.</summary>
    public IReadOnlyList<TrafficCampaign> Campaigns { get; }

    /// <summary>The campaign of an ad.</summary>
    /// <exception cref="IndexOutOfRangeException">There is no such ad.</exception>
    public int CampaignOf(int ad) => _campaignOf[ad];

    /// <summary>A day's requests, in order of time.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number of the day is negative.</exception>
    public TrafficRequest[] Day(int day)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(day);
        return _schedule.Day(day);
    }

    /// <summary>The probability that an ad is clicked if it is shown.</summary>
    /// <param name="request">The request.</param>
    /// <param name="ad">The ad.</param>
    /// <param name="slot">The slot that it is shown in, 0 first.</param>
    public double ClickProbability(TrafficRequest request, int ad, int slot)
    {
        ArgumentNullException.ThrowIfNull(request);
        return ClickProbability(_world.Preference(request.User, ad), ad, slot, ClickEffect(request));
    }

    /// <summary>The probability that a click on an ad leads to a conversion.</summary>
    public double ConversionProbability(int ad)
    {
        double own = Options.AdConversionSpread * _random.Split(2).Split((ulong)ad).NextGaussian();
        return Sigmoid(Campaigns[_campaignOf[ad]].ConversionLogit + own);
    }

    /// <summary>What becomes of an ad that is delivered.</summary>
    /// <param name="request">The request.</param>
    /// <param name="ad">The ad.</param>
    /// <param name="slot">The slot that it is shown in, 0 first.</param>
    public AdOutcome Play(TrafficRequest request, int ad, int slot)
    {
        ArgumentNullException.ThrowIfNull(request);
        SeededRandom stream = _random.Split(3 + (ulong)request.Day).Split((ulong)request.Number).Split(((ulong)ad << 8) | (uint)slot);
        return AdOutcome.Draw(ClickProbability(request, ad, slot), ConversionProbability(ad), Options, stream);
    }

    /// <summary>
    /// The auctions of some requests' slots as they would be with every ad found and every probability known: each campaign enters its
    /// likeliest ad, also where it would have won a slot before; bids are left at 0, for a plan to set.
    /// </summary>
    /// <param name="requests">The requests.</param>
    /// <param name="dayStart">Instant at which the requests' day begins.</param>
    /// <param name="threads">Threads to use; all processors when null.</param>
    /// <returns>The auctions, in the order of requests and of their slots.</returns>
    public TracedAuction[] TrueAuctions(IReadOnlyList<TrafficRequest> requests, DateTimeOffset dayStart, int? threads = null)
    {
        ArgumentNullException.ThrowIfNull(requests);
        var auctions = new TracedAuction[requests.Count][];
        Parallel.For(
            0,
            requests.Count,
            new ParallelOptions { MaxDegreeOfParallelism = threads ?? Environment.ProcessorCount },
            () => (Preferences: new float[_campaignOf.Length], Best: new int[Campaigns.Count]),
            (i, _, scratch) =>
            {
                auctions[i] = TrueAuctions(requests[i], dayStart, scratch.Preferences, scratch.Best);
                return scratch;
            },
            _ => { });
        return [.. auctions.SelectMany(slots => slots)];
    }

    private TracedAuction[] TrueAuctions(TrafficRequest request, DateTimeOffset dayStart, float[] preferences, int[] best)
    {
        _world.Preferences(request.User, preferences);
        Array.Fill(best, -1);
        for (int ad = 0; ad < preferences.Length; ad++)
        {
            ref int champion = ref best[_campaignOf[ad]];
            if (champion < 0 || preferences[ad] > preferences[champion])
                champion = ad;
        }
        double effect = ClickEffect(request);
        var auctions = new TracedAuction[request.Slots];
        for (int slot = 0; slot < auctions.Length; slot++)
        {
            var bids = new TracedBid[best.Length];
            for (int campaign = 0; campaign < bids.Length; campaign++)
            {
                int ad = best[campaign];
                double click = ClickProbability(preferences[ad], ad, slot, effect);
                bids[campaign] = new TracedBid(Campaigns[campaign].Id, (float)click, (float)ConversionProbability(ad), 0);
            }
            auctions[slot] = new TracedAuction(dayStart + request.Time, request.Floors[slot] / 1000, 1, bids);
        }
        return auctions;
    }

    private double ClickEffect(TrafficRequest request) => _schedule.ClickEffectAt(request.Time) + _schedule.ClickEffectOf(request.Day);

    private double ClickProbability(double preference, int ad, int slot, double effect) =>
        Options.Attention * Math.Pow(Options.PositionDecay, slot)
            * Sigmoid(preference - _world.Options.ClickThreshold + Campaigns[_campaignOf[ad]].ClickEffect + effect);

    private static double Sigmoid(double logit) => 1 / (1 + Math.Exp(-logit));
}
