using RecallCluster.Learning.Evaluation;

namespace RecallCluster.Cli.Workflows;

/// <summary>What the demonstration showed.</summary>
internal sealed record DemoReport(
    ulong Seed, bool Quick, string Directory, DemoRetrieval Retrieval, DemoServing Serving, TrainedModel[] Models, DemoTimings Timings);

/// <summary>Recall on the held-out clicks of the test users.</summary>
/// <param name="Recall">Of the guided search.</param>
/// <param name="ExhaustiveRecall">Of scoring every ad with the same model.</param>
/// <param name="RelativeRecall">The one over the other.</param>
/// <param name="ScoredFraction">Share of the ads that the guided search scored.</param>
/// <param name="Scorings">Mean scorings a request.</param>
/// <param name="TopKOverlap">Share of the model's K best that the guided search found.</param>
/// <param name="TwoTowerRecall">Of scoring every ad with the vector model.</param>
/// <param name="VersusTwoTower">Guided recall less the two-tower's, paired over users, with its 95 % interval.</param>
/// <param name="K">Ads wanted.</param>
/// <param name="Items">Ads there are.</param>
/// <param name="Users">Test users.</param>
internal sealed record DemoRetrieval(
    double Recall,
    double ExhaustiveRecall,
    double RelativeRecall,
    double ScoredFraction,
    double Scorings,
    double TopKOverlap,
    double TwoTowerRecall,
    MeanInterval? VersusTwoTower,
    int K,
    int Items,
    int Users);

/// <summary>Requests through the real front door, client and server on the same machine.</summary>
internal sealed record DemoServing(
    int Requests, int Errors, string? FirstError, double P50Ms, double P90Ms, double P99Ms, double RequestsPerSecond, int Connections,
    int Shards, string Url);

/// <summary>Seconds by stage.</summary>
internal sealed record DemoTimings(
    double WorldSeconds, double TrainSeconds, double IndexSeconds, double TuneSeconds, double EvalSeconds, double ServeSeconds,
    double TotalSeconds);
