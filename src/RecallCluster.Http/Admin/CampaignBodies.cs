using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Money;
using RecallCluster.Serving;
using RecallCluster.Serving.Campaigns;

namespace RecallCluster.Http.Admin;

/// <summary>
/// Body of <c>PUT /v1/campaigns/{id}</c>, and the settings in every answer. Money in units of the currency, times in milliseconds.
/// </summary>
internal sealed record CampaignBody
{
    public string? Name { get; init; }

    public int? AdvertiserId { get; init; }

    /// <summary>Domain that publishers block by.</summary>
    public string? AdvertiserDomain { get; init; }

    public decimal? DailyBudget { get; init; }

    /// <summary>Budget of the whole flight; none unless told.</summary>
    public decimal? LifetimeBudget { get; init; }

    /// <summary>IANA name; "UTC" unless told.</summary>
    public string? TimeZone { get; init; }

    public DateTimeOffset? FlightStart { get; init; }

    /// <summary>First instant after the flight; none for no end.</summary>
    public DateTimeOffset? FlightEnd { get; init; }

    public PacingMode? Pacing { get; init; }

    /// <summary>24 numbers, for pacing by traffic.</summary>
    public double[]? TrafficByHour { get; init; }

    public double? LeaseTermMs { get; init; }

    public double? ClockMarginMs { get; init; }

    public double? EventWindowMs { get; init; }

    public double? ConversionWindowMs { get; init; }

    /// <summary>Objective and KPI, e.g. "click-cpc".</summary>
    public string? Product { get; init; }

    public double? MaxCpc { get; init; }

    public double? MinCtr { get; init; }

    public PricingModel? Pricing { get; init; }

    /// <summary>Highest bid for one impression.</summary>
    public decimal? MaxBid { get; init; }

    public string? Controller { get; init; }

    public double[]? StartWeights { get; init; }

    public TargetingBody? Targeting { get; init; }

    public FrequencyCapBody?[]? Caps { get; init; }

    public bool? IsPaused { get; init; }
}

/// <summary>Which requests a campaign wants; a list that is empty or missing wants all.</summary>
internal sealed record TargetingBody
{
    public string?[]? Countries { get; init; }

    public string?[]? Regions { get; init; }

    public DeviceKind[]? Devices { get; init; }

    public string?[]? Publishers { get; init; }

    public string?[]? ExcludedPublishers { get; init; }

    public string?[]? Categories { get; init; }

    public string?[]? Languages { get; init; }

    public int[]? Hours { get; init; }

    public string?[]? Deals { get; init; }
}

/// <summary>At most so many impressions to one user within a span.</summary>
internal sealed record FrequencyCapBody(int? Impressions, double? WithinMs);

/// <summary>Body of <c>PATCH /v1/campaigns/{id}</c>: what is named changes.</summary>
internal sealed record CampaignPatchBody
{
    public decimal? DailyBudget { get; init; }

    public bool? IsPaused { get; init; }
}

/// <summary>A campaign as it stands.</summary>
internal sealed record CampaignViewBody(
    long Id, long Version, CampaignStatus Status, CampaignBody Settings, DayBody Today, decimal TotalSpent, double PlannedShare,
    string Controller, string? Actors, IReadOnlyList<double> Weights, KpiBody[] Kpis, TickBody[] Ticks);

/// <summary>The books of a day.</summary>
internal sealed record DayBody(
    DateOnly Date, decimal Budget, decimal Spent, decimal Leased, long Impressions, long Clicks, long Conversions, long FreeEvents,
        decimal FreeAmount);

/// <summary>A KPI against its limit; the value is null before there is one.</summary>
internal sealed record KpiBody(string Name, double Value, double Limit);

/// <summary>A moment of a campaign's day.</summary>
internal sealed record TickBody(DateTimeOffset At, decimal Spent, double PlannedShare, IReadOnlyList<double> Weights, double Kpi);

/// <summary>A page of campaigns; <c>Next</c> is the cursor of the following one, null at the end.</summary>
internal sealed record CampaignPageBody(CampaignViewBody[] Campaigns, string? Next);
