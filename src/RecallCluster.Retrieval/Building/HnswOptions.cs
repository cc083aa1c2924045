using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.Building;

/// <summary>
/// The knobs of an HNSW build, by the names of Malkov &amp; Yashunin (arXiv 1603.09320). The defaults are the usual ones; a wider graph
/// (<see cref="M"/>) costs memory, a wider construction search (<see cref="EfConstruction"/>) costs build time, both buy recall.
/// </summary>
public sealed record HnswOptions
{
    internal const int LargestM = 1024;
    internal const int LargestBaseDegree = 2 * LargestM;

    /// <summary>Links that a new node makes on each layer, and the degree bound above layer 0; at least 2.</summary>
    public int M { get; init; } = 16;

    /// <summary>Degree bound on layer 0; null for twice <see cref="M"/>.</summary>
    public int? BaseDegree { get; init; }

    /// <summary>The degree bound in force on layer 0.</summary>
    public int M0 => BaseDegree ?? 2 * M;

    /// <summary>Width of the search that finds a new node's candidates.</summary>
    public int EfConstruction { get; init; } = 200;

    /// <summary>Seed of the levels and of the insertion order. A build on one thread is a function of it and the vectors.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>
    /// One node in so many rises from a layer to the next; at least 2. Equal to <see cref="M"/> it is the paper's level multiplier
    /// mL = 1 / ln M.
    /// </summary>
    public int LevelRatio { get; init; } = 32;

    /// <summary>Whether a list that the heuristic left short is filled with the nearest of the candidates it dropped.</summary>
    public bool KeepPruned { get; init; }

    /// <summary>The distance that links nearby nodes.</summary>
    public VectorMetric Metric { get; init; } = VectorMetric.SquaredL2;

    /// <summary>Checks the values against one another.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range; the message names it.</exception>
    public void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(M, 2, nameof(M));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(M, LargestM, nameof(M));
        ArgumentOutOfRangeException.ThrowIfLessThan(M0, M, nameof(BaseDegree));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(M0, LargestBaseDegree, nameof(BaseDegree));
        ArgumentOutOfRangeException.ThrowIfLessThan(EfConstruction, 1, nameof(EfConstruction));
        ArgumentOutOfRangeException.ThrowIfLessThan(LevelRatio, 2, nameof(LevelRatio));
        if (!Enum.IsDefined(Metric))
            throw new ArgumentOutOfRangeException(nameof(Metric), Metric, "Unknown vector metric.");
    }
}
