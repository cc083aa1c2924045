using MessagePack;

namespace RecallCluster.Wire.Campaigns;

/// <summary>What a campaign publishes: all that a gateway needs to bid for it, but for the calibration.</summary>
[MessagePackObject]
public sealed record OfferMessage
{
    /// <summary>The campaign.</summary>
    [Key(0)]
    public required long CampaignId { get; init; }

    /// <summary>The place in the campaign's log that it was made at: of two offers the one with the higher place holds.</summary>
    [Key(1)]
    public required long Place { get; init; }

    /// <summary>The campaign's version.</summary>
    [Key(2)]
    public required long Version { get; init; }

    /// <summary>Its settings, as the JSON that its log keeps.</summary>
    [Key(3)]
    public required byte[] Settings { get; init; }

    /// <summary>Whether it can be shown, or why not.</summary>
    [Key(4)]
    public required int Status { get; init; }

    /// <summary>Bid weights in force.</summary>
    [Key(5)]
    public required double[] Weights { get; init; }

    /// <summary>Charged since its day began, in micro-units of the currency.</summary>
    [Key(6)]
    public required long SpentToday { get; init; }

    /// <summary>Impressions since its day began.</summary>
    [Key(7)]
    public long ImpressionsToday { get; init; }

    /// <summary>Clicks since its day began.</summary>
    [Key(8)]
    public long ClicksToday { get; init; }
}
