using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Files;

namespace RecallCluster.Serving.Indexes;

/// <summary>The scorer that walks an index: the model's upper layers over the records that the index holds.</summary>
public static class IndexScorer
{
    /// <summary>The folded scorer where the model's attention is linear, else the plain one.</summary>
    /// <param name="model">The model that the index was built from.</param>
    /// <param name="index">The index, which must outlive the scorer.</param>
    public static IScorer Of(DeepAdModel model, AdIndex index)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(index);
        if (model.Config.Attention != AttentionKind.Linear)
            return new PlainScorer(model, index.Records, index.Count);
        return new FoldedScorer(ModelFolder.Weights(model), index.Records, index.Count);
    }
}
