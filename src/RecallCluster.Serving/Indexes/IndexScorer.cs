using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Numerics;
using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Files;

namespace RecallCluster.Serving.Indexes;

/// <summary>The scorer that walks an index: the model's upper layers over the records that the index holds.</summary>
public static class IndexScorer
{
    /// <summary>
    /// The folded scorer where the model's attention is linear, over a copy of the records in large pages; the mapped ones are given back
    /// to the system. Else the plain scorer, over the mapped records.
    /// </summary>
    /// <param name="model">The model that the index was built from.</param>
    /// <param name="index">The index, which must outlive the scorer.</param>
    /// <param name="bfloat16">Whether a folded scorer rounds its copy: half the memory, scores off by some thousandths of their
    /// spread.</param>
    public static IScorer Of(DeepAdModel model, AdIndex index, bool bfloat16 = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(index);
        if (model.Config.Attention != AttentionKind.Linear)
            return new PlainScorer(model, index.Records, index.Count);
        FoldedScorer scorer = FoldedScorer.Resident(ModelFolder.Weights(model), index.Records, index.Count, bfloat16);
        index.ReleaseRecords();
        return scorer;
    }

    /// <summary>Makes scorers over blocks of records that others fill, such as those of an index that grows.</summary>
    /// <param name="model">The model that the index was built from.</param>
    public static Func<NativeBlock<float>, int, IScorer> Growing(DeepAdModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (model.Config.Attention != AttentionKind.Linear)
            return (records, count) => new PlainScorer(model, records, count);
        FoldedWeights weights = ModelFolder.Weights(model);
        return (records, count) => new FoldedScorer(weights, records, count);
    }
}
