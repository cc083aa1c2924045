using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Autograd;

/// <summary>y = f(x), value by value.</summary>
internal delegate void SpanFunction(ReadOnlySpan<float> x, Span<float> y);

/// <summary>
/// Operations value by value. The gradients of all of them are made of operations of this kind, so they can be differentiated again.
/// Of two operands one may be smaller: it is repeated along one run of axes (a bias, a value a row, a row a batch entry, a scalar), shapes
/// being aligned at the last axis.
/// </summary>
public static class ElementwiseOps
{
    /// <summary>a + b.</summary>
    /// <exception cref="ArgumentException">Neither shape can be repeated to fit the other.</exception>
    public static Tensor Add(this Tape tape, Tensor a, Tensor b)
    {
        if (b.Length > a.Length || b.Shape.Rank > a.Shape.Rank)
            (a, b) = (b, a);
        Tensor sum = Combine(tape, default(AddKernel), a, b);
        return !tape.Records(a, b) ? sum : tape.Record(sum, [a, b], (sink, _, gradient) =>
        {
            sink.Pass(a, gradient);
            PassSum(tape, sink, b, gradient);
        });
    }

    /// <summary>a - b, with b no larger than a.</summary>
    /// <exception cref="ArgumentException">The shape of b cannot be repeated to fit that of a.</exception>
    public static Tensor Subtract(this Tape tape, Tensor a, Tensor b)
    {
        Tensor difference = Combine(tape, default(SubtractKernel), a, b);
        return !tape.Records(a, b) ? difference : tape.Record(difference, [a, b], (sink, _, gradient) =>
        {
            sink.Pass(a, gradient);
            if (sink.Needs(b))
                sink.Add(b, tape.Scale(tape.SumTo(gradient, b.Shape), -1));
        });
    }

    /// <summary>a * b, value by value.</summary>
    /// <exception cref="ArgumentException">Neither shape can be repeated to fit the other.</exception>
    public static Tensor Multiply(this Tape tape, Tensor a, Tensor b)
    {
        if (b.Length > a.Length || b.Shape.Rank > a.Shape.Rank)
            (a, b) = (b, a);
        Tensor product = Combine(tape, default(MultiplyKernel), a, b);
        return !tape.Records(a, b) ? product : tape.Record(product, [a, b], (sink, _, gradient) =>
        {
            if (sink.Needs(a))
                sink.Add(a, tape.Multiply(gradient, b));
            if (sink.Needs(b))
                sink.Add(b, tape.SumTo(tape.Multiply(gradient, a), b.Shape));
        });
    }

    /// <summary>a / b, with b no larger than a. One reciprocal is taken for each value of b.</summary>
    /// <exception cref="ArgumentException">The shape of b cannot be repeated to fit that of a.</exception>
    public static Tensor Divide(this Tape tape, Tensor a, Tensor b) => tape.Multiply(a, tape.Reciprocal(b));

    /// <summary>factor * x.</summary>
    public static Tensor Scale(this Tape tape, Tensor x, float factor) => tape.Affine(x, factor, 0);

    /// <summary>factor * x + offset.</summary>
    public static Tensor Affine(this Tape tape, Tensor x, float factor, float offset)
    {
        Tensor y = Map(tape, new AffineKernel(factor, offset), x);
        return !tape.Records(x) ? y : tape.Record(y, [x], (sink, _, gradient) => sink.Add(x, tape.Scale(gradient, factor)));
    }

    /// <summary>1 / x.</summary>
    public static Tensor Reciprocal(this Tape tape, Tensor x)
    {
        Tensor y = Map(tape, default(ReciprocalKernel), x);
        return !tape.Records(x) ? y : tape.Record(y, [x], (sink, output, gradient) =>
            sink.Add(x, tape.Scale(tape.Multiply(gradient, tape.Multiply(output, output)), -1)));
    }

    /// <summary>x * x.</summary>
    public static Tensor Square(this Tape tape, Tensor x) => tape.Multiply(x, x);

    /// <summary>Square root; the gradient at zero is infinite.</summary>
    public static Tensor Sqrt(this Tape tape, Tensor x)
    {
        Tensor y = Map(tape, default(SqrtKernel), x);
        return !tape.Records(x) ? y : tape.Record(y, [x], (sink, output, gradient) =>
            sink.Add(x, tape.Scale(tape.Divide(gradient, output), 0.5f)));
    }

    /// <summary>e to the power x.</summary>
    public static Tensor Exp(this Tape tape, Tensor x)
    {
        Tensor y = Map(tape, Activations.Exp, x);
        return !tape.Records(x) ? y : tape.Record(y, [x], (sink, output, gradient) => sink.Add(x, tape.Multiply(gradient, output)));
    }

    /// <summary>Natural logarithm.</summary>
    public static Tensor Log(this Tape tape, Tensor x)
    {
        Tensor y = Map(tape, default(LogKernel), x);
        return !tape.Records(x) ? y : tape.Record(y, [x], (sink, _, gradient) => sink.Add(x, tape.Divide(gradient, x)));
    }

    /// <summary>min(x, limit); no gradient flows where the limit is reached.</summary>
    public static Tensor AtMost(this Tape tape, Tensor x, float limit)
    {
        Tensor y = Map(tape, new AtMostKernel(limit), x);
        return !tape.Records(x) ? y : tape.Record(y, [x], (sink, _, gradient) =>
            sink.Add(x, tape.Multiply(gradient, tape.Below(x, limit))));
    }

    /// <summary>1 where x is below the limit, else 0; without gradient.</summary>
    public static Tensor Below(this Tape tape, Tensor x, float limit) => Map(tape, new StepKernel(limit, above: false), x);

    /// <summary>1 where x is above the limit, else 0; without gradient.</summary>
    public static Tensor Above(this Tape tape, Tensor x, float limit) => Map(tape, new StepKernel(limit, above: true), x);

    /// <summary>-1, 0 or 1 by the sign of x; without gradient. The direction of a fast-gradient-sign perturbation.</summary>
    public static Tensor Sign(this Tape tape, Tensor x)
    {
        using (tape.Pause())
            return tape.Subtract(tape.Above(x, 0), tape.Below(x, 0));
    }

    /// <summary>A tensor of the input's shape holding f(x); not recorded.</summary>
    internal static Tensor Map(Tape tape, SpanFunction function, Tensor x)
    {
        Tensor result = tape.Allocate(x.Shape);
        tape.ForRange(x.Length, 4, (start, end) => function(x.Values[start..end], result.Values[start..end]));
        return result;
    }

    /// <summary>A tensor of the input's shape holding kernel(x); not recorded.</summary>
    internal static Tensor Map<TKernel>(Tape tape, TKernel kernel, Tensor x)
        where TKernel : struct, IUnaryKernel
    {
        Tensor result = tape.Allocate(x.Shape);
        tape.ForRange(x.Length, 1, (start, end) => VectorLoop.Map(kernel, x.Values[start..end], result.Values[start..end]));
        return result;
    }

    /// <summary>A tensor of the shape of <paramref name="full"/> holding kernel(full, small); not recorded.</summary>
    internal static Tensor Combine<TKernel>(Tape tape, TKernel kernel, Tensor full, Tensor small)
        where TKernel : struct, IBinaryKernel
    {
        Tensor result = tape.Allocate(full.Shape);
        BroadcastLoop.Map(tape, kernel, full, small, Broadcast.Plan(full.Shape, small.Shape), result);
        return result;
    }

    /// <summary>Passes on a gradient summed to the shape of an input that may have been repeated.</summary>
    internal static void PassSum(Tape tape, GradientSink sink, Tensor input, Tensor gradient)
    {
        if (!sink.Needs(input))
            return;
        if (input.Length == gradient.Length)
            sink.Pass(input, gradient);
        else
            sink.Add(input, tape.SumTo(gradient, input.Shape));
    }
}
