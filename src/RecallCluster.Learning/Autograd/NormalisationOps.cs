using System.Numerics.Tensors;
using RecallCluster.Learning.Tensors;

namespace RecallCluster.Learning.Autograd;

/// <summary>Normalisation of rows.</summary>
public static class NormalisationOps
{
    /// <summary>
    /// Layer normalisation (Ba et al., 2016, arXiv 1607.06450): each row brought to mean 0 and variance 1, then gain * x + bias.
    /// First-order gradients only.
    /// </summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[..., width].</param>
    /// <param name="gain">[width].</param>
    /// <param name="bias">[width].</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <exception cref="ArgumentException">Gain or bias are not of the row's width.</exception>
    public static Tensor LayerNorm(this Tape tape, Tensor x, Tensor gain, Tensor bias, float epsilon = 1e-5f)
    {
        int width = x.Shape.Width, rows = x.Shape.Rows;
        if (gain.Length != width || bias.Length != width)
            throw new ArgumentException($"Gain {gain.Shape} and bias {bias.Shape} do not fit rows of {x.Shape}.", nameof(gain));
        Tensor y = tape.Allocate(x.Shape);
        Tensor normal = tape.Allocate(x.Shape);
        Tensor inverse = tape.Allocate(new Shape(rows));
        tape.ForRange(rows, width * 4, (start, end) =>
        {
            for (int row = start; row < end; row++)
            {
                ReadOnlySpan<float> source = x.Values.Slice(row * width, width);
                Span<float> centred = normal.Values.Slice(row * width, width);
                TensorPrimitives.Subtract(source, TensorPrimitives.Sum(source) / width, centred);
                float scale = 1 / MathF.Sqrt((TensorPrimitives.SumOfSquares(centred) / width) + epsilon);
                inverse.Values[row] = scale;
                TensorPrimitives.Multiply(centred, scale, centred);
                TensorPrimitives.MultiplyAdd(centred, gain.Values, bias.Values, y.Values.Slice(row * width, width));
            }
        });
        return !tape.Records(x, gain, bias) ? y : tape.Record(y, [x, gain, bias], (sink, _, gradient) =>
        {
            tape.RequireFirstOrder("Layer normalisation");
            if (sink.Needs(gain))
                sink.Add(gain, tape.SumTo(tape.Multiply(gradient, normal), gain.Shape));
            if (sink.Needs(bias))
                sink.Add(bias, tape.SumTo(gradient, bias.Shape));
            if (sink.Needs(x))
                sink.Add(x, InputGradient(tape, gradient, gain, normal, inverse));
        });
    }

    // With h = g * gain and n the normalised row: dx = (h - mean(h) - n mean(h n)) / deviation.
    private static Tensor InputGradient(Tape tape, Tensor gradient, Tensor gain, Tensor normal, Tensor inverse)
    {
        Tensor result = tape.Allocate(gradient.Shape);
        int width = gradient.Shape.Width;
        tape.ForRange(gradient.Shape.Rows, width * 4, (start, end) =>
        {
            for (int row = start; row < end; row++)
            {
                ReadOnlySpan<float> n = normal.Values.Slice(row * width, width);
                Span<float> h = result.Values.Slice(row * width, width);
                TensorPrimitives.Multiply(gradient.Values.Slice(row * width, width), gain.Values, h);
                float mean = TensorPrimitives.Sum(h) / width;
                float slope = TensorPrimitives.Dot(h, n) / width;
                TensorPrimitives.Subtract(h, mean, h);
                TensorPrimitives.MultiplyAdd(n, -slope, h, h);
                TensorPrimitives.Multiply(h, inverse.Values[row], h);
            }
        });
        return result;
    }
}
