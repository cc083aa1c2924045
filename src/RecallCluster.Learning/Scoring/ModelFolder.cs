using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Scoring;

/// <summary>
/// Folds a trained deep model: what depends on the ad alone is computed once for each ad and laid out as the scorers read it.
/// </summary>
public static class ModelFolder
{
    private const int Chunk = 8192;

    /// <summary>The folded form of a model with linear attention.</summary>
    /// <param name="model">The model; its weights are copied.</param>
    /// <param name="targets">Target vectors of the ads, in the order wanted.</param>
    /// <param name="count">Number of ads.</param>
    /// <param name="team">Threads for the matrix products.</param>
    /// <exception cref="NotSupportedException">The model's attention is not linear.</exception>
    public static FoldedModel Fold(DeepAdModel model, NativeBlock<float> targets, int count, WorkerTeam? team = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        RequireFoldable(model.Config);
        var weights = new FoldedWeights(
            model.Config.Width,
            model.FirstActivation.Slope.Value.Values,
            model.Second.Weight.Value.Values,
            model.Second.Bias!.Value.Values,
            model.SecondActivation.Slope.Value.Values,
            model.Output.Weight.Value.Values,
            model.Output.Bias!.Value.Item());
        return new FoldedModel(weights, Records(model, targets, count, mapped: true, team), count);
    }

    /// <summary>The records [q | W_t t] that <see cref="PlainScorer"/> reads, width + hidden1 floats each.</summary>
    /// <inheritdoc cref="Fold"/>
    public static NativeBlock<float> PlainRecords(DeepAdModel model, NativeBlock<float> targets, int count, WorkerTeam? team = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Records(model, targets, count, mapped: false, team);
    }

    internal static void RequireFoldable(ModelConfig config)
    {
        if (config.Attention != AttentionKind.Linear)
            throw new NotSupportedException($"Only linear attention can be folded; the model's attention is {config.Attention}.");
    }

    // phi(q) or q of each ad, then W_t t.
    private static NativeBlock<float> Records(DeepAdModel model, NativeBlock<float> targets, int count, bool mapped, WorkerTeam? team)
    {
        ArgumentNullException.ThrowIfNull(targets);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        int d = model.Config.Width, h1 = model.Config.Hidden1, length = d + h1;
        var records = new NativeBlock<float>((long)count * length);
        var tape = new Tape(team);
        using (tape.Pause())
        {
            for (int start = 0; start < count; start += Chunk)
            {
                int rows = Math.Min(Chunk, count - start);
                Tensor t = tape.Constant(targets.Span((long)start * d, rows * d), new Shape(rows, d));
                Tensor query = model.Query.Forward(tape, t);
                Tensor record = tape.Concat(mapped ? tape.EluPlusOne(query) : query, model.FirstTarget.Forward(tape, t));
                record.Values.CopyTo(records.Span((long)start * length, rows * length));
                tape.Reset();
            }
        }
        return records;
    }
}
