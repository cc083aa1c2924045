namespace RecallCluster.Client;

/// <summary>A request for ads. Only <see cref="Slots"/> must be there.</summary>
public sealed record AdsRequest
{
    /// <summary>Id of the request; null lets the door draw one.</summary>
    public string? Id { get; init; }

    /// <summary>Whom the ads are for; null for nobody known.</summary>
    public AdsUser? User { get; init; }

    /// <summary>Where they are shown.</summary>
    public AdsContext? Context { get; init; }

    /// <summary>What is on sale, at least one.</summary>
    public required IReadOnlyList<AdsSlot> Slots { get; init; }

    /// <summary>What the publisher does not want; null for nothing.</summary>
    public AdsBlocked? Blocked { get; init; }

    /// <summary>Whether profile, behaviour and frequency counts may be used; null for yes.</summary>
    public bool? MayPersonalise { get; init; }

    /// <summary>How slots are sold; null for second price.</summary>
    public AdsSale? Sale { get; init; }

    /// <summary>Time within which the answer must be there, milliseconds; null for no limit.</summary>
    public double? DeadlineMs { get; init; }

    /// <summary>Most ads that may be scored; null for what the index was tuned to.</summary>
    public int? MaxScorings { get; init; }

    /// <summary>A trial: nothing is reserved or charged; null for no.</summary>
    public bool? Test { get; init; }
}

/// <summary>How slots are sold.</summary>
public enum AdsSale
{
    /// <summary>Each winner pays what keeps its rank.</summary>
    SecondPrice,

    /// <summary>Each winner pays its bid.</summary>
    FirstPrice,
}

/// <summary>Whom ads are for.</summary>
public sealed record AdsUser
{
    /// <summary>Id of the user, or null.</summary>
    public string? Id { get; init; }

    /// <summary>Codes by profile field; null takes what the door knows.</summary>
    public IReadOnlyDictionary<string, int>? Profile { get; init; }

    /// <summary>Ids of ads acted on, oldest first; null takes what the door knows.</summary>
    public IReadOnlyList<string>? Sequence { get; init; }
}

/// <summary>Where ads are shown.</summary>
public sealed record AdsContext
{
    /// <summary>Country, ISO 3166-1 alpha-3.</summary>
    public string? Country { get; init; }

    /// <summary>Region.</summary>
    public string? Region { get; init; }

    /// <summary>Kind of device: desktop, phone, tablet, television.</summary>
    public string? Device { get; init; }

    /// <summary>Domain of the site, or bundle of the app.</summary>
    public string? Publisher { get; init; }

    /// <summary>Categories (IAB codes) of the page.</summary>
    public IReadOnlyList<string>? Categories { get; init; }

    /// <summary>Language, ISO 639-1.</summary>
    public string? Language { get; init; }
}

/// <summary>One place for ads.</summary>
public sealed record AdsSlot
{
    /// <summary>Unique in the request.</summary>
    public required string Id { get; init; }

    /// <summary>How many ads it takes; null for 1.</summary>
    public int? Count { get; init; }

    /// <summary>Least price of a thousand impressions, in units of the currency; null for none. At most six decimals.</summary>
    public decimal? Floor { get; init; }

    /// <summary>Formats that fit; null for any.</summary>
    public IReadOnlyList<AdsFormat>? Formats { get; init; }
}

/// <summary>A format that fits a slot.</summary>
public sealed record AdsFormat
{
    /// <summary>Kind: banner, native or video.</summary>
    public required string Kind { get; init; }

    /// <summary>Width in pixels; null for any.</summary>
    public int? Width { get; init; }

    /// <summary>Height in pixels; null for any.</summary>
    public int? Height { get; init; }
}

/// <summary>What a publisher does not want.</summary>
public sealed record AdsBlocked
{
    /// <summary>Categories (IAB codes).</summary>
    public IReadOnlyList<string>? Categories { get; init; }

    /// <summary>Domains of advertisers.</summary>
    public IReadOnlyList<string>? Advertisers { get; init; }

    /// <summary>Ids of ads.</summary>
    public IReadOnlyList<string>? Ads { get; init; }
}
