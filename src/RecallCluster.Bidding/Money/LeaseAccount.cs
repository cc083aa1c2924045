using System.Text.Json.Serialization;

namespace RecallCluster.Bidding.Money;

/// <summary>What a ledger remembers of a lease until the window of its last possible event closes.</summary>
public sealed record LeaseAccount
{
    /// <summary>The lease as granted.</summary>
    [JsonRequired]
    [JsonInclude]
    public Lease Lease { get; internal set; }

    /// <summary>The day whose budget it is of.</summary>
    [JsonRequired]
    [JsonInclude]
    public DateOnly Date { get; internal set; }

    /// <summary>What it holds and has not spent or given back.</summary>
    [JsonInclude]
    public Micros Remaining { get; internal set; }

    /// <summary>When the right to win under it ends or ended: its expiry, or earlier when the gateway closed it.</summary>
    [JsonRequired]
    [JsonInclude]
    public DateTimeOffset End { get; internal set; }

    /// <summary>Whether an ad can have been won under it at a time of a clock that may be wrong by a margin.</summary>
    internal bool CanCover(DateTimeOffset wonAt, TimeSpan margin) => wonAt >= Lease.GrantedAt - margin && wonAt <= End + margin;

    internal DateTimeOffset ReleaseAt(CampaignTerms terms) => End + terms.ClockMargin + terms.EventWindow;
}
