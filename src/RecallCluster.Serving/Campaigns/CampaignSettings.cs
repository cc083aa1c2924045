using System.Text.Json.Serialization;
using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Money;

namespace RecallCluster.Serving.Campaigns;

/// <summary>What an advertiser asks of a campaign.</summary>
public sealed record CampaignSettings
{
    /// <summary>The campaign; positive.</summary>
    public required long Id { get; init; }

    /// <summary>Its name, for people.</summary>
    public required string Name { get; init; }

    /// <summary>The advertiser; positive.</summary>
    public required int AdvertiserId { get; init; }

    /// <summary>The advertiser's domain, which publishers block by.</summary>
    public required string AdvertiserDomain { get; init; }

    /// <summary>Budget of a day, flight, time zone, pacing, lease terms; its campaign id is <see cref="Id"/>.</summary>
    public required CampaignTerms Terms { get; init; }

    /// <summary>Objective and KPI: the name of a <see cref="Bidding.Goals.BidProduct"/>.</summary>
    public required string Product { get; init; }

    /// <summary>Highest cost per click, where the product bounds it, in units of the currency.</summary>
    public double? MaxCpc { get; init; }

    /// <summary>Lowest CTR, where the product bounds it.</summary>
    public double? MinCtr { get; init; }

    /// <summary>What is charged: a click or an impression.</summary>
    [JsonRequired]
    public PricingModel Pricing { get; init; } = PricingModel.Cpc;

    /// <summary>Highest bid for one impression; null for none but the auction's own.</summary>
    public Micros? MaxBid { get; init; }

    /// <summary>The bid controller's name, as <c>bid replay</c> knows them.</summary>
    [JsonRequired]
    public string Controller { get; init; } = "uscb";

    /// <summary>Weights to begin with (w0, then one for each KPI), such as yesterday's optimum; null for an estimate.</summary>
    public IReadOnlyList<double>? StartWeights { get; init; }

    /// <summary>Which requests it wants.</summary>
    [JsonRequired]
    public Targeting Targeting { get; init; } = new();

    /// <summary>How often one user may see it.</summary>
    [JsonRequired]
    public IReadOnlyList<FrequencyRule> Caps { get; init; } = [];

    /// <summary>Whether it is held back.</summary>
    public bool IsPaused { get; init; }
}

/// <summary>Which requests a campaign wants. An empty list wants all; of a list, one match is enough; all lists must match.</summary>
public sealed record Targeting
{
    /// <summary>Countries, ISO 3166-1 alpha-3.</summary>
    [JsonRequired]
    public IReadOnlyList<string> Countries { get; init; } = [];

    /// <summary>Regions, as requests write them.</summary>
    [JsonRequired]
    public IReadOnlyList<string> Regions { get; init; } = [];

    /// <summary>Kinds of device.</summary>
    [JsonRequired]
    public IReadOnlyList<DeviceKind> Devices { get; init; } = [];

    /// <summary>Domains or bundles.</summary>
    [JsonRequired]
    public IReadOnlyList<string> Publishers { get; init; } = [];

    /// <summary>Domains or bundles not wanted.</summary>
    [JsonRequired]
    public IReadOnlyList<string> ExcludedPublishers { get; init; } = [];

    /// <summary>Categories of the page; "IAB2" takes "IAB2-3" too.</summary>
    [JsonRequired]
    public IReadOnlyList<string> Categories { get; init; } = [];

    /// <summary>Languages, ISO 639-1.</summary>
    [JsonRequired]
    public IReadOnlyList<string> Languages { get; init; } = [];

    /// <summary>Local hours of the campaign's time zone, 0 to 23.</summary>
    [JsonRequired]
    public IReadOnlyList<int> Hours { get; init; } = [];

    /// <summary>Deals that it takes part in; a slot offered under deals only is sold to campaigns that name one of them.</summary>
    [JsonRequired]
    public IReadOnlyList<string> Deals { get; init; } = [];
}
