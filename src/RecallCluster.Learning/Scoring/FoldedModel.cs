using RecallCluster.Numerics;

namespace RecallCluster.Learning.Scoring;

/// <summary>A deep model in the form that <see cref="FoldedScorer"/> reads.</summary>
/// <param name="weights">The layers above the first.</param>
/// <param name="records">The ads' records, <see cref="FoldedWeights.RecordLength"/> floats each; owned.</param>
/// <param name="count">Number of ads.</param>
public sealed class FoldedModel(FoldedWeights weights, NativeBlock<float> records, int count) : IDisposable
{
    /// <summary>The layers above the first.</summary>
    public FoldedWeights Weights { get; } = weights;

    /// <summary>The ads' records.</summary>
    public NativeBlock<float> Records { get; } = records;

    /// <summary>Number of ads.</summary>
    public int Count { get; } = count;

    /// <inheritdoc/>
    public void Dispose() => Records.Dispose();
}
