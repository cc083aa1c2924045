using RecallCluster.Learning.Training;
using RecallCluster.Simulation;
using RecallCluster.Simulation.Traffic;

namespace RecallCluster.Cli.Workflows;

/// <summary>The size of a demonstration.</summary>
internal sealed record DemoOptions
{
    // What a model finds is clicked several times in a hundred; the world's usual threshold leaves next to no clicks in so short a day.
    private const double Threshold = -0.5;

    public required string Directory { get; init; }

    public required ulong Seed { get; init; }

    public required bool Quick { get; init; }

    public required SyntheticWorldOptions World { get; init; }

    public required TrainingOptions Training { get; init; }

    public required TrafficOptions Traffic { get; init; }

    public required int K { get; init; }

    /// <summary>Requests of each of the two days before the one that is measured: every n-th is played, to make about so many.</summary>
    public required int HistoryRequests { get; init; }

    /// <summary>Requests of the thinner day on which one part after the other is switched off; 0 leaves that out.</summary>
    public required int AblationRequests { get; init; }

    /// <summary>Real seconds that the served day takes.</summary>
    public required double DaySeconds { get; init; }

    /// <summary>Most test users whose recall is measured; 0 for all.</summary>
    public int EvalUsers { get; init; }

    /// <summary>Validation users that the search is tuned on.</summary>
    public required int TuneUsers { get; init; }

    /// <summary>Share of the deep model's best K ads that the tuned search is to find.</summary>
    public double Wanted { get; init; } = 0.9;

    /// <summary>Most scorings of a request; null for a quarter of the ads.</summary>
    public int? MaxScorings { get; init; }

    public int Shards { get; init; } = 2;

    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>
    /// The bid controller. Planning anew at each tick did better here than actors that were trained on whole days; that was measured while
    /// campaigns were told only of auctions in which they bid.
    /// </summary>
    public string Controller { get; init; } = "replan";

    /// <summary>Where the front door listens; null takes a free port.</summary>
    public Uri? Address { get; init; }

    /// <summary>Silos that the day goes through; null for one process.</summary>
    public int? Silos { get; init; }

    /// <summary>Business seconds that pass in a real second while the day is served.</summary>
    public double Speed => TimeSpan.FromDays(1).TotalSeconds / DaySeconds;

    /// <summary>A market of 50,000 ads in a few minutes; a slow machine trains less rather than longer.</summary>
    public static DemoOptions Small(string directory, ulong seed) => new()
    {
        Directory = directory,
        Seed = seed,
        Quick = true,
        World = SyntheticWorldOptions.Demo with
        {
            Ads = 50_000, Users = 8_000, ClicksPerUser = 20, HeldOutShare = 0.2, ClickThreshold = Threshold, Seed = seed,
        },
        Training = TrainingOf(seed, k: 100) with { Epochs = 2, TimeLimit = TimeSpan.FromSeconds(35) },
        Traffic = TrafficOf(seed) with { Campaigns = 64, RequestsPerDay = 7_000 },
        K = 100,
        HistoryRequests = 2_500,
        AblationRequests = 2_400,
        DaySeconds = 60,
        EvalUsers = 250,
        TuneUsers = 40,
        MaxScorings = 3_000,
        Wanted = 0.9,
    };

    /// <summary>The same market with more training and a longer day.</summary>
    public static DemoOptions Full(string directory, ulong seed) => new()
    {
        Directory = directory,
        Seed = seed,
        Quick = false,
        World = SyntheticWorldOptions.Demo with { Ads = 50_000, Users = 20_000, ClickThreshold = Threshold, Seed = seed },
        Training = TrainingOf(seed, k: 200) with { Epochs = 4, TimeLimit = TimeSpan.FromMinutes(2) },
        Traffic = TrafficOf(seed) with { Campaigns = 100, RequestsPerDay = 20_000 },
        K = 200,
        HistoryRequests = 6_000,
        AblationRequests = 6_000,
        DaySeconds = 120,
        TuneUsers = 150,
        MaxScorings = 4_000,
    };

    /// <summary>Pages with up to four ads, so that every campaign wins often enough in a day for its figures to mean something.</summary>
    private static TrafficOptions TrafficOf(ulong seed) => new()
    {
        Seed = seed, SlotShares = [0.1, 0.2, 0.3, 0.4], Attention = 0.5, PositionDecay = 0.85, DayDeviation = 0.15, RivalEcpm = 15,
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
