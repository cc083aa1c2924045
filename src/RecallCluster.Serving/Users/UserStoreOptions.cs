namespace RecallCluster.Serving.Users;

/// <summary>How much is remembered of users.</summary>
public sealed record UserStoreOptions
{
    /// <summary>Most users remembered; beyond that those go who were touched longest ago.</summary>
    public int MaxUsers { get; init; } = 1_000_000;

    /// <summary>Most users whose erasure is remembered, by a hash of their id; beyond that the oldest erasure is forgotten.</summary>
    public int MaxErased { get; init; } = 1_000_000;

    /// <summary>Most clicks of a user: the longest sequence that a model reads.</summary>
    public int LongestSequence { get; init; } = 100;

    /// <summary>Most impressions of a user that caps can count.</summary>
    public int MostExposures { get; init; } = 256;

    /// <summary>How long an impression is remembered: the longest span of a frequency rule.</summary>
    public TimeSpan CapHorizon { get; init; } = TimeSpan.FromDays(30);

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxUsers, UserMemories.Partitions);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxErased, UserMemories.Partitions);
        ArgumentOutOfRangeException.ThrowIfLessThan(LongestSequence, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MostExposures, 1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(CapHorizon, TimeSpan.Zero);
    }
}
