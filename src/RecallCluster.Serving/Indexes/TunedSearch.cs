using RecallCluster.Retrieval.Guided;

namespace RecallCluster.Serving.Indexes;

/// <summary>Search parameters that were found for an index, and what they were found for.</summary>
public sealed record TunedSearch
{
    /// <summary>Fingerprint of the model that steered the searches.</summary>
    public required string ModelFingerprint { get; init; }

    /// <summary>Number of ads asked for.</summary>
    public required int K { get; init; }

    /// <summary>The relative recall (against scoring every ad) that was asked for.</summary>
    public required double Wanted { get; init; }

    /// <summary>The relative recall that was reached on the validation users.</summary>
    public required double Reached { get; init; }

    /// <summary>Mean scorings a request, over the number of ads.</summary>
    public required double ScoredFraction { get; init; }

    /// <summary>The parameters, for each shard.</summary>
    public required GuidedSearchParameters Parameters { get; init; }

    /// <summary>Further settings, for other budgets: no other that was tried beats one of them in both recall and scorings.</summary>
    public IReadOnlyList<GuidedSearchParameters> Frontier { get; init => field = value ?? []; } = [];
}
