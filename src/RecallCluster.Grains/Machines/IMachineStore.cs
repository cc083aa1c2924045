namespace RecallCluster.Grains.Machines;

/// <summary>What became of a conditional write.</summary>
public enum StoreOutcome
{
    /// <summary>It is durable.</summary>
    Done,

    /// <summary>The log goes further than the writer knows: somebody else has written.</summary>
    Conflict,

    /// <summary>
    /// The store knows less than the writer was once told was durable: it was emptied, or has lost a part. The writer's snapshot fills it.
    /// </summary>
    Lost,
}

/// <summary>A machine's durable memory.</summary>
/// <param name="SnapshotAt">The place in the log that the snapshot was taken at; 0 for none.</param>
/// <param name="Snapshot">The snapshot; empty for none.</param>
/// <param name="Tail">The records after it, in order.</param>
public sealed record StoredMachine(long SnapshotAt, ReadOnlyMemory<byte> Snapshot, IReadOnlyList<ReadOnlyMemory<byte>> Tail)
{
    /// <summary>The last record's place in the log; 0 for a machine that nobody has written.</summary>
    public long Last => SnapshotAt + Tail.Count;
}

/// <summary>
/// Durable memory of machines, by key: a snapshot and the records since. The place of the last record is the ETag of every write, so that
/// of two who hold the same machine only one can go on. Thread-safe.
/// </summary>
public interface IMachineStore
{
    /// <summary>All that is stored of a machine, as it stood at one moment.</summary>
    /// <exception cref="IOException">The store does not answer.</exception>
    /// <exception cref="InvalidDataException">A part of it is missing; the message names the machine and says which.</exception>
    Task<StoredMachine> LoadAsync(string key, CancellationToken cancellation);

    /// <summary>Appends records, all or none, if the log's last place is <paramref name="after"/>.</summary>
    /// <exception cref="IOException">The store does not answer; whether the records are in the log is not known.</exception>
    Task<StoreOutcome> AppendAsync(string key, long after, IReadOnlyList<ReadOnlyMemory<byte>> records, CancellationToken cancellation);

    /// <summary>
    /// Stores a snapshot and drops the records that it holds. A store that has lost what the snapshot knows is filled from it; an older
    /// snapshot than the one that is there changes nothing. What is torn it mends, unless the store knows of later records.
    /// </summary>
    /// <returns>
    /// <see cref="StoreOutcome.Conflict"/> where the log goes further than <paramref name="at"/> (the snapshot is stored all the same),
    /// else done.
    /// </returns>
    /// <param name="key">The machine.</param>
    /// <param name="at">The place in the log that the snapshot was taken at.</param>
    /// <param name="snapshot">Its bytes.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="IOException">The store does not answer.</exception>
    Task<StoreOutcome> SnapshotAsync(string key, long at, ReadOnlyMemory<byte> snapshot, CancellationToken cancellation);
}
