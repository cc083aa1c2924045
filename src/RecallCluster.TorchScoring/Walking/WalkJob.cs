using RecallCluster.Retrieval.Guided;
using RecallCluster.TorchScoring.Batching;

namespace RecallCluster.TorchScoring.Walking;

/// <summary>A request that is to be walked for, in the caller's memory, which stays where it is while the caller waits.</summary>
internal sealed unsafe class WalkJob(float* state, int stateLength, int* seeds, int seedCount, int wanted, int maxScorings) : Job
{
    public ReadOnlySpan<float> State => new(state, stateLength);

    public ReadOnlySpan<int> Seeds => new(seeds, seedCount);

    /// <summary>Number of best ads that are asked for.</summary>
    public int Wanted { get; } = wanted;

    public int MaxScorings { get; } = maxScorings;

    /// <summary>The answer, once the job is done; null where the walk came short and the host has to look further.</summary>
    public GuidedSearchResult? Result { get; set; }
}
