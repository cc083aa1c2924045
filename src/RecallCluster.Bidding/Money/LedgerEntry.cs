using System.Text.Json.Serialization;

namespace RecallCluster.Bidding.Money;

/// <summary>
/// Something that a campaign's ledger is told, as a value that a journal can keep: a state and the entries since then give the ledger back.
/// </summary>
/// <param name="At">The ledger's clock when it was told.</param>
[JsonDerivedType(typeof(LeaseRequested), "lease")]
[JsonDerivedType(typeof(LeaseClosed), "close")]
[JsonDerivedType(typeof(FeedbackArrived), "feedback")]
[JsonDerivedType(typeof(BudgetSet), "budget")]
[JsonDerivedType(typeof(LifetimeBudgetSet), "lifetime-budget")]
[JsonDerivedType(typeof(FlightSet), "flight")]
[JsonDerivedType(typeof(PauseSet), "pause")]
public abstract record LedgerEntry(DateTimeOffset At)
{
    /// <summary>Tells it to a ledger.</summary>
    public abstract LedgerOutcome ApplyTo(CampaignLedger ledger);
}

/// <summary>See <see cref="CampaignLedger.RequestLease"/>.</summary>
public sealed record LeaseRequested(DateTimeOffset At, int Gateway, long Epoch, Micros Wanted) : LedgerEntry(At)
{
    /// <inheritdoc/>
    public override LedgerOutcome ApplyTo(CampaignLedger ledger) => ledger.RequestLease(At, Gateway, Epoch, Wanted).Outcome;
}

/// <summary>See <see cref="CampaignLedger.CloseLease"/>.</summary>
public sealed record LeaseClosed(DateTimeOffset At, long Lease, long Epoch, Micros Keep) : LedgerEntry(At)
{
    /// <inheritdoc/>
    public override LedgerOutcome ApplyTo(CampaignLedger ledger) => ledger.CloseLease(At, Lease, Epoch, Keep);
}

/// <summary>See <see cref="CampaignLedger.Feedback"/>.</summary>
public sealed record FeedbackArrived(DateTimeOffset At, FeedbackEvent Feedback) : LedgerEntry(At)
{
    /// <inheritdoc/>
    public override LedgerOutcome ApplyTo(CampaignLedger ledger) => ledger.Feedback(At, Feedback).Outcome;
}

/// <summary>See <see cref="CampaignLedger.SetBudget"/>.</summary>
public sealed record BudgetSet(DateTimeOffset At, Micros Budget) : LedgerEntry(At)
{
    /// <inheritdoc/>
    public override LedgerOutcome ApplyTo(CampaignLedger ledger) => ledger.SetBudget(At, Budget);
}

/// <summary>See <see cref="CampaignLedger.SetLifetimeBudget"/>.</summary>
public sealed record LifetimeBudgetSet(DateTimeOffset At, Micros? Budget) : LedgerEntry(At)
{
    /// <inheritdoc/>
    public override LedgerOutcome ApplyTo(CampaignLedger ledger) => ledger.SetLifetimeBudget(At, Budget);
}

/// <summary>See <see cref="CampaignLedger.SetFlight"/>.</summary>
public sealed record FlightSet(DateTimeOffset At, DateTimeOffset Start, DateTimeOffset End) : LedgerEntry(At)
{
    /// <inheritdoc/>
    public override LedgerOutcome ApplyTo(CampaignLedger ledger) => ledger.SetFlight(At, Start, End);
}

/// <summary>See <see cref="CampaignLedger.SetPaused"/>.</summary>
public sealed record PauseSet(DateTimeOffset At, bool Paused) : LedgerEntry(At)
{
    /// <inheritdoc/>
    public override LedgerOutcome ApplyTo(CampaignLedger ledger) => ledger.SetPaused(At, Paused);
}
