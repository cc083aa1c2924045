using RecallCluster.Bidding.Money;

namespace RecallCluster.Serving.Gateway;

/// <summary>Where a gateway gets the right to spend: the campaigns' ledgers, here or in another process. Thread-safe.</summary>
public interface ILeases
{
    /// <summary>Asks for a lease; durable when the task completes.</summary>
    /// <exception cref="IOException">The ledger could not be reached, or could not make it durable.</exception>
    Task<LeaseGrant> RequestAsync(long campaign, int gateway, long epoch, Micros wanted, CancellationToken cancellation);

    /// <summary>Ends a lease, keeping what won ads may still cost.</summary>
    /// <exception cref="IOException">The ledger could not be reached, or could not make it durable.</exception>
    Task<LedgerOutcome> CloseAsync(long campaign, long lease, long epoch, Micros keep, CancellationToken cancellation);
}
