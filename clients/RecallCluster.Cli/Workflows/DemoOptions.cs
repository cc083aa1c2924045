using RecallCluster.Learning.Training;
using RecallCluster.Simulation;

namespace RecallCluster.Cli.Workflows;

/// <summary>The size of a demonstration.</summary>
internal sealed record DemoOptions
{
    public required string Directory { get; init; }

    public required ulong Seed { get; init; }

    public required bool Quick { get; init; }

    public required SyntheticWorldOptions World { get; init; }

    public required TrainingOptions Training { get; init; }

    public required int K { get; init; }

    /// <summary>Requests sent through the front door.</summary>
    public required int Requests { get; init; }

    /// <summary>Most test users whose recall is measured; 0 for all.</summary>
    public int EvalUsers { get; init; }

    /// <summary>Validation users that the search is tuned on.</summary>
    public required int TuneUsers { get; init; }

    /// <summary>Share of the deep model's best K ads that the tuned search is to find.</summary>
    public double Wanted { get; init; } = 0.9;

    public int Shards { get; init; } = 2;

    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Where the front door listens; port 0 takes a free one.</summary>
    public string Url { get; init; } = "http://127.0.0.1:0";

    /// <summary>A world of 10,000 ads; a slow machine trains less rather than longer.</summary>
    public static DemoOptions Small(string directory, ulong seed) => new()
    {
        Directory = directory,
        Seed = seed,
        Quick = true,
        World = SyntheticWorldOptions.Demo with { Ads = 10_000, Users = 5_000, ClicksPerUser = 20, HeldOutShare = 0.2, Seed = seed },
        Training = TrainingOf(seed, k: 100) with { Epochs = 2, TimeLimit = TimeSpan.FromSeconds(45) },
        K = 100,
        Requests = 500,
        EvalUsers = 500,
        TuneUsers = 60,
    };

    /// <summary>A world of 20,000 ads, trained until it no longer helps.</summary>
    public static DemoOptions Full(string directory, ulong seed) => new()
    {
        Directory = directory,
        Seed = seed,
        Quick = false,
        World = SyntheticWorldOptions.Demo with { Seed = seed },
        Training = TrainingOf(seed, k: 200) with { Epochs = 4, TimeLimit = TimeSpan.FromMinutes(6) },
        K = 200,
        Requests = 2_000,
        TuneUsers = 150,
    };

    private static TrainingOptions TrainingOf(ulong seed, int k) => new()
    {
        BatchSize = 128,
        Negatives = 128,
        ValidationK = k,
        ValidationUsers = 300,
        Seed = seed,
    };
}
