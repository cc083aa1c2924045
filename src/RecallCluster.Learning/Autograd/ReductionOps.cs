using System.Numerics.Tensors;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Autograd;

/// <summary>Sums, means, softmax and log-sum-exp.</summary>
public static class ReductionOps
{
    /// <summary>
    /// Sums over the axes along which <paramref name="shape"/> would be repeated to fit x; the adjoint of <see cref="BroadcastTo"/>.
    /// </summary>
    /// <exception cref="ArgumentException">The shape cannot be repeated along one run of axes to fit x.</exception>
    public static Tensor SumTo(this Tape tape, Tensor x, Shape shape)
    {
        Broadcast plan = Broadcast.Plan(x.Shape, shape);
        Tensor sum = tape.Allocate(shape);
        BroadcastLoop.Sum(tape, x.Values, plan, sum.Values);
        return !tape.Records(x) ? sum : tape.Record(sum, [x], (sink, _, gradient) => sink.Add(x, tape.BroadcastTo(gradient, x.Shape)));
    }

    /// <summary>Repeats x along one run of axes.</summary>
    /// <exception cref="ArgumentException">x cannot be repeated to fit the shape.</exception>
    public static Tensor BroadcastTo(this Tape tape, Tensor x, Shape shape)
    {
        Broadcast plan = Broadcast.Plan(shape, x.Shape);
        Tensor full = tape.Allocate(shape);
        ReadOnlySpan<float> source = x.Values;
        Span<float> target = full.Values;
        for (int outer = 0; outer < plan.Outer; outer++)
        {
            ReadOnlySpan<float> row = source.Slice(outer * plan.Inner, plan.Inner);
            Span<float> block = target.Slice(outer * plan.Repeat * plan.Inner, plan.Repeat * plan.Inner);
            if (plan.Inner == 1)
                block.Fill(row[0]);
            else
                for (int repeat = 0; repeat < plan.Repeat; repeat++)
                    row.CopyTo(block[(repeat * plan.Inner)..]);
        }
        return !tape.Records(x) ? full : tape.Record(full, [x], (sink, _, gradient) => sink.Add(x, tape.SumTo(gradient, x.Shape)));
    }

    /// <summary>Sum of all values, a scalar.</summary>
    public static Tensor Sum(this Tape tape, Tensor x) => tape.SumTo(x, Shape.Scalar);

    /// <summary>Mean of all values, a scalar.</summary>
    /// <exception cref="ArgumentException">There are no values.</exception>
    public static Tensor Mean(this Tape tape, Tensor x)
    {
        if (x.Length == 0)
            throw new ArgumentException($"A tensor of shape {x.Shape} has no mean.", nameof(x));
        return tape.Scale(tape.Sum(x), 1f / x.Length);
    }

    /// <summary>Sum along the last axis, which keeps extent 1: [..., n] to [..., 1].</summary>
    public static Tensor SumRows(this Tape tape, Tensor x) => tape.SumTo(x, x.Shape.WithWidth(1));

    /// <summary>Softmax along the last axis, each row shifted by its maximum. Can be differentiated again.</summary>
    public static Tensor Softmax(this Tape tape, Tensor x)
    {
        Tensor y = tape.Allocate(x.Shape);
        int width = x.Shape.Width;
        tape.ForRange(x.Shape.Rows, width * 8, (start, end) =>
        {
            for (int row = start; row < end; row++)
                SoftmaxRow(x.Values.Slice(row * width, width), y.Values.Slice(row * width, width));
        });
        return !tape.Records(x) ? y : tape.Record(y, [x], (sink, output, gradient) => sink.Add(x, SoftmaxGradient(tape, output, gradient)));
    }

    /// <summary>log(sum(exp(x))) along the last axis, which keeps extent 1. Can be differentiated again.</summary>
    public static Tensor LogSumExp(this Tape tape, Tensor x)
    {
        Tensor y = tape.Allocate(x.Shape.WithWidth(1));
        int width = x.Shape.Width;
        for (int row = 0; row < y.Length; row++)
            y.Values[row] = LogSumExpRow(x.Values.Slice(row * width, width));
        return !tape.Records(x) ? y : tape.Record(y, [x], (sink, _, gradient) => sink.Add(x, tape.Multiply(tape.Softmax(x), gradient)));
    }

    /// <summary>dx = y (g - sum(g y)), row by row.</summary>
    internal static Tensor SoftmaxGradient(Tape tape, Tensor y, Tensor gradient)
    {
        Tensor weighted = tape.Multiply(gradient, y);
        return tape.Subtract(weighted, tape.Multiply(y, tape.SumRows(weighted)));
    }

    /// <summary>exp(x - max) normalised to sum 1.</summary>
    internal static void SoftmaxRow(ReadOnlySpan<float> x, Span<float> y)
    {
        if (x.IsEmpty)
            return;
        VectorLoop.Map(default(SubtractKernel), x, TensorPrimitives.Max(x), y);
        Activations.Exp(y, y);
        TensorPrimitives.Multiply(y, 1 / TensorPrimitives.Sum(y), y);
    }

    private static float LogSumExpRow(ReadOnlySpan<float> x)
    {
        if (x.IsEmpty)
            return float.NegativeInfinity;
        float max = TensorPrimitives.Max(x);
        if (float.IsInfinity(max))
            return max;
        double sum = 0;
        foreach (float value in x)
            sum += MathF.Exp(value - max);
        return max + (float)Math.Log(sum);
    }
}
