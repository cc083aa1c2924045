namespace RecallCluster.Grains.Machines;

/// <summary>Tells one life of a store from the next: one that restarts empty begins anew. Thread-safe.</summary>
public interface IStoreLife
{
    /// <summary>The store's life; begins one where there is none.</summary>
    /// <exception cref="IOException">The store does not answer.</exception>
    Task<string> CurrentAsync(CancellationToken cancellation);
}

/// <summary>Somebody who holds in memory what the store was told.</summary>
public interface IStoreKeeper
{
    /// <summary>Tells a store that was emptied again what is missing; what it knows better stays.</summary>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="IOException">The store does not answer.</exception>
    Task WriteAgainAsync(CancellationToken cancellation);
}
