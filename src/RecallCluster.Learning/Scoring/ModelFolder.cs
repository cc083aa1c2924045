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

    /// <summary>Floats of a record: d + h1, and the ad's codes.</summary>
    public static int RecordLength(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return config.Width + config.Hidden1 + MatchLayout.Of(config).RecordFloats;
    }

    /// <summary>The folded form of a model with linear attention.</summary>
    /// <param name="model">The model; its weights are copied.</param>
    /// <param name="targets">The ads.</param>
    /// <param name="team">Threads for the matrix products.</param>
    /// <exception cref="NotSupportedException">The model's attention is not linear.</exception>
    public static FoldedModel Fold(DeepAdModel model, TargetVectors targets, WorkerTeam? team = null)
    {
        ArgumentNullException.ThrowIfNull(targets);
        FoldedWeights weights = Weights(model);
        return new FoldedModel(weights, Records(model, targets, mapped: true, team), targets.Count);
    }

    /// <summary>What the folded scorer needs of a model beside the ads' records.</summary>
    /// <exception cref="NotSupportedException">The model's attention is not linear.</exception>
    public static FoldedWeights Weights(DeepAdModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        RequireFoldable(model.Config);
        return new FoldedWeights(
            model.Config.Width,
            model.FirstActivation.Slope.Value.Values,
            model.Second.Weight.Value.Values,
            model.Second.Bias!.Value.Values,
            model.SecondActivation.Slope.Value.Values,
            model.Output.Weight.Value.Values,
            model.Output.Bias!.Value.Item(),
            MatchLayout.Of(model.Config));
    }

    /// <summary>The records [q | W_t t | codes] that <see cref="PlainScorer"/> reads, <see cref="RecordLength"/> floats each.</summary>
    /// <inheritdoc cref="Fold"/>
    public static NativeBlock<float> PlainRecords(DeepAdModel model, TargetVectors targets, WorkerTeam? team = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(targets);
        return Records(model, targets, mapped: false, team);
    }

    internal static void RequireFoldable(ModelConfig config)
    {
        if (config.Attention != AttentionKind.Linear)
            throw new NotSupportedException($"Only linear attention can be folded; the model's attention is {config.Attention}.");
    }

    // phi(q) or q of each ad, then W_t t, then its codes.
    private static NativeBlock<float> Records(DeepAdModel model, TargetVectors targets, bool mapped, WorkerTeam? team)
    {
        MatchLayout match = MatchLayout.Of(model.Config);
        int d = model.Config.Width, layers = d + model.Config.Hidden1, length = RecordLength(model.Config);
        var records = new NativeBlock<float>((long)targets.Count * length);
        var tape = new Tape(team);
        using (tape.Pause())
        {
            for (int start = 0; start < targets.Count; start += Chunk)
            {
                int rows = Math.Min(Chunk, targets.Count - start);
                Tensor t = tape.Constant(targets.Vectors.Span((long)start * d, rows * d), new Shape(rows, d));
                Tensor query = model.Query.Forward(tape, t);
                Tensor made = tape.Concat(mapped ? tape.EluPlusOne(query) : query, model.FirstTarget.Forward(tape, t));
                for (int row = 0; row < rows; row++)
                {
                    Span<float> record = records.Span((long)(start + row) * length, length);
                    made.Values.Slice(row * layers, layers).CopyTo(record);
                    match.WriteCodes(targets.Codes.AsSpan((start + row) * match.Fields, match.Fields), record[layers..]);
                }
                tape.Reset();
            }
        }
        return records;
    }
}
