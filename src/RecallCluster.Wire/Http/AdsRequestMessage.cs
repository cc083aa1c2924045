using MessagePack;

namespace RecallCluster.Wire.Http;

/// <summary>Media type of bodies in MessagePack.</summary>
public static class MessagePackBodies
{
    /// <summary>The media type.</summary>
    public const string MediaType = "application/x-msgpack";
}

/// <summary>Body of <c>POST /v1/ads</c>. Each field means what it means in JSON; enumerations are by the same names.</summary>
[MessagePackObject]
public sealed record AdsRequestMessage
{
    /// <summary>Id of the request; null lets the door draw one.</summary>
    [Key(0)]
    public string? Id { get; init; }

    /// <summary>Whom the ads are for; null for nobody known.</summary>
    [Key(1)]
    public UserFeaturesMessage? User { get; init; }

    /// <summary>Where they are shown.</summary>
    [Key(2)]
    public ContextMessage? Context { get; init; }

    /// <summary>What is on sale, at least one.</summary>
    [Key(3)]
    public SlotMessage?[]? Slots { get; init; }

    /// <summary>What the publisher does not want.</summary>
    [Key(4)]
    public BlockedMessage? Blocked { get; init; }

    /// <summary>Whether profile, behaviour and frequency counts may be used; null for yes.</summary>
    [Key(5)]
    public bool? MayPersonalise { get; init; }

    /// <summary>"secondPrice" or "firstPrice"; null for the former.</summary>
    [Key(6)]
    public string? Sale { get; init; }

    /// <summary>Time within which the answer must be there, milliseconds.</summary>
    [Key(7)]
    public double? DeadlineMs { get; init; }

    /// <summary>Most ads that may be scored.</summary>
    [Key(8)]
    public int? MaxScorings { get; init; }

    /// <summary>A trial: nothing is reserved or charged.</summary>
    [Key(9)]
    public bool? Test { get; init; }
}

/// <summary>The user of a request.</summary>
[MessagePackObject]
public sealed record UserFeaturesMessage
{
    /// <summary>Id of the user, or null.</summary>
    [Key(0)]
    public string? Id { get; init; }

    /// <summary>Codes by profile field.</summary>
    [Key(1)]
    public IReadOnlyDictionary<string, int>? Codes { get; init; }

    /// <summary>Labels by profile field; no field has both.</summary>
    [Key(2)]
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>Ids of ads acted on, oldest first.</summary>
    [Key(3)]
    public string?[]? Sequence { get; init; }
}

/// <summary>Where ads are shown.</summary>
[MessagePackObject]
public sealed record ContextMessage
{
    /// <summary>ISO 3166-1 alpha-3.</summary>
    [Key(0)]
    public string? Country { get; init; }

    /// <summary>Region.</summary>
    [Key(1)]
    public string? Region { get; init; }

    /// <summary>"desktop", "phone", "tablet", "television" or "unknown".</summary>
    [Key(2)]
    public string? Device { get; init; }

    /// <summary>Domain or bundle.</summary>
    [Key(3)]
    public string? Publisher { get; init; }

    /// <summary>IAB codes of the page.</summary>
    [Key(4)]
    public string?[]? Categories { get; init; }

    /// <summary>ISO 639-1.</summary>
    [Key(5)]
    public string? Language { get; init; }
}

/// <summary>One place for ads.</summary>
[MessagePackObject]
public sealed record SlotMessage
{
    /// <summary>Unique in the request.</summary>
    [Key(0)]
    public string? Id { get; init; }

    /// <summary>How many ads it takes; null for 1.</summary>
    [Key(1)]
    public int? Count { get; init; }

    /// <summary>Formats that fit; null for any.</summary>
    [Key(2)]
    public FormatMessage?[]? Formats { get; init; }

    /// <summary>Least price of a thousand impressions, in units of the currency.</summary>
    [Key(3)]
    public decimal? Floor { get; init; }

    /// <summary>Deals.</summary>
    [Key(4)]
    public DealMessage?[]? Deals { get; init; }

    /// <summary>Whether only the deals may buy it.</summary>
    [Key(5)]
    public bool? DealsOnly { get; init; }
}

/// <summary>A format that fits a slot.</summary>
[MessagePackObject]
public sealed record FormatMessage
{
    /// <summary>"banner", "native" or "video".</summary>
    [Key(0)]
    public string? Kind { get; init; }

    /// <summary>Pixels; null for any.</summary>
    [Key(1)]
    public int? Width { get; init; }

    /// <summary>Pixels; null for any.</summary>
    [Key(2)]
    public int? Height { get; init; }

    /// <summary>Shortest film, milliseconds.</summary>
    [Key(3)]
    public double? MinDurationMs { get; init; }

    /// <summary>Longest film, milliseconds.</summary>
    [Key(4)]
    public double? MaxDurationMs { get; init; }

    /// <summary>Media types that can be shown; null for any.</summary>
    [Key(5)]
    public string?[]? MediaTypes { get; init; }
}

/// <summary>A deal.</summary>
[MessagePackObject]
public sealed record DealMessage
{
    /// <summary>Its id.</summary>
    [Key(0)]
    public string? Id { get; init; }

    /// <summary>Least price of a thousand impressions, in units of the currency.</summary>
    [Key(1)]
    public decimal? Floor { get; init; }

    /// <summary>Whether its buyer pays its bid.</summary>
    [Key(2)]
    public bool? FirstPrice { get; init; }

    /// <summary>Domains of the advertisers that it is for; null for any.</summary>
    [Key(3)]
    public string?[]? Advertisers { get; init; }
}

/// <summary>What a publisher does not want.</summary>
[MessagePackObject]
public sealed record BlockedMessage
{
    /// <summary>IAB codes.</summary>
    [Key(0)]
    public string?[]? Categories { get; init; }

    /// <summary>Domains of advertisers.</summary>
    [Key(1)]
    public string?[]? Advertisers { get; init; }

    /// <summary>Ids of ads.</summary>
    [Key(2)]
    public string?[]? Ads { get; init; }
}
