using RecallCluster.Learning.Evaluation;
using RecallCluster.Learning.Models;
using RecallCluster.Retrieval.Guided;

namespace RecallCluster.Cli.Benches;

/// <summary>
/// Retrieval at scale. Recall is the share of test users whose next click is among the K; <see cref="RelativeRecall"/> is that of the
/// guided search over that of scoring every ad with the same model; <see cref="TopKOverlap"/> is the share of the K best ads found.
/// A request's time covers preparing the user and searching. The figures are those of a search that spends its whole budget, and again, as
/// <see cref="Tuned"/>, of one that spends no more than it needs.
/// </summary>
internal sealed record RetrievalReport
{
    public required int Items { get; init; }

    public required int K { get; init; }

    /// <summary>Mean scorings of a request.</summary>
    public required double Scorings { get; init; }

    public required double ScoredFraction { get; init; }

    public required double RelativeRecall { get; init; }

    public required double TopKOverlap { get; init; }

    public required double Recall { get; init; }

    public required double ExhaustiveRecall { get; init; }

    public required double TwoTowerRecall { get; init; }

    /// <summary>Exhaustive recall of the deep model less that of the two-tower, paired over users.</summary>
    public required MeanInterval DeepOverTwoTower { get; init; }

    public required int EvaluatedUsers { get; init; }

    /// <summary>One request at a time, all threads on it.</summary>
    public required double P50Ms { get; init; }

    public required double P99Ms { get; init; }

    /// <summary>As many requests as threads at a time, one thread on each.</summary>
    public required double RequestsPerSecond { get; init; }

    public required int Threads { get; init; }

    /// <summary>Mean parts of a request's time, one request at a time.</summary>
    public required RetrievalTimes MeanMs { get; init; }

    /// <summary>
    /// The same for the search as tuned on validation users: the fewest scorings that find the wanted share of the best K.
    /// </summary>
    public required SearchFigures Tuned { get; init; }

    /// <summary>Several requests at once, with the whole budget; null where none were asked for.</summary>
    public InFlightReport? InFlight { get; init; }

    /// <summary>Bytes of the index file per ad.</summary>
    public required double BytesPerItem { get; init; }

    /// <summary>Bytes of the index file over those of vectors, records and graph alone.</summary>
    public required double MemoryRatio { get; init; }

    public required double OpenMs { get; init; }

    public required double BuildSeconds { get; init; }

    /// <summary>Time of training the deep model.</summary>
    public required double TrainSeconds { get; init; }

    /// <summary>How the walk's records are held.</summary>
    public required string Records { get; init; }

    public required AttentionKind Attention { get; init; }

    /// <summary>The settings that tuning found no better one for, by rising scorings, as measured on the validation users.</summary>
    public required IReadOnlyList<FrontierPoint> Frontier { get; init; }
}

/// <summary>What a search finds and takes on the test users; the names are those of <see cref="RetrievalReport"/>.</summary>
internal sealed record SearchFigures(
    double Scorings,
    double ScoredFraction,
    double Recall,
    double RelativeRecall,
    double TopKOverlap,
    double P50Ms,
    double P99Ms,
    double RequestsPerSecond,
    RetrievalTimes MeanMs,
    GuidedSearchParameters Parameters);

/// <summary>A setting of the search on the validation users.</summary>
/// <param name="Overlap">Share of the best K found.</param>
/// <param name="Scorings">Mean scorings a request.</param>
/// <param name="ScoredFraction">Of the ads.</param>
/// <param name="MsPerRequest">Mean time a request.</param>
internal sealed record FrontierPoint(double Overlap, double Scorings, double ScoredFraction, double MsPerRequest);

/// <summary>Where a request's time goes, in milliseconds.</summary>
internal sealed record RetrievalTimes(double Encode, double Gather, double Score, double Select, double Other);
