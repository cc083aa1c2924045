using Orleans.CodeGeneration;
using Orleans.Concurrency;
using RecallCluster.Wire.Campaigns;
using RecallCluster.Wire.Market;

namespace RecallCluster.Grains.Contracts;

/// <summary>
/// Numbers the campaigns in the order in which they were made, for good, collects what they and calibration publish, and hands it to every
/// silo. Key: 0.
/// </summary>
[Alias("recall.bid-book"), Version(1)]
public interface IBidBookGrain : IGrainWithIntegerKey
{
    /// <summary>Gives campaigns their numbers, before they are made, in the order given; durable when this completes.</summary>
    [Alias("Enrol")]
    Task EnrolAsync(long[] campaigns);

    /// <summary>Takes a campaign's offer; an older one than is there changes nothing.</summary>
    [Alias("Offer")]
    Task OfferAsync(OfferMessage offer);

    /// <summary>Takes the calibration.</summary>
    [Alias("Calibration")]
    Task TakeAsync(CalibrationMessage calibration);

    /// <summary>Waits until there is something new, at most some seconds.</summary>
    /// <param name="life">The life that the reader's version is of.</param>
    /// <param name="version">What the reader knows; 0 for nothing.</param>
    /// <returns>What is new; null where nothing is.</returns>
    [Alias("Next"), AlwaysInterleave]
    Task<BookDelta?> NextAsync(Guid life, long version);

    /// <summary>The newest version.</summary>
    [Alias("Version"), AlwaysInterleave]
    Task<(Guid Life, long Version)> VersionAsync();

    /// <summary>Ids of the campaigns, by number.</summary>
    [Alias("Campaigns"), AlwaysInterleave]
    Task<long[]> CampaignsAsync();

    /// <summary>What all campaigns had today, by what they last published.</summary>
    [Alias("Market"), AlwaysInterleave]
    Task<MarketToday> MarketAsync();

    /// <summary>Lets every campaign decide a tick that is due.</summary>
    /// <returns>How many there were.</returns>
    [Alias("Tick")]
    Task<int> TickAsync();
}

/// <summary>What all campaigns had today.</summary>
/// <param name="Spent">Charged, in micro-units of the currency.</param>
/// <param name="Impressions">Shown.</param>
/// <param name="Clicks">Clicked.</param>
[GenerateSerializer, Immutable, Alias("recall.market-today")]
public readonly record struct MarketToday(
    [property: Id(0)] long Spent, [property: Id(1)] long Impressions, [property: Id(2)] long Clicks)
{
    /// <summary>What is left when one campaign's older figures give way to its newer ones.</summary>
    /// <param name="older">What it had published before; null for nothing.</param>
    /// <param name="newer">What it publishes now.</param>
    internal MarketToday With(OfferMessage? older, OfferMessage newer) => new(
        Spent + newer.SpentToday - (older?.SpentToday ?? 0),
        Impressions + newer.ImpressionsToday - (older?.ImpressionsToday ?? 0),
        Clicks + newer.ClicksToday - (older?.ClicksToday ?? 0));
}
