using RecallCluster.Learning.Models;
using RecallCluster.Numerics;
using RecallCluster.Retrieval;

namespace RecallCluster.Learning.Scoring;

/// <summary>
/// A model made ready to score a set of ads in memory: scorer and user encoder that belong together. For evaluation and tests.
/// </summary>
public sealed class PreparedModel : IDisposable
{
    private readonly IDisposable?[] _owned;

    private PreparedModel(IScorer scorer, UserEncoder encoder, params IDisposable?[] owned)
    {
        Scorer = scorer;
        Encoder = encoder;
        _owned = owned;
    }

    /// <summary>Scores the ads.</summary>
    public IScorer Scorer { get; }

    /// <summary>Prepares users for <see cref="Scorer"/>; behaviours are rows of the table of behaviours.</summary>
    public UserEncoder Encoder { get; }

    /// <summary>The model over all ads of <paramref name="targets"/>; folded where it can be.</summary>
    /// <param name="model">A trained model, not to be changed meanwhile.</param>
    /// <param name="targets">Its target vectors, which stay with their owner.</param>
    /// <param name="team">Threads for the matrix products.</param>
    public static PreparedModel Of(IAdModel model, TargetVectors targets, WorkerTeam? team = null) => Of(model, targets, targets, team);

    /// <summary>
    /// The model over the ads of <paramref name="scored"/>, for users whose behaviours are rows of <paramref name="behaviours"/>.
    /// </summary>
    /// <param name="model">A trained model, not to be changed meanwhile.</param>
    /// <param name="scored">Target vectors of the ads that are scored.</param>
    /// <param name="behaviours">Target vectors of the ads that sequences name.</param>
    /// <param name="team">Threads for the matrix products.</param>
    public static PreparedModel Of(IAdModel model, TargetVectors scored, TargetVectors behaviours, WorkerTeam? team = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(scored);
        ArgumentNullException.ThrowIfNull(behaviours);
        bool foldable = model.Config.Attention == AttentionKind.Linear;
        UserEncoder encoder = UserEncoder.Of(model, behaviours, foldable);
        if (model is not DeepAdModel deep)
            return new PreparedModel(new InnerProductScorer(scored.Vectors, scored.Count, scored.Width), encoder);
        if (!foldable)
        {
            NativeBlock<float> records = ModelFolder.PlainRecords(deep, scored, team);
            return new PreparedModel(new PlainScorer(deep, records, scored.Count), encoder, records);
        }
        FoldedModel folded = ModelFolder.Fold(deep, scored, team);
        var scorer = new FoldedScorer(folded.Weights, folded.Records, folded.Count);
        return new PreparedModel(scorer, encoder, scorer, folded);
    }

    /// <summary>Frees what was computed for the scorer.</summary>
    public void Dispose()
    {
        foreach (IDisposable? part in _owned)
            part?.Dispose();
    }
}
