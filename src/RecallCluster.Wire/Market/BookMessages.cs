using MessagePack;
using RecallCluster.Wire.Campaigns;

namespace RecallCluster.Wire.Market;

/// <summary>What of the published campaigns is new.</summary>
[MessagePackObject]
public sealed record BookDelta
{
    /// <summary>Drawn when the book's grain was activated: versions of different lives cannot be compared.</summary>
    [Key(0)]
    public required Guid Life { get; init; }

    /// <summary>The version that this brings a reader to.</summary>
    [Key(1)]
    public required long Version { get; init; }

    /// <summary>Whether it holds everything, for a reader who knew nothing of this life.</summary>
    [Key(2)]
    public required bool IsWhole { get; init; }

    /// <summary>Number of campaigns.</summary>
    [Key(3)]
    public required int Campaigns { get; init; }

    /// <summary>Offers that changed, by campaign number.</summary>
    [Key(4)]
    public required IReadOnlyDictionary<int, OfferMessage> Offers { get; init; }

    /// <summary>The calibration, where it changed; else null.</summary>
    [Key(5)]
    public CalibrationMessage? Calibration { get; init; }
}

/// <summary>Calibration as it is published.</summary>
[MessagePackObject]
public sealed record CalibrationMessage
{
    /// <summary>Maps of click probabilities, in the calibration's own format.</summary>
    [Key(0)]
    public required byte[] Click { get; init; }

    /// <summary>Conversion rates of clicks by context ("advertiser/campaign"; the empty context is everybody).</summary>
    [Key(1)]
    public required IReadOnlyDictionary<string, double> Conversions { get; init; }
}

/// <summary>Catalogue edits that a reader does not know.</summary>
/// <param name="Life">Drawn when the catalogue's grain was activated.</param>
/// <param name="Sequence">The last edit's place.</param>
/// <param name="IsWhole">Whether <paramref name="Edits"/> are the latest edits of all ads, rather than those that are new.</param>
/// <param name="Facets">
/// Where it is whole, for each facet that edits brought the edit that did, as JSON, in the order in which they came; else empty.
/// </param>
/// <param name="Edits">The edits, as JSON, in order.</param>
[MessagePackObject]
public sealed record CatalogueDelta(
    [property: Key(0)] Guid Life,
    [property: Key(1)] long Sequence,
    [property: Key(2)] bool IsWhole,
    [property: Key(3)] byte[][] Facets,
    [property: Key(4)] byte[][] Edits);

/// <summary>Impressions and clicks that were counted since somebody asked last, as columns.</summary>
[MessagePackObject]
public sealed record ShownMessage
{
    /// <summary>Click models that the raw pCTR is of.</summary>
    [Key(0)]
    public required uint[] Models { get; init; }

    /// <summary>Campaigns.</summary>
    [Key(1)]
    public required long[] Campaigns { get; init; }

    /// <summary>Slots of time, since 1970.</summary>
    [Key(2)]
    public required long[] Slots { get; init; }

    /// <summary>Cells of the logit grid that the raw pCTR lies in.</summary>
    [Key(3)]
    public required int[] Cells { get; init; }

    /// <summary>How many impressions.</summary>
    [Key(4)]
    public required long[] Counts { get; init; }

    /// <summary>How many clicks; null of a silo that does not count them.</summary>
    [Key(5)]
    public long[]? Clicks { get; init; }
}
