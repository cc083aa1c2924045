namespace RecallCluster.Serving.State;

/// <summary>Settings of a <see cref="SqliteJournal"/>.</summary>
public sealed record JournalOptions
{
    /// <summary>
    /// Commands that may wait to be written; beyond that whoever appends has to wait. More: longer queues at a slow disk.
    /// </summary>
    public int QueueCapacity { get; init; } = 8192;

    /// <summary>Most commands of a transaction. More: fewer flushes a second at full load, a longer wait for the first of them.</summary>
    public int MaxBatch { get; init; } = 2048;

    /// <summary>
    /// Bytes of snapshots for each byte of journal. The journal's tail, which a start reads, grows to about the size of all state divided
    /// by this;
    /// the disk writes this much more.
    /// </summary>
    public double SnapshotShare { get; init; } = 1;

    /// <summary>Most snapshots that one transaction carries.</summary>
    public int MaxSnapshotsPerBatch { get; init; } = 8;

    /// <summary>Whether the whole file is checked when it is opened (SQLite's quick_check): a few seconds a gigabyte.</summary>
    public bool CheckAtStart { get; init; } = true;

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(QueueCapacity, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxBatch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxSnapshotsPerBatch, 1);
        if (!(SnapshotShare > 0 && double.IsFinite(SnapshotShare)))
            throw new ArgumentOutOfRangeException(nameof(SnapshotShare), SnapshotShare, "The share of snapshots is finite and above 0.");
    }
}
