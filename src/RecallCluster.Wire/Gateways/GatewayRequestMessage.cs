using MessagePack;
using RecallCluster.Wire.Http;

namespace RecallCluster.Wire.Gateways;

/// <summary>A request for ads, checked and understood by a door, on its way to a gateway.</summary>
[MessagePackObject]
public sealed record GatewayRequestMessage
{
    /// <summary>Id of the request.</summary>
    [Key(0)]
    public required string Id { get; init; }

    /// <summary>Whom the ads are for.</summary>
    [Key(1)]
    public required UserFeaturesMessage User { get; init; }

    /// <summary>Where they are shown.</summary>
    [Key(2)]
    public required PlaceMessage Context { get; init; }

    /// <summary>What is on sale.</summary>
    [Key(3)]
    public required OfferedSlotMessage[] Slots { get; init; }

    /// <summary>Categories that the publisher blocks.</summary>
    [Key(4)]
    public string[]? BlockedCategories { get; init; }

    /// <summary>Advertisers, by domain, that the publisher blocks.</summary>
    [Key(5)]
    public string[]? BlockedAdvertisers { get; init; }

    /// <summary>The only advertisers that may be shown; empty for all.</summary>
    [Key(6)]
    public string[]? AllowedAdvertisers { get; init; }

    /// <summary>Ads that must not be shown.</summary>
    [Key(7)]
    public string[]? BlockedAds { get; init; }

    /// <summary>Whether profile, behaviour and frequency counts may be used.</summary>
    [Key(8)]
    public bool MayPersonalise { get; init; }

    /// <summary>0 second price, 1 first price, 2 somebody else's auction.</summary>
    [Key(9)]
    public int Sale { get; init; }

    /// <summary>Time that is left, in ticks of 100 ns; null for no limit.</summary>
    [Key(10)]
    public long? TimeLeft { get; init; }

    /// <summary>Most ads that may be scored.</summary>
    [Key(11)]
    public int? MaxScorings { get; init; }

    /// <summary>Whether the answer says why each ad is there.</summary>
    [Key(12)]
    public bool Explain { get; init; }

    /// <summary>Whether it is a trial.</summary>
    [Key(13)]
    public bool IsTest { get; init; }
}

/// <summary>Where and on what ads are shown.</summary>
/// <param name="Country">Country.</param>
/// <param name="Region">Region.</param>
/// <param name="Device">0 unknown, 1 desktop, 2 phone, 3 tablet, 4 television.</param>
/// <param name="Publisher">Domain of the site, or bundle of the app.</param>
/// <param name="Categories">Categories of the page.</param>
/// <param name="Language">Language.</param>
[MessagePackObject]
public sealed record PlaceMessage(
    [property: Key(0)] string? Country,
    [property: Key(1)] string? Region,
    [property: Key(2)] int Device,
    [property: Key(3)] string? Publisher,
    [property: Key(4)] string[] Categories,
    [property: Key(5)] string? Language);

/// <summary>One place for ads.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Count">How many ads it takes.</param>
/// <param name="Formats">Formats that fit.</param>
/// <param name="Floor">Least price of a thousand impressions, in micro-units of the currency.</param>
/// <param name="Deals">Private deals.</param>
/// <param name="DealsOnly">Whether only the deals may buy it.</param>
[MessagePackObject]
public sealed record OfferedSlotMessage(
    [property: Key(0)] string Id,
    [property: Key(1)] int Count,
    [property: Key(2)] FittingFormatMessage[] Formats,
    [property: Key(3)] long Floor,
    [property: Key(4)] OfferedDealMessage[] Deals,
    [property: Key(5)] bool DealsOnly);

/// <summary>A format that fits a slot.</summary>
/// <param name="Kind">0 banner, 1 native, 2 video.</param>
/// <param name="Width">Pixels; 0 for any.</param>
/// <param name="Height">Pixels; 0 for any.</param>
/// <param name="MinWidth">Least width in pixels.</param>
/// <param name="MinHeight">Least height in pixels.</param>
/// <param name="MinDuration">Shortest playing time, in ticks of 100 ns.</param>
/// <param name="MaxDuration">Longest playing time, likewise; 0 for no limit.</param>
/// <param name="Needs">What a creative must have: bits 1 title, 2 text, 4 media over https.</param>
/// <param name="MediaTypes">Media types that are taken; null for any.</param>
[MessagePackObject]
public sealed record FittingFormatMessage(
    [property: Key(0)] int Kind,
    [property: Key(1)] int Width,
    [property: Key(2)] int Height,
    [property: Key(3)] int MinWidth,
    [property: Key(4)] int MinHeight,
    [property: Key(5)] long MinDuration,
    [property: Key(6)] long MaxDuration,
    [property: Key(7)] int Needs,
    [property: Key(8)] string[]? MediaTypes);

/// <summary>A private deal.</summary>
/// <param name="Id">The deal.</param>
/// <param name="Floor">Least price of a thousand impressions under it, in micro-units of the currency.</param>
/// <param name="IsFirstPrice">Whether the winner pays its bid.</param>
/// <param name="Advertisers">Domains that it is for; empty for any.</param>
[MessagePackObject]
public sealed record OfferedDealMessage(
    [property: Key(0)] string Id,
    [property: Key(1)] long Floor,
    [property: Key(2)] bool IsFirstPrice,
    [property: Key(3)] string[] Advertisers);
