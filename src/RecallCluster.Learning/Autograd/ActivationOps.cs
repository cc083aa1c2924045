using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Autograd;

/// <summary>Nonlinearities, value by value. All can be differentiated twice.</summary>
public static class ActivationOps
{
    /// <summary>max(x, 0).</summary>
    public static Tensor Relu(this Tape tape, Tensor x)
    {
        Tensor y = ElementwiseOps.Map(tape, Activations.Relu, x);
        return !tape.Records(x) ? y : tape.Record(y, [x], (sink, _, gradient) => sink.Add(x, tape.Multiply(gradient, tape.Above(x, 0))));
    }

    /// <summary>Parametric ReLU (He et al., 2015, arXiv 1502.01852): x above zero, slope times x below, one slope a channel.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[..., channels].</param>
    /// <param name="slope">[channels].</param>
    public static Tensor PRelu(this Tape tape, Tensor x, Tensor slope)
    {
        Tensor y = ElementwiseOps.Combine(tape, default(PReluKernel), x, slope);
        return !tape.Records(x, slope) ? y : tape.Record(y, [x, slope], (sink, _, gradient) =>
        {
            if (sink.Needs(x))
                sink.Add(x, tape.Multiply(gradient, PReluDerivative(tape, x, slope)));
            if (sink.Needs(slope))
                sink.Add(slope, tape.SumTo(tape.Multiply(gradient, tape.AtMost(x, 0)), slope.Shape));
        });
    }

    /// <summary>elu(x) + 1, the positive feature map of linear attention (Katharopoulos et al., 2020, arXiv 2006.16236).</summary>
    public static Tensor EluPlusOne(this Tape tape, Tensor x)
    {
        Tensor y = ElementwiseOps.Map(tape, Activations.EluPlusOne, x);
        return !tape.Records(x) ? y : tape.Record(y, [x], (sink, output, gradient) => sink.Add(x, tape.Recording
            ? tape.Multiply(gradient, tape.AtMost(output, 1))
            : ElementwiseOps.Combine(tape, default(EluPlusOneGradientKernel), gradient, output)));
    }

    /// <summary>1 / (1 + exp(-x)).</summary>
    public static Tensor Sigmoid(this Tape tape, Tensor x)
    {
        Tensor y = ElementwiseOps.Map(tape, Activations.Sigmoid, x);
        return !tape.Records(x) ? y : tape.Record(y, [x], (sink, output, gradient) =>
            sink.Add(x, tape.Multiply(gradient, tape.Subtract(output, tape.Multiply(output, output)))));
    }

    /// <summary>Hyperbolic tangent.</summary>
    public static Tensor Tanh(this Tape tape, Tensor x)
    {
        Tensor y = ElementwiseOps.Map(tape, Activations.Tanh, x);
        return !tape.Records(x) ? y : tape.Record(y, [x], (sink, output, gradient) =>
            sink.Add(x, tape.Multiply(gradient, tape.Affine(tape.Multiply(output, output), -1, 1))));
    }

    /// <summary>log(1 + exp(x)), without overflow.</summary>
    public static Tensor Softplus(this Tape tape, Tensor x)
    {
        Tensor y = ElementwiseOps.Map(tape, Activations.Softplus, x);
        return !tape.Records(x) ? y : tape.Record(y, [x], (sink, _, gradient) => sink.Add(x, tape.Multiply(gradient, tape.Sigmoid(x))));
    }

    // 1 above zero, the slope at and below it. It is itself linear in the slope, which second-order gradients need.
    internal static Tensor PReluDerivative(Tape tape, Tensor x, Tensor slope)
    {
        Tensor derivative = ElementwiseOps.Combine(tape, default(PReluDerivativeKernel), x, slope);
        return !tape.Records(slope) ? derivative : tape.Record(derivative, [slope], (sink, _, gradient) =>
        {
            Tensor above = tape.Above(x, 0);
            sink.Add(slope, tape.SumTo(tape.Subtract(gradient, tape.Multiply(gradient, above)), slope.Shape));
        });
    }
}
