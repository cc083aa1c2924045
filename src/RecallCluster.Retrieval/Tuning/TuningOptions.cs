using RecallCluster.Retrieval.Guided;

namespace RecallCluster.Retrieval.Tuning;

/// <summary>A validation request.</summary>
/// <param name="UserState">Prepared user state.</param>
/// <param name="HeldOut">
/// Ordinals of the ads that this user went on to choose; may be empty under <see cref="TuningGoal.TopKOverlap"/>.
/// </param>
public sealed record TuningQuery(float[] UserState, int[] HeldOut)
{
    /// <summary>The request's seeds (<see cref="Guided.GuidedRequest.Seeds"/>).</summary>
    public int[] Seeds { get; init; } = [];
}

/// <summary>What the recall of a search is measured by, relative to scoring every ad.</summary>
public enum TuningGoal
{
    /// <summary>The share of the K best ads that the search finds too.</summary>
    TopKOverlap,

    /// <summary>Held-out ads found by the search over held-out ads found by scoring every ad.</summary>
    HeldOutRecall,
}

/// <summary>What a <see cref="SearchTuner"/> is to reach, and among what it may choose.</summary>
public sealed record TuningOptions
{
    /// <summary>Number of ads that a request wants.</summary>
    public required int K { get; init; }

    /// <summary>The relative recall to be reached, in (0, 1].</summary>
    public double WantedRecall { get; init; } = 0.95;

    /// <summary>What recall means.</summary>
    public TuningGoal Goal { get; init; } = TuningGoal.TopKOverlap;

    /// <summary>The largest budget to consider, in scorings per request; null for a quarter of the ads.</summary>
    public int? MaxScorings { get; init; }

    /// <summary>Widths of the layers above the bottom.</summary>
    public IReadOnlyList<int> UpperEfs { get; init; } = [1, 4, 16, 64, 256];

    /// <summary>Bottom widths as multiples of K.</summary>
    public IReadOnlyList<double> BottomEfFactors { get; init; } = [1, 1.25, 1.6];

    /// <summary>Ads expanded per hop of the bottom layer, as shares of K; at or above 1 the whole frontier.</summary>
    public IReadOnlyList<double> Widths { get; init; } = [1.0 / 32, 1.0 / 8, 1.0 / 3, 1];

    /// <summary>
    /// Fewest ads expanded per hop, whatever the shares: batches of fewer would leave the scorer's blocks half empty, which costs more time
    /// than the scorings that they save.
    /// </summary>
    public int LeastWidth { get; init; } = 3;

    /// <summary>Budgets whose ratio is below this are not told apart.</summary>
    public double BudgetStep { get; init; } = 1.05;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(K);
        if (!(WantedRecall > 0 && WantedRecall <= 1))
            throw new ArgumentOutOfRangeException(nameof(WantedRecall), WantedRecall, "The wanted recall lies in (0, 1].");
        if (MaxScorings < 1)
            throw new ArgumentOutOfRangeException(nameof(MaxScorings), MaxScorings, "At least one scoring is needed.");
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(LeastWidth);
        if (!(BudgetStep > 1))
            throw new ArgumentOutOfRangeException(nameof(BudgetStep), BudgetStep, "The step is above 1.");
        if (UpperEfs is not { Count: > 0 } || BottomEfFactors is not { Count: > 0 } || Widths is not { Count: > 0 })
            throw new ArgumentException("Every knob needs a value to choose: UpperEfs, BottomEfFactors and Widths are not empty.");
    }
}

/// <summary>A setting and what it was measured to do.</summary>
/// <param name="Parameters">The setting.</param>
/// <param name="RelativeRecall">Recall over that of scoring every ad.</param>
/// <param name="Scorings">Mean scorings per request.</param>
/// <param name="ScoredFraction">Mean scorings over the number of ads.</param>
/// <param name="Milliseconds">Mean time per request.</param>
public sealed record TunedPoint(
    GuidedSearchParameters Parameters, double RelativeRecall, double Scorings, double ScoredFraction, double Milliseconds);

/// <summary>What tuning found.</summary>
/// <param name="Best">The setting of fewest scorings that reaches the wanted recall; where none does, the one of highest recall.</param>
/// <param name="Reached">Whether it reaches it.</param>
/// <param name="Frontier">The settings that no other beats in both recall and scorings, by rising scorings.</param>
public sealed record TuningResult(TunedPoint Best, bool Reached, IReadOnlyList<TunedPoint> Frontier);
