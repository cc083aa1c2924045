namespace RecallCluster.Grains.Machines;

/// <summary>How machines are kept.</summary>
public sealed record MachineHostOptions
{
    /// <summary>Records after which a snapshot is taken.</summary>
    public int SnapshotEvery { get; init; } = 256;

    /// <summary>Most records that are written at once.</summary>
    public int MaxBatch { get; init; } = 256;

    /// <summary>Most commands that may wait.</summary>
    public int MaxWaiting { get; init; } = 16_384;

    /// <summary>
    /// How long a command is tried to be made durable while the store does not answer, and how long a campaign that begins waits for what
    /// it has to know first.
    /// </summary>
    public TimeSpan GiveUpAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time between two attempts.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// How long whoever sends a command waits for its followers, or for a campaign to be published. Shorter than a door waits for a
    /// campaign: a follower that cannot be reached must not make what was applied look as if it was not.
    /// </summary>
    public TimeSpan FollowersWait { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Refuses values that make no sense.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A number or a time is not positive.</exception>
    public void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(SnapshotEvery, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxBatch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxWaiting, 1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(GiveUpAfter, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(Pause, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(FollowersWait, TimeSpan.Zero);
    }
}
