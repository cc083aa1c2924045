using System.Runtime.Intrinsics;

namespace RecallCluster.Learning.Tensors;

internal readonly struct AddKernel : IBinaryKernel
{
    public Vector512<float> Apply(Vector512<float> x, Vector512<float> y) => x + y;
}

internal readonly struct SubtractKernel : IBinaryKernel
{
    public Vector512<float> Apply(Vector512<float> x, Vector512<float> y) => x - y;
}

internal readonly struct MultiplyKernel : IBinaryKernel
{
    public Vector512<float> Apply(Vector512<float> x, Vector512<float> y) => x * y;
}

/// <summary>factor * x + offset.</summary>
internal readonly struct AffineKernel(float factor, float offset) : IUnaryKernel
{
    public Vector512<float> Apply(Vector512<float> x) => (x * factor) + Vector512.Create(offset);
}

internal readonly struct LogKernel : IUnaryKernel
{
    public Vector512<float> Apply(Vector512<float> x) => Vector512.Log(x);
}

internal readonly struct SqrtKernel : IUnaryKernel
{
    public Vector512<float> Apply(Vector512<float> x) => Vector512.Sqrt(x);
}

internal readonly struct ReciprocalKernel : IUnaryKernel
{
    public Vector512<float> Apply(Vector512<float> x) => Vector512<float>.One / x;
}

/// <summary>Gradient of elu + 1 from its output y: g min(y, 1).</summary>
internal readonly struct EluPlusOneGradientKernel : IBinaryKernel
{
    public Vector512<float> Apply(Vector512<float> gradient, Vector512<float> output) =>
        gradient * Vector512.Min(output, Vector512<float>.One);
}

/// <summary>min(x, limit).</summary>
internal readonly struct AtMostKernel(float limit) : IUnaryKernel
{
    public Vector512<float> Apply(Vector512<float> x) => Vector512.Min(x, Vector512.Create(limit));
}

/// <summary>1 where x is below (or, if so wanted, above) the limit, else 0.</summary>
internal readonly struct StepKernel(float limit, bool above) : IUnaryKernel
{
    public Vector512<float> Apply(Vector512<float> x)
    {
        Vector512<float> bound = Vector512.Create(limit);
        return Vector512.ConditionalSelect(
            above ? Vector512.GreaterThan(x, bound) : Vector512.LessThan(x, bound), Vector512<float>.One, Vector512<float>.Zero);
    }
}

/// <summary>x above zero, slope x below: y is the slope.</summary>
internal readonly struct PReluKernel : IBinaryKernel
{
    public Vector512<float> Apply(Vector512<float> x, Vector512<float> slope) =>
        Vector512.ConditionalSelect(Vector512.GreaterThan(x, Vector512<float>.Zero), x, x * slope);
}

/// <summary>1 above zero, the slope at and below it.</summary>
internal readonly struct PReluDerivativeKernel : IBinaryKernel
{
    public Vector512<float> Apply(Vector512<float> x, Vector512<float> slope) =>
        Vector512.ConditionalSelect(Vector512.GreaterThan(x, Vector512<float>.Zero), Vector512<float>.One, slope);
}
