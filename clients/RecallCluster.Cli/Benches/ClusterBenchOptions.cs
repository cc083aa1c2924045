namespace RecallCluster.Cli.Benches;

/// <summary>What <c>bench cluster</c> measures.</summary>
internal sealed record ClusterBenchOptions
{
    /// <summary>The market that is served; its number of shards is set for each row.</summary>
    public required ServeBenchOptions Market { get; init; }

    /// <summary>Silos and shards of each row; the first of as many shards as the embedded peer's.</summary>
    public required IReadOnlyList<(int Silos, int Shards)> Rows { get; init; }

    /// <summary>Seconds of each round of calls; there are twenty.</summary>
    public required double CallSeconds { get; init; }

    /// <summary>Seconds of each measurement of events.</summary>
    public required double EventSeconds { get; init; }

    /// <summary>Seconds of a round of load before each row is measured.</summary>
    public required double WarmUpSeconds { get; init; }

    /// <summary>Most such rounds; there are no more once they gain nothing.</summary>
    public required int WarmUpRounds { get; init; }

    /// <summary>Campaigns and callers of each measurement of events.</summary>
    public IReadOnlyList<(int Campaigns, int Callers)> Events { get; init; } = [(1, 64), (100, 128)];

    /// <summary>About a quarter of an hour on two cores, the market included.</summary>
    public static ClusterBenchOptions Full(string work, ulong seed) => new()
    {
        Market = MarketOf(work, seed) with { Items = 20_000, TrainMinutes = 0.4, Seconds = 15 },
        Rows = [(1, 2), (2, 2), (3, 2), (3, 1), (3, 4)],
        CallSeconds = 1,
        EventSeconds = 6,
        WarmUpSeconds = 12,
        WarmUpRounds = 8,
    };

    /// <summary>Under three minutes.</summary>
    public static ClusterBenchOptions Quick(string work, ulong seed) => new()
    {
        Market = MarketOf(work, seed) with { Items = 10_000, TrainMinutes = 0.15, Seconds = 6 },
        Rows = [(1, 2), (3, 2)],
        CallSeconds = 0.4,
        EventSeconds = 3,
        WarmUpSeconds = 6,
        WarmUpRounds = 2,
    };

    private static ServeBenchOptions MarketOf(string work, ulong seed) => new()
    {
        Work = work, Users = 5_000, Campaigns = 100, Scorings = 1_000, Recall = 0.9, Seed = seed,
    };
}
