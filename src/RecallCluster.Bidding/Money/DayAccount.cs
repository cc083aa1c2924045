using System.Text.Json.Serialization;

namespace RecallCluster.Bidding.Money;

/// <summary>
/// The books of one day of a campaign. Spend belongs to the day of the lease it was won under, also when the click comes after midnight.
/// </summary>
public sealed record DayAccount
{
    /// <summary>The day.</summary>
    [JsonRequired]
    [JsonInclude]
    public BudgetDay Day { get; internal set; }

    /// <summary>Its budget, as last edited.</summary>
    [JsonRequired]
    [JsonInclude]
    public Micros Budget { get; internal set; }

    /// <summary>
    /// Number of the first lease that was, or will be, granted on this day: a lease belongs to the last day whose first is no higher. Null
    /// in an account from before leases told their day.
    /// </summary>
    [JsonInclude]
    public long? FirstLease { get; internal set; }

    /// <summary>What was charged.</summary>
    [JsonInclude]
    public Micros Spent { get; internal set; }

    /// <summary>What leases hold and have not spent or given back.</summary>
    [JsonInclude]
    public Micros Leased { get; internal set; }

    /// <summary>What was spent or leased when the budget was last edited: a cut takes nothing back that was promised.</summary>
    [JsonInclude]
    public Micros CommittedAtEdit { get; internal set; }

    /// <summary>All that leases were ever granted on this day.</summary>
    [JsonInclude]
    public MicrosSum Granted { get; internal set; }

    /// <summary>What leases gave back or lost at the end of their window.</summary>
    [JsonInclude]
    public MicrosSum Returned { get; internal set; }

    /// <summary>The part of <see cref="Spent"/> that came from no lease but from budget that was left.</summary>
    [JsonInclude]
    public Micros SpentBeyondLeases { get; internal set; }

    /// <summary>Impressions applied.</summary>
    [JsonInclude]
    public long Impressions { get; internal set; }

    /// <summary>Clicks applied.</summary>
    [JsonInclude]
    public long Clicks { get; internal set; }

    /// <summary>Conversions applied.</summary>
    [JsonInclude]
    public long Conversions { get; internal set; }

    /// <summary>Events whose price could not be charged in full.</summary>
    [JsonInclude]
    public long FreeEvents { get; internal set; }

    /// <summary>What those would have cost beyond what was charged.</summary>
    [JsonInclude]
    public MicrosSum FreeAmount { get; internal set; }

    /// <summary>Spent or leased.</summary>
    [JsonIgnore]
    public Micros Committed => Spent + Leased;

    /// <summary>Budget that is neither spent nor leased, never negative.</summary>
    [JsonIgnore]
    public Micros Uncommitted => Micros.Max(Micros.Zero, Budget - Committed);

    /// <summary>The most that may ever be committed: the budget, or what was committed when it was last cut.</summary>
    [JsonIgnore]
    public Micros Limit => Micros.Max(Budget, CommittedAtEdit);

    internal void SetBudget(Micros budget)
    {
        CommittedAtEdit = Committed;
        Budget = budget;
    }

    /// <summary>Whether a time of a clock that may be wrong by a margin can be of this day.</summary>
    internal bool CanContain(DateTimeOffset time, TimeSpan margin) => time >= Day.Start - margin && time < Day.End + margin;

    internal void Count(FeedbackKind kind)
    {
        switch (kind)
        {
            case FeedbackKind.Impression:
                Impressions++;
                break;
            case FeedbackKind.Click:
                Clicks++;
                break;
            default:
                Conversions++;
                break;
        }
    }

    /// <exception cref="InvalidDataException">The books do not balance; the message says which.</exception>
    internal void Check()
    {
        Require(
            Spent >= Micros.Zero && Leased >= Micros.Zero && SpentBeyondLeases >= Micros.Zero && FreeAmount.Value >= 0,
            "an amount is negative");
        Require(Budget >= Micros.Zero && Limit <= CampaignTerms.MaxDailyBudget, "its budget is none that a day can have");
        Require(Day.Start < Day.End, "it ends before it begins");
        Require(Committed <= Limit, $"{Committed} is committed, more than {Limit}");
        Require(
            Granted - Returned - Leased == (MicrosSum)Spent - SpentBeyondLeases,
            "what leases were granted is not what they spent, hold and returned");
    }

    private void Require(bool condition, string otherwise)
    {
        if (!condition)
            throw new InvalidDataException($"Account of {Day.Date:O}: {otherwise}.");
    }
}
