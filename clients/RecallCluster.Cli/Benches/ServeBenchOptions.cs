namespace RecallCluster.Cli.Benches;

/// <summary>What <c>bench serve</c> measures.</summary>
internal sealed record ServeBenchOptions
{
    /// <summary>Folder of the market that is served; made where it is not there.</summary>
    public required string Work { get; init; }

    public int Items { get; init; } = 100_000;

    public int Users { get; init; } = 20_000;

    public int Campaigns { get; init; } = 500;

    public int Shards { get; init; } = 4;

    /// <summary>Most scorings of a request, over all shards.</summary>
    public int Scorings { get; init; } = 2_000;

    /// <summary>Relative recall that the search is tuned to within these scorings.</summary>
    public double Recall { get; init; } = 0.95;

    /// <summary>Ads that the search returns.</summary>
    public int K { get; init; } = 100;

    public double TrainMinutes { get; init; } = 4;

    /// <summary>Seconds of each sustained load.</summary>
    public int Seconds { get; init; } = 60;

    /// <summary>Load relative to the capacity found.</summary>
    public double Load { get; init; } = 0.7;

    /// <summary>Overload relative to the capacity found.</summary>
    public double Overload { get; init; } = 3;

    /// <summary>Callers that find the capacity.</summary>
    public int Callers { get; init; } = 2 * Environment.ProcessorCount;

    public int Threads { get; init; } = Environment.ProcessorCount;

    public ulong Seed { get; init; } = 1;
}
