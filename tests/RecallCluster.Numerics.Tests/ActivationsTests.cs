using RecallCluster.Testing;

namespace RecallCluster.Numerics.Tests;

[Collection(SimdPaths.Name)]
public sealed class ActivationsTests
{
    private delegate void Forward(ReadOnlySpan<float> x, Span<float> y);

    public static TheoryData<SimdPath> Paths => SimdPaths.All;

    [Theory]
    [MemberData(nameof(Paths))]
    public void Forward_equals_the_definition(SimdPath path)
    {
        using IDisposable forced = Simd.Force(path);
        Check(Activations.EluPlusOne, x => x > 0 ? x + 1 : Math.Exp(x));
        Check(Activations.Relu, x => Math.Max(x, 0));
        Check(Activations.Sigmoid, x => 1 / (1 + Math.Exp(-x)));
        Check(Activations.Softplus, x => x > 0 ? x + Log1P(Math.Exp(-x)) : Log1P(Math.Exp(x)));
        Check(Activations.Exp, Math.Exp);
        Check(Activations.Tanh, Math.Tanh);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Extreme_arguments_neither_overflow_nor_vanish_into_nan(SimdPath path)
    {
        using IDisposable forced = Simd.Force(path);
        float[] x = [-200, 200, float.NegativeInfinity, float.PositiveInfinity, 0, -0f];
        Assert.Equal([0, 1, 0, 1, 0.5f, 0.5f], Run(Activations.Sigmoid, x));
        Assert.Equal([0, 200, 0, float.PositiveInfinity], Run(Activations.Softplus, x)[..4]);
        Assert.Equal([-1, 1, -1, 1, 0, 0], Run(Activations.Tanh, x));
        Assert.Equal([0, 201, 0, float.PositiveInfinity, 1, 1], Run(Activations.EluPlusOne, x));
        Assert.Equal([0, 200, 0, float.PositiveInfinity, 0, 0], Run(Activations.Relu, x));
        Assert.Equal([0, float.PositiveInfinity, 0, float.PositiveInfinity], Run(Activations.Exp, x)[..4]);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Not_a_number_stays(SimdPath path)
    {
        using IDisposable forced = Simd.Force(path);
        foreach (Forward forward in new Forward[]
        {
            Activations.EluPlusOne, Activations.Relu, Activations.Sigmoid, Activations.Softplus, Activations.Exp, Activations.Tanh,
        })
        {
            float[] x = new float[20];
            x[3] = x[19] = float.NaN;
            float[] y = Run(forward, x);
            for (int i = 0; i < y.Length; i++)
                Assert.Equal(i is 3 or 19, float.IsNaN(y[i]));
        }
    }

    [Fact]
    public void Refuses_lengths_that_differ()
    {
        float[] two = new float[2], three = new float[3];
        Assert.Throws<ArgumentException>(() => Activations.Relu(two, three));
        Assert.Throws<ArgumentException>(() => Activations.Tanh(three, two));
        Activations.Relu([], []);
    }

    // Every length around the vectors' widths, in place, over the range where the functions are alive and a little of their tails.
    private static void Check(Forward forward, Func<double, double> definition)
    {
        var random = new SeededRandom(1);
        for (int length = 0; length < 70; length++)
        {
            float[] x = Gaussian(random, length);
            for (int i = 0; i < length; i++)
                x[i] *= i % 3 == 0 ? 10 : i % 3 == 1 ? 1 : 0.01f;
            float[] y = [.. x];
            forward(y, y);
            for (int i = 0; i < length; i++)
                Close(definition(x[i]), y[i], 4e-7);
        }
    }

    // A relative error: the small values of exp, sigmoid, softplus and tanh carry as many digits as the large ones.
    private static void Close(double exact, float actual, double relative) =>
        Assert.True(Math.Abs(actual - exact) <= (relative * Math.Abs(exact)) + 1e-37, $"{actual}, not {exact}");

    private static double Log1P(double x) => x < 1e-4 ? x - (x * x / 2) + (x * x * x / 3) : Math.Log(1 + x);

    private static float[] Run(Forward forward, float[] x)
    {
        float[] y = new float[x.Length];
        forward(x, y);
        return y;
    }

    private static float[] Gaussian(SeededRandom random, int length)
    {
        float[] values = new float[length];
        for (int i = 0; i < length; i++)
            values[i] = (float)random.NextGaussian();
        return values;
    }
}
