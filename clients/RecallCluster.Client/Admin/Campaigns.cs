namespace RecallCluster.Client;

/// <summary>
/// What an advertiser asks of a campaign. Money in units of the currency, times in milliseconds; null takes the door's usual value.
/// </summary>
public sealed record Campaign
{
    /// <summary>Its name, for people.</summary>
    public string? Name { get; init; }

    /// <summary>The advertiser; positive.</summary>
    public int? AdvertiserId { get; init; }

    /// <summary>The advertiser's domain.</summary>
    public string? AdvertiserDomain { get; init; }

    /// <summary>Budget of a day.</summary>
    public decimal? DailyBudget { get; init; }

    /// <summary>Budget of the whole flight; null for none but the days'.</summary>
    public decimal? LifetimeBudget { get; init; }

    /// <summary>IANA name of the time zone whose midnight begins a day.</summary>
    public string? TimeZone { get; init; }

    /// <summary>First instant of the flight.</summary>
    public DateTimeOffset? FlightStart { get; init; }

    /// <summary>First instant after the flight.</summary>
    public DateTimeOffset? FlightEnd { get; init; }

    /// <summary>How a day's budget is spread: even, traffic, asFastAsPossible.</summary>
    public string? Pacing { get; init; }

    /// <summary>Expected traffic of each hour, 24 numbers, for pacing by traffic.</summary>
    public IReadOnlyList<double>? TrafficByHour { get; init; }

    /// <summary>How long a lease runs.</summary>
    public double? LeaseTermMs { get; init; }

    /// <summary>By how much two clocks may differ.</summary>
    public double? ClockMarginMs { get; init; }

    /// <summary>How long after its auction an event counts.</summary>
    public double? EventWindowMs { get; init; }

    /// <summary>How long after its auction a conversion counts.</summary>
    public double? ConversionWindowMs { get; init; }

    /// <summary>Objective and KPI, e.g. click-cpc.</summary>
    public string? Product { get; init; }

    /// <summary>Highest cost per click, where the product bounds it.</summary>
    public double? MaxCpc { get; init; }

    /// <summary>Lowest CTR, where the product bounds it.</summary>
    public double? MinCtr { get; init; }

    /// <summary>What is charged: cpc or cpm.</summary>
    public string? Pricing { get; init; }

    /// <summary>Highest bid for one impression.</summary>
    public decimal? MaxBid { get; init; }

    /// <summary>The bid controller's name.</summary>
    public string? Controller { get; init; }

    /// <summary>Weights to begin with: w0, then one for each KPI.</summary>
    public IReadOnlyList<double>? StartWeights { get; init; }

    /// <summary>Which requests it wants.</summary>
    public CampaignTargeting? Targeting { get; init; }

    /// <summary>How often one user may see it.</summary>
    public IReadOnlyList<FrequencyCap>? Caps { get; init; }

    /// <summary>Whether it is held back.</summary>
    public bool? IsPaused { get; init; }
}

/// <summary>Which requests a campaign wants; a list that is null or empty wants all.</summary>
public sealed record CampaignTargeting
{
    /// <summary>Countries, ISO 3166-1 alpha-3.</summary>
    public IReadOnlyList<string>? Countries { get; init; }

    /// <summary>Regions.</summary>
    public IReadOnlyList<string>? Regions { get; init; }

    /// <summary>Kinds of device: desktop, phone, tablet, television.</summary>
    public IReadOnlyList<string>? Devices { get; init; }

    /// <summary>Domains or bundles.</summary>
    public IReadOnlyList<string>? Publishers { get; init; }

    /// <summary>Domains or bundles not wanted.</summary>
    public IReadOnlyList<string>? ExcludedPublishers { get; init; }

    /// <summary>Categories (IAB codes) of the page.</summary>
    public IReadOnlyList<string>? Categories { get; init; }

    /// <summary>Languages, ISO 639-1.</summary>
    public IReadOnlyList<string>? Languages { get; init; }

    /// <summary>Local hours, 0 to 23.</summary>
    public IReadOnlyList<int>? Hours { get; init; }

    /// <summary>Private deals that it takes part in.</summary>
    public IReadOnlyList<string>? Deals { get; init; }
}

/// <summary>At most so many impressions to one user within a span.</summary>
/// <param name="Impressions">How many.</param>
/// <param name="WithinMs">The span, milliseconds.</param>
public sealed record FrequencyCap(int Impressions, double WithinMs);

/// <summary>A campaign as it stands.</summary>
public sealed record CampaignStanding
{
    /// <summary>The campaign.</summary>
    public long Id { get; init; }

    /// <summary>Its version, for a change that is based on it.</summary>
    public long Version { get; init; }

    /// <summary>Whether it can be shown: active, paused, notStarted, ended, budgetSpent.</summary>
    public string? Status { get; init; }

    /// <summary>Its settings.</summary>
    public required Campaign Settings { get; init; }

    /// <summary>The books of today.</summary>
    public required CampaignDayBooks Today { get; init; }

    /// <summary>All money ever charged.</summary>
    public decimal TotalSpent { get; init; }

    /// <summary>Share of today's budget that pacing planned to have spent by now.</summary>
    public double PlannedShare { get; init; }

    /// <summary>Bid weights in force: w0, then one for each KPI.</summary>
    public required IReadOnlyList<double> Weights { get; init; }

    /// <summary>Today's KPIs against their limits.</summary>
    public IReadOnlyList<CampaignKpi> Kpis { get; init => field = value ?? []; } = [];

    /// <summary>Today's history, tick by tick.</summary>
    public IReadOnlyList<CampaignMoment> Ticks { get; init => field = value ?? []; } = [];
}

/// <summary>The books of a campaign's day.</summary>
/// <param name="Date">The day, in the campaign's time zone.</param>
/// <param name="Budget">Its budget.</param>
/// <param name="Spent">Charged.</param>
/// <param name="Leased">Granted to gateways and not yet spent or returned.</param>
/// <param name="Impressions">Shown.</param>
/// <param name="Clicks">Clicked.</param>
/// <param name="Conversions">Converted.</param>
/// <param name="FreeEvents">Events that no budget was left for.</param>
/// <param name="FreeAmount">What those would have cost.</param>
public sealed record CampaignDayBooks(
    DateOnly Date, decimal Budget, decimal Spent, decimal Leased, long Impressions, long Clicks, long Conversions, long FreeEvents,
    decimal FreeAmount);

/// <summary>A KPI against its limit.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Today's value; null before there is one.</param>
/// <param name="Limit">The highest that is wanted.</param>
public sealed record CampaignKpi(string Name, double? Value, double Limit);

/// <summary>A moment of a campaign's day.</summary>
/// <param name="At">When.</param>
/// <param name="Spent">Charged since the day began.</param>
/// <param name="PlannedShare">Share of the budget planned by then.</param>
/// <param name="Weights">The weights chosen then.</param>
/// <param name="Kpi">The first KPI's value; null for none.</param>
public sealed record CampaignMoment(DateTimeOffset At, decimal Spent, double PlannedShare, IReadOnlyList<double> Weights, double? Kpi);

/// <summary>A page of campaigns.</summary>
/// <param name="Campaigns">The campaigns.</param>
/// <param name="Next">Cursor of the next page; null at the end.</param>
internal sealed record CampaignPage(IReadOnlyList<CampaignStanding> Campaigns, string? Next);

/// <summary>What is to change of a campaign.</summary>
/// <param name="DailyBudget">The new budget, or null.</param>
/// <param name="IsPaused">Whether it is held back, or null.</param>
internal sealed record CampaignPatch(decimal? DailyBudget, bool? IsPaused);
