using RecallCluster.Serving;

namespace RecallCluster.Http.OpenRtb;

/// <summary>What we use of an OpenRTB 2.6 bid request.</summary>
internal sealed record BidRequest
{
    public required string Id { get; init; }

    public required IReadOnlyList<Impression> Impressions { get; init; }

    public required RequestContext Context { get; init; }

    public required UserFeatures User { get; init; }

    public required bool MayPersonalise { get; init; }

    public bool IsTest { get; init; }

    /// <summary><c>tmax</c>: time for the whole exchange of messages, the network's part included.</summary>
    public TimeSpan? TimeLimit { get; init; }

    /// <summary><c>cur</c>: currencies that are taken; empty for what the exchange always takes.</summary>
    public string[] Currencies { get; init; } = [];

    public string[] BlockedCategories { get; init; } = [];

    /// <summary>
    /// Whether categories are blocked by a taxonomy (<c>cattax</c>) that our ads are not tagged with: any ad could be of them.
    /// </summary>
    public bool BlocksByOtherTaxonomy { get; init; }

    /// <summary><c>badv</c>, <c>bapp</c> and <c>bseat</c>: our seats are advertisers' domains, or the bundles of their apps.</summary>
    public string[] BlockedAdvertisers { get; init; } = [];

    /// <summary><c>wseat</c>: the only seats that may bid; empty for all.</summary>
    public string[] AllowedSeats { get; init; } = [];
}

/// <summary>One impression on offer.</summary>
internal sealed record Impression
{
    public required string Id { get; init; }

    public BannerOffer? Banner { get; init; }

    public VideoOffer? Video { get; init; }

    public NativeOffer? Native { get; init; }

    public double Floor { get; init; }

    public string FloorCurrency { get; init; } = "USD";

    public bool IsSecure { get; init; }

    public IReadOnlyList<DealTerms> Deals { get; init; } = [];

    public bool DealsOnly { get; init; }
}

/// <summary>A private deal of an impression.</summary>
internal sealed record DealTerms(string Id, double Floor, string FloorCurrency, bool IsFirstPrice, string[] Advertisers);

/// <summary>A picture's place.</summary>
/// <param name="Sizes">Width and height that fit; (0, 0) for any.</param>
/// <param name="MediaTypes">Media types that are shown; null for any.</param>
internal sealed record BannerOffer(IReadOnlyList<(int Width, int Height)> Sizes, string[]? MediaTypes);

/// <summary>A film's place.</summary>
internal sealed record VideoOffer
{
    public required string[] MediaTypes { get; init; }

    public TimeSpan MinDuration { get; init; }

    public TimeSpan MaxDuration { get; init; }

    /// <summary><c>rqddurs</c>: the only playing times, in seconds; empty for any in the bounds.</summary>
    public int[] ExactSeconds { get; init; } = [];

    /// <summary>Version of VAST to answer with.</summary>
    public required string Vast { get; init; }
}

/// <summary>A place that lays out itself what it is given.</summary>
internal sealed record NativeOffer
{
    public required IReadOnlyList<NativeAsset> Assets { get; init; }

    /// <summary>Whether the request stood in an object "native", as before version 1.1: the answer does the same.</summary>
    public bool IsWrapped { get; init; }
}

/// <summary>Kinds of native asset that we can fill.</summary>
internal enum NativeAssetKind
{
    Title,
    MainImage,
    Description,
    Sponsor,
    DisplayUrl,
}

/// <summary>One asset of a native place. Lengths and sizes of 0 are no bounds.</summary>
internal sealed record NativeAsset(int Id, NativeAssetKind Kind, bool IsRequired)
{
    public int MaxLength { get; init; }

    public int Width { get; init; }

    public int Height { get; init; }

    public int MinWidth { get; init; }

    public int MinHeight { get; init; }

    public string[] MediaTypes { get; init; } = [];
}
