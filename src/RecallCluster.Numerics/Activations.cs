namespace RecallCluster.Numerics;

/// <summary>
/// Activation functions over spans, on the <see cref="Simd.Path"/> in force. A result may be written over its argument. NaN stays NaN.
/// </summary>
public static class Activations
{
    /// <summary>y = elu(x) + 1, that is x + 1 where x &gt; 0 and e^x elsewhere; positive, the feature map of linear attention.</summary>
    /// <exception cref="ArgumentException"><paramref name="y"/> has another length than <paramref name="x"/>.</exception>
    public static void EluPlusOne(ReadOnlySpan<float> x, Span<float> y) => ActivationMap.Apply<EluPlusOneOf>(x, y);

    /// <summary>y = max(x, 0).</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Relu(ReadOnlySpan<float> x, Span<float> y) => ActivationMap.Apply<ReluOf>(x, y);

    /// <summary>y = 1 / (1 + e^-x).</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Sigmoid(ReadOnlySpan<float> x, Span<float> y) => ActivationMap.Apply<SigmoidOf>(x, y);

    /// <summary>y = log(1 + e^x), without overflow, and exact to rounding for very negative x too.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Softplus(ReadOnlySpan<float> x, Span<float> y) => ActivationMap.Apply<SoftplusOf>(x, y);

    /// <summary>y = e^x.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Exp(ReadOnlySpan<float> x, Span<float> y) => ActivationMap.Apply<ExpOf>(x, y);

    /// <summary>y = tanh(x).</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Tanh(ReadOnlySpan<float> x, Span<float> y) => ActivationMap.Apply<TanhOf>(x, y);
}
