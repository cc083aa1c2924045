using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Layers;

/// <summary>Initial values of parameters.</summary>
public static class Initialization
{
    /// <summary>Normal values of the given standard deviation.</summary>
    public static Tensor Normal(Shape shape, double deviation, SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        Tensor tensor = Tensor.Zeros(shape);
        foreach (ref float value in tensor.Values)
            value = (float)(random.NextGaussian() * deviation);
        return tensor;
    }

    /// <summary>Normal with variance 2 / inputs, for layers followed by a ReLU (He et al., 2015, arXiv 1502.01852).</summary>
    /// <param name="outputs">Rows of the weight.</param>
    /// <param name="inputs">Columns of the weight.</param>
    /// <param name="random">Source of randomness.</param>
    public static Tensor He(int outputs, int inputs, SeededRandom random) =>
        Normal(new Shape(outputs, inputs), Math.Sqrt(2.0 / Math.Max(1, inputs)), random);

    /// <summary>Uniform with variance 2 / (inputs + outputs), for linear and saturating layers (Glorot &amp; Bengio, 2010).</summary>
    /// <param name="outputs">Rows of the weight.</param>
    /// <param name="inputs">Columns of the weight.</param>
    /// <param name="random">Source of randomness.</param>
    public static Tensor Xavier(int outputs, int inputs, SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        Tensor tensor = Tensor.Zeros(new Shape(outputs, inputs));
        double bound = Math.Sqrt(6.0 / Math.Max(1, inputs + outputs));
        foreach (ref float value in tensor.Values)
            value = (float)(((random.NextDouble() * 2) - 1) * bound);
        return tensor;
    }

    /// <summary>A tensor filled with one value.</summary>
    public static Tensor Constant(Shape shape, float value)
    {
        Tensor tensor = Tensor.Zeros(shape);
        tensor.Values.Fill(value);
        return tensor;
    }
}
