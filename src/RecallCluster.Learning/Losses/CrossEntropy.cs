using System.Numerics.Tensors;
using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Losses;

/// <summary>Softmax cross entropy over rows of logits, and its sampled form.</summary>
public static class CrossEntropy
{
    /// <summary>
    /// Mean over rows of log(sum(exp(logits))) - logits[target]. A logit of minus infinity takes no part. Can be differentiated twice.
    /// </summary>
    /// <param name="tape">The tape.</param>
    /// <param name="logits">[rows, candidates].</param>
    /// <param name="targets">[rows]: the column of each row's true candidate.</param>
    /// <exception cref="ArgumentException">The shapes do not fit, or there are no rows.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A target is not a column.</exception>
    public static Tensor Softmax(Tape tape, Tensor logits, ReadOnlySpan<int> targets)
    {
        ArgumentNullException.ThrowIfNull(tape);
        ArgumentNullException.ThrowIfNull(logits);
        if (logits.Shape.Rank != 2 || logits.Shape[0] != targets.Length || targets.IsEmpty)
            throw new ArgumentException($"{targets.Length} targets do not fit logits of shape {logits.Shape}.", nameof(targets));
        int rows = targets.Length, width = logits.Shape[1];
        RowIndex kept = tape.Keep(targets);
        Tensor terms = tape.Allocate(new Shape(rows));
        Tensor scratch = tape.Allocate(logits.Shape);
        for (int row = 0; row < rows; row++)
            if ((uint)targets[row] >= (uint)width)
                throw new ArgumentOutOfRangeException(
                    nameof(targets), $"Row {row} has target {targets[row]}; there are {width} candidates.");
        tape.ForRange(rows, width * 8, (start, end) =>
        {
            for (int row = start; row < end; row++)
            {
                ReadOnlySpan<float> x = logits.Values.Slice(row * width, width);
                terms.Values[row] = LogSumExp(x, scratch.Values.Slice(row * width, width)) - x[kept.Values[row]];
            }
        });
        tape.Release(scratch);
        Tensor loss = tape.Full(Shape.Scalar, TensorPrimitives.Sum<float>(terms.Values) / rows);
        return !tape.Records(logits) ? loss : tape.Record(loss, [logits], (sink, _, gradient) =>
        {
            Tensor excess = tape.Softmax(logits);
            if (tape.Recording)
                excess = tape.Subtract(excess, OneHot(tape, kept, width));
            else
                for (int row = 0; row < rows; row++)
                    excess.Values[(row * width) + kept.Values[row]] -= 1;
            sink.Add(logits, tape.Multiply(excess, tape.Scale(gradient, 1f / rows)));
        });
    }

    private static Tensor OneHot(Tape tape, RowIndex targets, int width)
    {
        Tensor result = tape.Full(new Shape(targets.Values.Length, width), 0);
        for (int row = 0; row < targets.Values.Length; row++)
            result.Values[(row * width) + targets.Values[row]] = 1;
        return result;
    }

    private static float LogSumExp(ReadOnlySpan<float> x, Span<float> scratch)
    {
        float max = TensorPrimitives.Max(x);
        VectorLoop.Map(default(SubtractKernel), x, max, scratch);
        Activations.Exp(scratch, scratch);
        return max + MathF.Log(TensorPrimitives.Sum<float>(scratch));
    }
}
