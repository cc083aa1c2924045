using System.Text.Json;
using System.Text.Json.Serialization;
using RecallCluster.Serving;
using RecallCluster.Serving.Catalogue;

namespace RecallCluster.Http.Native;

/// <summary>Body of <c>POST /v1/ads</c>. Only <c>slots</c> must be there; a field of another name is an error.</summary>
internal sealed class AdsRequestBody
{
    public string? Id { get; init; }

    public AdsUserBody? User { get; init; }

    public AdsContextBody? Context { get; init; }

    public AdsSlotBody?[]? Slots { get; init; }

    public AdsBlockedBody? Blocked { get; init; }

    /// <summary>Whether profile, behaviour and frequency counts of this user may be used; true unless told.</summary>
    public bool? MayPersonalise { get; init; }

    public NativeSale? Sale { get; init; }

    public double? DeadlineMs { get; init; }

    public int? MaxScorings { get; init; }

    /// <summary>A trial: nothing is reserved or charged, and there are no tracking URLs.</summary>
    public bool? Test { get; init; }
}

/// <summary>How slots are sold.</summary>
internal enum NativeSale
{
    SecondPrice,
    FirstPrice,
}

internal sealed class AdsUserBody
{
    public string? Id { get; init; }

    /// <summary>A code (whole number) or a label (string) by field name.</summary>
    public Dictionary<string, JsonElement>? Profile { get; init; }

    /// <summary>Ids of ads acted on, oldest first.</summary>
    public string?[]? Sequence { get; init; }
}

internal sealed class AdsContextBody
{
    /// <summary>ISO 3166-1 alpha-3.</summary>
    public string? Country { get; init; }

    public string? Region { get; init; }

    public DeviceKind? Device { get; init; }

    /// <summary>Domain or bundle.</summary>
    public string? Publisher { get; init; }

    /// <summary>IAB codes of the page.</summary>
    public string?[]? Categories { get; init; }

    /// <summary>ISO 639-1.</summary>
    public string? Language { get; init; }
}

internal sealed class AdsSlotBody
{
    public string? Id { get; init; }

    /// <summary>How many ads it takes; 1 unless told.</summary>
    public int? Count { get; init; }

    public AdsFormatBody?[]? Formats { get; init; }

    /// <summary>Least price of a thousand impressions, in units of the currency.</summary>
    public decimal? Floor { get; init; }

    public AdsDealBody?[]? Deals { get; init; }

    /// <summary>Whether only the deals may buy it.</summary>
    public bool? DealsOnly { get; init; }
}

internal sealed class AdsFormatBody
{
    public CreativeKind? Kind { get; init; }

    public int? Width { get; init; }

    public int? Height { get; init; }

    public double? MinDurationMs { get; init; }

    public double? MaxDurationMs { get; init; }

    public string?[]? MediaTypes { get; init; }
}

internal sealed class AdsDealBody
{
    public string? Id { get; init; }

    public decimal? Floor { get; init; }

    public bool? FirstPrice { get; init; }

    /// <summary>Advertiser domains; none for any.</summary>
    public string?[]? Advertisers { get; init; }
}

internal sealed class AdsBlockedBody
{
    public string?[]? Categories { get; init; }

    public string?[]? Advertisers { get; init; }

    public string?[]? Ads { get; init; }
}

/// <summary>Body of the answer to <c>POST /v1/ads</c>. Money in units of the currency.</summary>
internal sealed record AdsAnswerBody(
    string RequestId, PlacedAdBody[] Ads, NoAdReason? NoAd, string Version, long BookVersion, double Coverage, long Scorings,
    string[] Limits,
    UserBody User, FailureBody[] Failures, LoopTimingsBody Timings, ExplainedAdBody[]? Explanation);

/// <summary>
/// An ad in a slot. <c>Price</c> is for a click or for an impression, as <c>Charged</c> says; <c>Ecpm</c> is its bid for a thousand
/// impressions.
/// </summary>
internal sealed record PlacedAdBody(
    string SlotId, int Position, string AdId, long CampaignId, string AdvertiserDomain, IReadOnlyList<string> Categories,
    CreativeBody Creative,
    string LandingPage, decimal Ecpm, decimal Price, ChargedFor Charged, double RawPCtr, double PCtr, double PCvr, string? DealId,
    TrackingBody? Tracking);

/// <summary>What is paid for.</summary>
internal enum ChargedFor
{
    Click,
    Impression,
}

internal sealed record CreativeBody(
    CreativeKind Kind, int Width, int Height, string Media, string MediaType, string? Title, string? Text, double? DurationMs);

/// <summary>Where the events of this ad go; a GET each.</summary>
internal sealed record TrackingBody(string Impression, string Click, string Conversion);

/// <summary>Where the time went, in milliseconds.</summary>
internal sealed record LoopTimingsBody(double UserMs, double SearchMs, double RankMs, double BidMs, double AuctionMs, double TotalMs);

/// <summary>How one candidate came to its place.</summary>
internal sealed record ExplainedAdBody(
    string AdId, long CampaignId, [property: JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)] float Score,
    double RawPCtr, double PCtr, double PCvr, IReadOnlyDictionary<string, double> BidTerms, decimal Ecpm, string Fate);
