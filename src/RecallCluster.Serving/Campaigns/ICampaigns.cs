using RecallCluster.Bidding.Money;

namespace RecallCluster.Serving.Campaigns;

/// <summary>The campaigns, for those who run them. What was acknowledged is durable. Thread-safe.</summary>
public interface ICampaigns
{
    /// <summary>Campaigns by id, after <paramref name="after"/>, at most <paramref name="limit"/>.</summary>
    Task<IReadOnlyList<CampaignView>> ListAsync(long after, int limit, CancellationToken cancellation);

    /// <summary>One campaign, or null.</summary>
    Task<CampaignView?> FindAsync(long id, CancellationToken cancellation);

    /// <summary>Creates a campaign, or changes it.</summary>
    /// <param name="settings">All of its settings.</param>
    /// <param name="ifVersion">The version that the change is based on: 0 to create only, null for whatever is there.</param>
    /// <param name="cancellation">The caller gave up; the change may have been made.</param>
    /// <exception cref="InvalidRequestException">A setting makes no sense, or cannot be changed; the message names it.</exception>
    /// <exception cref="VersionConflictException">The campaign has another version now.</exception>
    Task<CampaignView> PutAsync(CampaignSettings settings, long? ifVersion, CancellationToken cancellation);
}

/// <summary>Somebody else changed it first.</summary>
/// <param name="wanted">The version that the change was based on.</param>
/// <param name="actual">The version that is there; 0 for none.</param>
public sealed class VersionConflictException(long wanted, long actual)
    : Exception($"The change is based on version {wanted}; the current one is {actual}.")
{
    /// <summary>The version that is there; 0 for none.</summary>
    public long Actual { get; } = actual;
}

/// <summary>A campaign as it stands.</summary>
public sealed record CampaignView
{
    /// <summary>Its settings, with all edits.</summary>
    public required CampaignSettings Settings { get; init; }

    /// <summary>Grows by one with every edit.</summary>
    public required long Version { get; init; }

    /// <summary>Whether it can be shown now, or why not.</summary>
    public required CampaignStatus Status { get; init; }

    /// <summary>The books of today.</summary>
    public required DayAccount Today { get; init; }

    /// <summary>The books of recent days, oldest first; late events still move them.</summary>
    public IReadOnlyList<DayAccount> Days { get; init; } = [];

    /// <summary>All money ever charged.</summary>
    public required Micros TotalSpent { get; init; }

    /// <summary>The share of today's budget that pacing planned to have spent by now.</summary>
    public required double PlannedShare { get; init; }

    /// <summary>
    /// The controller that sets them: the one asked for, or what stands in for a trained one that this host has no actor of.
    /// </summary>
    public string Controller { get; init; } = "";

    /// <summary>
    /// The version of the actors that it decides with, as the last tick named it; null for those of the host, or where it needs none.
    /// </summary>
    public string? Actors { get; init; }

    /// <summary>The bid weights in force: w0, then one for each KPI.</summary>
    public required IReadOnlyList<double> Weights { get; init; }

    /// <summary>Today's KPIs against their limits.</summary>
    public required IReadOnlyList<KpiView> Kpis { get; init; }

    /// <summary>Today's history, tick by tick.</summary>
    public required IReadOnlyList<CampaignTick> Ticks { get; init; }
}

/// <summary>Whether a campaign can be shown.</summary>
public enum CampaignStatus
{
    /// <summary>It can.</summary>
    Active,

    /// <summary>It is held back.</summary>
    Paused,

    /// <summary>Its flight has not begun.</summary>
    NotStarted,

    /// <summary>Its flight is over.</summary>
    Ended,

    /// <summary>Today's budget is spent or leased.</summary>
    BudgetSpent,
}

/// <summary>A KPI against its limit.</summary>
/// <param name="Name">Its name, such as "cpc".</param>
/// <param name="Value">Today's value; NaN before there is one.</param>
/// <param name="Limit">The highest that is wanted.</param>
public readonly record struct KpiView(string Name, double Value, double Limit);

/// <summary>A moment of a campaign's day.</summary>
/// <param name="At">When.</param>
/// <param name="Spent">Charged since the day began.</param>
/// <param name="PlannedShare">The share of the budget planned by then.</param>
/// <param name="Weights">The weights chosen then.</param>
/// <param name="Kpi">The first KPI's value; NaN for none.</param>
public sealed record CampaignTick(DateTimeOffset At, Micros Spent, double PlannedShare, IReadOnlyList<double> Weights, double Kpi);
