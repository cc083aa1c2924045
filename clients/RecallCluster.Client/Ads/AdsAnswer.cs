namespace RecallCluster.Client;

/// <summary>The answer to an <see cref="AdsRequest"/>. Money is in units of the currency, times in milliseconds.</summary>
public sealed record AdsAnswer
{
    /// <summary>Id of the request.</summary>
    public required string RequestId { get; init; }

    /// <summary>What was sold, best position first.</summary>
    public required IReadOnlyList<AdsPlaced> Ads { get; init; }

    /// <summary>Why there is no ad; null when there is one.</summary>
    public string? NoAd { get; init; }

    /// <summary>Version of model and indexes.</summary>
    public string? Version { get; init; }

    /// <summary>Version of the bid book.</summary>
    public long BookVersion { get; init; }

    /// <summary>Share of all ads that stand on shards that answered.</summary>
    public double Coverage { get; init; }

    /// <summary>Distinct ads scored.</summary>
    public long Scorings { get; init; }

    /// <summary>Where the time went.</summary>
    public AdsTimings? Timings { get; init; }
}

/// <summary>An ad in a slot.</summary>
public sealed record AdsPlaced
{
    /// <summary>The slot.</summary>
    public required string SlotId { get; init; }

    /// <summary>Position in the slot, 0 first.</summary>
    public int Position { get; init; }

    /// <summary>The ad.</summary>
    public required string AdId { get; init; }

    /// <summary>The campaign that pays.</summary>
    public long CampaignId { get; init; }

    /// <summary>Domain of its advertiser.</summary>
    public string? AdvertiserDomain { get; init; }

    /// <summary>Categories of its content.</summary>
    public IReadOnlyList<string>? Categories { get; init; }

    /// <summary>What to show.</summary>
    public AdsCreative? Creative { get; init; }

    /// <summary>Where a click leads.</summary>
    public string? LandingPage { get; init; }

    /// <summary>What it bid for a thousand impressions.</summary>
    public decimal Ecpm { get; init; }

    /// <summary>What it pays, for what <see cref="Charged"/> says.</summary>
    public decimal Price { get; init; }

    /// <summary>What is charged: click or impression.</summary>
    public string? Charged { get; init; }

    /// <summary>The click probability before calibration; null where the door does not tell.</summary>
    public double? RawPCtr { get; init; }

    /// <summary>The click probability that it was bid with.</summary>
    public double PCtr { get; init; }

    /// <summary>The conversion probability of a click that it was bid with; 0 for none.</summary>
    public double PCvr { get; init; }

    /// <summary>Where its events go; null in a trial.</summary>
    public AdsTracking? Tracking { get; init; }
}

/// <summary>What to show.</summary>
public sealed record AdsCreative
{
    /// <summary>Kind: banner, native or video.</summary>
    public string? Kind { get; init; }

    /// <summary>Width in pixels; 0 where the page decides.</summary>
    public int Width { get; init; }

    /// <summary>Height in pixels; 0 where the page decides.</summary>
    public int Height { get; init; }

    /// <summary>Address of the picture or film.</summary>
    public string? Media { get; init; }

    /// <summary>Media type.</summary>
    public string? MediaType { get; init; }

    /// <summary>Title.</summary>
    public string? Title { get; init; }

    /// <summary>Text.</summary>
    public string? Text { get; init; }

    /// <summary>Playing time of a film, milliseconds.</summary>
    public double? DurationMs { get; init; }
}

/// <summary>Signed addresses of an ad's events: a GET each, or their tokens in a batch (<see cref="AdFeedback"/>).</summary>
public sealed record AdsTracking
{
    /// <summary>It was shown.</summary>
    public required string Impression { get; init; }

    /// <summary>It was clicked; redirects to the landing page.</summary>
    public required string Click { get; init; }

    /// <summary>The click led to a conversion.</summary>
    public required string Conversion { get; init; }
}

/// <summary>Where a request's time went inside the door.</summary>
/// <param name="UserMs">Looking up the user and preparing its state.</param>
/// <param name="SearchMs">Until the last shard answered.</param>
/// <param name="RankMs">Merging and ranking.</param>
/// <param name="BidMs">Calibration, bids, eligibility.</param>
/// <param name="AuctionMs">Auctions and reserves.</param>
/// <param name="TotalMs">All of it.</param>
public sealed record AdsTimings(double UserMs, double SearchMs, double RankMs, double BidMs, double AuctionMs, double TotalMs);
