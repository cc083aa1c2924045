namespace RecallCluster.Numerics;

/// <summary>
/// Activation functions over spans, forward and backward, on the <see cref="Simd.Path"/> in force. A result may be written over its
/// argument. The backward functions add to a gradient: dx += dy * f'. NaN stays NaN.
/// </summary>
public static class Activations
{
    /// <summary>y = elu(x) + 1, that is x + 1 where x &gt; 0 and e^x elsewhere; positive, the feature map of linear attention.</summary>
    /// <exception cref="ArgumentException"><paramref name="y"/> has another length than <paramref name="x"/>.</exception>
    public static void EluPlusOne(ReadOnlySpan<float> x, Span<float> y) => ActivationMap.Apply<EluPlusOneOf>(x, y);

    /// <summary>dx += dy * (1 where y &gt; 1, y elsewhere), from the result y of <see cref="EluPlusOne"/>.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void EluPlusOneBackward(ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) =>
        ActivationMap.AddGradient<EluPlusOneSlope>(y, dy, dx);

    /// <summary>y = max(x, 0).</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Relu(ReadOnlySpan<float> x, Span<float> y) => ActivationMap.Apply<ReluOf>(x, y);

    /// <summary>dx += dy where y &gt; 0, from the result y of <see cref="Relu"/>; the slope at 0 is taken as 0.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void ReluBackward(ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) =>
        ActivationMap.AddGradient<ReluSlope>(y, dy, dx);

    /// <summary>y = 1 / (1 + e^-x).</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Sigmoid(ReadOnlySpan<float> x, Span<float> y) => ActivationMap.Apply<SigmoidOf>(x, y);

    /// <summary>dx += dy * y (1 - y), from the result y of <see cref="Sigmoid"/>.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void SigmoidBackward(ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) =>
        ActivationMap.AddGradient<SigmoidSlope>(y, dy, dx);

    /// <summary>y = log(1 + e^x), without overflow, and exact to rounding for very negative x too.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Softplus(ReadOnlySpan<float> x, Span<float> y) => ActivationMap.Apply<SoftplusOf>(x, y);

    /// <summary>dx += dy * sigmoid(x), from the argument x of <see cref="Softplus"/>.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void SoftplusBackward(ReadOnlySpan<float> x, ReadOnlySpan<float> dy, Span<float> dx) =>
        ActivationMap.AddGradient<SigmoidOf>(x, dy, dx);

    /// <summary>y = e^x.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Exp(ReadOnlySpan<float> x, Span<float> y) => ActivationMap.Apply<ExpOf>(x, y);

    /// <summary>dx += dy * y, from the result y of <see cref="Exp"/>.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void ExpBackward(ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) =>
        ActivationMap.AddGradient<Itself>(y, dy, dx);

    /// <summary>y = tanh(x).</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Tanh(ReadOnlySpan<float> x, Span<float> y) => ActivationMap.Apply<TanhOf>(x, y);

    /// <summary>dx += dy * (1 - y^2), from the result y of <see cref="Tanh"/>.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void TanhBackward(ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx) =>
        ActivationMap.AddGradient<TanhSlope>(y, dy, dx);

    /// <summary>
    /// PReLU with a slope per channel: y = x where x &gt;= 0, x * slope elsewhere. Source: He et al., "Delving deep into rectifiers", 2015.
    /// </summary>
    /// <param name="x">Rows of as many values as there are slopes.</param>
    /// <param name="slope">One slope per channel.</param>
    /// <param name="y">The result, as long as <paramref name="x"/>; may be it.</param>
    /// <exception cref="ArgumentException">The lengths differ, or are no whole number of rows.</exception>
    public static void Prelu(ReadOnlySpan<float> x, ReadOnlySpan<float> slope, Span<float> y)
    {
        ActivationMap.CheckLength(y.Length, x.Length, nameof(y));
        CheckRows(x.Length, slope.Length);
        for (int row = 0; row < x.Length; row += slope.Length)
            ActivationMap.Prelu(x.Slice(row, slope.Length), slope, y.Slice(row, slope.Length));
    }

    /// <summary>
    /// dx += dy where x &gt; 0, dy * slope elsewhere; dslope += the sum over the rows of dy * x where x is not positive.
    /// </summary>
    /// <param name="x">The argument of <see cref="Prelu"/>.</param>
    /// <param name="slope">One slope per channel.</param>
    /// <param name="dy">Gradient of the result.</param>
    /// <param name="dx">Gradient of the argument, added to.</param>
    /// <param name="dslope">Gradient of the slopes, added to.</param>
    /// <exception cref="ArgumentException">The lengths differ, or are no whole number of rows.</exception>
    public static void PreluBackward(
        ReadOnlySpan<float> x, ReadOnlySpan<float> slope, ReadOnlySpan<float> dy, Span<float> dx, Span<float> dslope)
    {
        ActivationMap.CheckLength(dy.Length, x.Length, nameof(dy));
        ActivationMap.CheckLength(dx.Length, x.Length, nameof(dx));
        ActivationMap.CheckLength(dslope.Length, slope.Length, nameof(dslope));
        CheckRows(x.Length, slope.Length);
        for (int row = 0; row < x.Length; row += slope.Length)
        {
            ActivationMap.PreluBackward(
                x.Slice(row, slope.Length), slope, dy.Slice(row, slope.Length), dx.Slice(row, slope.Length), dslope);
        }
    }

    private static void CheckRows(int length, int channels)
    {
        if (channels == 0 ? length > 0 : length % channels != 0)
            throw new ArgumentException($"{length} values are no whole number of rows of {channels} channels.", nameof(length));
    }
}
