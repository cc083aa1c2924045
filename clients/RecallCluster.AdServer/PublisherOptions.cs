namespace RecallCluster.AdServer;

/// <summary>How a <see cref="Publisher"/> plays.</summary>
public sealed record PublisherOptions
{
    /// <summary>Share of events that are sent twice on purpose.</summary>
    public double DuplicateShare { get; init; } = 0.02;

    /// <summary>Longest time by which an event may be told late, business time: events of one ad overtake each other.</summary>
    public TimeSpan Reordering { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Events after this time of the day are not played any more: the books close; null for none.</summary>
    public TimeSpan? Close { get; init; }

    /// <summary>Requests and events under way at once; more wait, and their lateness counts as latency.</summary>
    public int MaxInFlight { get; init; } = 256;

    /// <summary>Chance of duplicates and lateness.</summary>
    public ulong Seed { get; init; } = 1;
}
