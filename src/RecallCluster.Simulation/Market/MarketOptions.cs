using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Money;

namespace RecallCluster.Simulation.Market;

/// <summary>
/// The make of a market whose truth is known. Money is in units of the currency, here; in auctions and ledgers it is in micro-units.
/// </summary>
public sealed record MarketOptions
{
    /// <summary>Length of a traffic curve.</summary>
    public const int Hours = 24;

    /// <summary>Users, each of one segment.</summary>
    public int Users { get; init; } = 20_000;

    /// <summary>Campaigns of ours, one ad each.</summary>
    public int Campaigns { get; init; } = 50;

    /// <summary>Segments of users that campaigns target.</summary>
    public int Segments { get; init; } = 20;

    /// <summary>
    /// Segments that one campaign targets. Campaigns times this over segments is the usual number of our bids in an auction.
    /// </summary>
    public int SegmentsPerCampaign { get; init; } = 4;

    /// <summary>Auctions of an average day.</summary>
    public int AuctionsPerDay { get; init; } = 1_000_000;

    /// <summary>Moments of a day at which controllers decide.</summary>
    public int TicksPerDay { get; init; } = 96;

    /// <summary>Expected traffic of each hour, in any unit.</summary>
    public IReadOnlyList<double> TrafficByHour { get; init; } = [3, 2, 1, 1, 1, 1, 2, 3, 4, 5, 5, 5, 6, 6, 5, 5, 5, 6, 7, 8, 9, 9, 7, 5];

    /// <summary>True logit of an average click: -4.5 is about 1.1 %.</summary>
    public double ClickLogit { get; init; } = -4.5;

    /// <summary>True logit of an average conversion after a click: -2.5 is about 8 %.</summary>
    public double ConversionLogit { get; init; } = -2.5;

    /// <summary>Standard deviation of both logits between campaigns.</summary>
    public double CampaignSpread { get; init; } = 0.4;

    /// <summary>Standard deviation of both logits from how well user and ad fit.</summary>
    public double AffinitySpread { get; init; } = 0.8;

    /// <summary>Bias factor of all predicted odds of a click.</summary>
    public double OverallBias { get; init; } = 1;

    /// <summary>Standard deviation of the logarithm of that bias between campaigns.</summary>
    public double CampaignBias { get; init; }

    /// <summary>Bias factors of single campaigns, in place of what chance gives them.</summary>
    public IReadOnlyDictionary<int, double> BiasOfCampaign { get; init; } = new Dictionary<int, double>();

    /// <summary>Standard deviation, on the logit, of what the model gets wrong about a user and an ad.</summary>
    public double ModelNoise { get; init; } = 0.2;

    /// <summary>The rivals' prices.</summary>
    public IPriceLandscape Landscape { get; init; } = new LogNormalLandscape(8, 0.8);

    /// <summary>How far rivals' prices swing over the day: amplitude of their logarithm, highest at 18 h.</summary>
    public double PriceSwing { get; init; } = 0.2;

    /// <summary>How far click rates swing over the day: amplitude on the logit, highest at 18 h.</summary>
    public double ClickSwing { get; init; } = 0.1;

    /// <summary>Standard deviation, between days, of the logarithm of rivals' prices.</summary>
    public double PriceDayDeviation { get; init; }

    /// <summary>Standard deviation, between days, of the logarithm of traffic.</summary>
    public double TrafficDayDeviation { get; init; }

    /// <summary>Standard deviation, between days, of the click logit.</summary>
    public double ClickDayDeviation { get; init; }

    /// <summary>
    /// How likely a click is in each slot of an auction, best first, relative to the best: the first is 1, none is above the one before.
    /// There are as many slots, 1 to <see cref="AuctionRequest.MaxSlots"/>, and as many rivals.
    /// </summary>
    public IReadOnlyList<double> PositionFactors { get; init; } = [1];

    /// <summary>Reserve price of every auction, for a thousand impressions.</summary>
    public double Floor { get; init; } = 0.5;

    /// <summary>Mean time from impression to click, seconds.</summary>
    public double ClickDelaySeconds { get; init; } = 20;

    /// <summary>Mean time from click to conversion, hours.</summary>
    public double ConversionDelayHours { get; init; } = 6;

    /// <summary>First instant of day 0.</summary>
    public DateTimeOffset Start { get; init; } = new(2026, 1, 5, 0, 0, 0, TimeSpan.Zero);

    /// <exception cref="ArgumentException">An option is not as its description says; the message names it.</exception>
    internal void Check()
    {
        foreach ((int value, string name) in new[]
        {
            (Users, nameof(Users)), (Campaigns, nameof(Campaigns)), (Segments, nameof(Segments)),
            (SegmentsPerCampaign, nameof(SegmentsPerCampaign)),
            (AuctionsPerDay, nameof(AuctionsPerDay)), (TicksPerDay, nameof(TicksPerDay)),
        })
            Require(value > 0, $"{name} is {value}; it is at least 1.");
        Require(SegmentsPerCampaign <= Segments, $"{nameof(SegmentsPerCampaign)} is {SegmentsPerCampaign}; there are {Segments} segments.");
        Require(
            TicksPerDay % Hours == 0,
            $"{nameof(TicksPerDay)} is {TicksPerDay}; it is a multiple of {Hours}, so that a tick lies within an hour.");
        Require(
            TrafficByHour.Count == Hours && TrafficByHour.All(share => share >= 0 && double.IsFinite(share)) && TrafficByHour.Sum() > 0,
            $"{nameof(TrafficByHour)} is no traffic of {Hours} hours.");
        Require(Floor * Micros.PerUnit <= AuctionBid.MaxBid.Value, $"{nameof(Floor)} is {Floor}; no bid is above {AuctionBid.MaxBid}.");
        Require(
            PositionFactors.Count is > 0 and <= AuctionRequest.MaxSlots && PositionFactors[0] == 1
            && PositionFactors.Zip(PositionFactors.Skip(1)).All(pair => pair.Second > 0 && pair.Second <= pair.First),
            $"{nameof(PositionFactors)} are 1 to {AuctionRequest.MaxSlots} factors above 0; the first is 1, none is above the one before.");
        Require(OverallBias > 0 && BiasOfCampaign.Values.All(bias => bias > 0), "A bias factor is above 0.");
        foreach ((double value, string name) in new[]
        {
            (CampaignSpread, nameof(CampaignSpread)), (AffinitySpread, nameof(AffinitySpread)), (CampaignBias, nameof(CampaignBias)),
            (ModelNoise, nameof(ModelNoise)),
            (PriceDayDeviation, nameof(PriceDayDeviation)), (TrafficDayDeviation, nameof(TrafficDayDeviation)),
            (ClickDayDeviation, nameof(ClickDayDeviation)),
            (Floor, nameof(Floor)), (ClickDelaySeconds, nameof(ClickDelaySeconds)), (ConversionDelayHours, nameof(ConversionDelayHours)),
        })
            Require(value >= 0 && double.IsFinite(value), $"{name} is {value}; it is finite and 0 or more.");
    }

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
            throw new ArgumentException(otherwise);
    }
}
