namespace RecallCluster.Bidding.Money;

/// <summary>The right of one gateway to spend part of a campaign's budget for a while.</summary>
/// <param name="Id">
/// Number of the lease within its campaign; every ad delivered under it carries the number, so that its events find their way back.
/// </param>
/// <param name="Gateway">Who may spend.</param>
/// <param name="Epoch">The gateway's life: it grows with every start of the gateway.</param>
/// <param name="Amount">The most that may be spent.</param>
/// <param name="GrantedAt">When it was granted, by the ledger's clock.</param>
/// <param name="Expiry">When it ends, by the ledger's clock.</param>
public readonly record struct Lease(long Id, int Gateway, long Epoch, Micros Amount, DateTimeOffset GrantedAt, DateTimeOffset Expiry);

/// <summary>Answer to a request for a lease.</summary>
/// <param name="Outcome"><see cref="LedgerOutcome.Applied"/>, or why there is no lease.</param>
/// <param name="Lease">The lease, when there is one.</param>
public readonly record struct LeaseGrant(LedgerOutcome Outcome, Lease Lease = default);
