using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Catalogue;

namespace RecallCluster.Serving;

/// <summary>One request for ads, as the native route, OpenRTB and any other door state it.</summary>
public sealed record AdRequest
{
    /// <summary>Id of the request, the caller's or one of ours; it comes back in the answer and in tracking tokens.</summary>
    public required string Id { get; init; }

    /// <summary>Whom the ads are for.</summary>
    public required UserFeatures User { get; init; }

    /// <summary>Where they are shown.</summary>
    public RequestContext Context { get; init; } = new();

    /// <summary>What is on sale; at least one slot.</summary>
    public required IReadOnlyList<SlotRequest> Slots { get; init; }

    /// <summary>Categories (IAB codes) that the publisher blocks; "IAB2" blocks "IAB2-3" too.</summary>
    public IReadOnlyCollection<string> BlockedCategories { get; init; } = [];

    /// <summary>Domains of advertisers that the publisher blocks.</summary>
    public IReadOnlyCollection<string> BlockedAdvertisers { get; init; } = [];

    /// <summary>The only advertisers, by domain, that may be shown; empty for all.</summary>
    public IReadOnlyCollection<string> AllowedAdvertisers { get; init; } = [];

    /// <summary>Ids of ads that must not be shown.</summary>
    public IReadOnlyCollection<string> BlockedAds { get; init; } = [];

    /// <summary>
    /// Whether profile, behaviour and frequency counts of this user may be used. Without it the ads are chosen by context alone.
    /// </summary>
    public bool MayPersonalise { get; init; } = true;

    /// <summary>How the slots are sold.</summary>
    public SaleKind Sale { get; init; } = SaleKind.SecondPrice;

    /// <summary>Time within which the answer must be there, counted from the call; null for no limit.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>Most ads that may be scored, over all shards; null for what the index was tuned to.</summary>
    public int? MaxScorings { get; init; }

    /// <summary>Whether the answer says why each ad is there.</summary>
    public bool Explain { get; init; }

    /// <summary>A trial: nothing is reserved, nothing is charged, no token is valid.</summary>
    public bool IsTest { get; init; }
}

/// <summary>How slots are sold.</summary>
public enum SaleKind
{
    /// <summary>Ours to sell: each winner pays what keeps its rank (generalised second price).</summary>
    SecondPrice,

    /// <summary>Ours to sell: each winner pays its bid.</summary>
    FirstPrice,

    /// <summary>
    /// Somebody else's auction: our best ad's bid is the answer, for one impression, and what it costs comes back with the notice of the
    /// win.
    /// </summary>
    BidOnly,
}

/// <summary>One place for ads.</summary>
/// <param name="Id">Unique in the request.</param>
public sealed record SlotRequest(string Id)
{
    /// <summary>How many ads it takes; their ranks are its positions.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Formats that fit; empty for any.</summary>
    public IReadOnlyList<FormatRequest> Formats { get; init; } = [];

    /// <summary>Least price of a thousand impressions.</summary>
    public Micros Floor { get; init; }

    /// <summary>Private deals under which it is offered.</summary>
    public IReadOnlyList<DealOffer> Deals { get; init; } = [];

    /// <summary>Whether only the deals may buy it.</summary>
    public bool DealsOnly { get; init; }
}

/// <summary>A format that fits a slot.</summary>
/// <param name="Kind">Banner, native or video.</param>
/// <param name="Width">Width in pixels; 0 for any.</param>
/// <param name="Height">Height in pixels; 0 for any.</param>
public readonly record struct FormatRequest(CreativeKind Kind, int Width = 0, int Height = 0)
{
    /// <summary>Shortest playing time of a video.</summary>
    public TimeSpan MinDuration { get; init; }

    /// <summary>Longest playing time of a video; zero for no limit.</summary>
    public TimeSpan MaxDuration { get; init; }

    /// <summary>Least width in pixels, of a creative that has one.</summary>
    public int MinWidth { get; init; }

    /// <summary>Least height in pixels, of a creative that has one.</summary>
    public int MinHeight { get; init; }

    /// <summary>What a creative must have.</summary>
    public CreativeParts Needs { get; init; }

    /// <summary>Media types that the player or page takes; null for any.</summary>
    public IReadOnlyList<string>? MediaTypes { get; init; }
}

/// <summary>A private deal under which a slot is offered.</summary>
/// <param name="Id">The deal, which campaigns name in their targeting.</param>
/// <param name="Floor">Least price of a thousand impressions under it.</param>
/// <param name="IsFirstPrice">Whether the winner pays its bid.</param>
public sealed record DealOffer(string Id, Micros Floor, bool IsFirstPrice = false)
{
    /// <summary>Advertiser domains that the deal is for; empty for any.</summary>
    public IReadOnlyCollection<string> Advertisers { get; init; } = [];
}

/// <summary>
/// Where and on what the ads are shown. What is not known is null or empty; a campaign that targets it does not match then.
/// </summary>
public sealed record RequestContext
{
    /// <summary>Country, ISO 3166-1 alpha-3, upper case.</summary>
    public string? Country { get; init; }

    /// <summary>Region, as the request writes it.</summary>
    public string? Region { get; init; }

    /// <summary>Kind of device.</summary>
    public DeviceKind Device { get; init; }

    /// <summary>Domain of the site, or bundle of the app.</summary>
    public string? Publisher { get; init; }

    /// <summary>Categories (IAB codes) of the page.</summary>
    public IReadOnlyList<string> Categories { get; init; } = [];

    /// <summary>Language, ISO 639-1, lower case.</summary>
    public string? Language { get; init; }
}

/// <summary>Kinds of device that targeting tells apart.</summary>
public enum DeviceKind
{
    /// <summary>Not known.</summary>
    Unknown,

    /// <summary>A personal computer.</summary>
    Desktop,

    /// <summary>A phone.</summary>
    Phone,

    /// <summary>A tablet.</summary>
    Tablet,

    /// <summary>A television or a box beside it.</summary>
    Television,
}
