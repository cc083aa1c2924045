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

    internal DateTimeOffset ReleaseAt(CampaignTerms terms) => End + terms.ClockMargin + terms.EventWindow;
}
