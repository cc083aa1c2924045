using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Optimizers;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Tests.Golden;

/// <summary>Ten steps of each form of Adam against PyTorch's.</summary>
public sealed class OptimizerGoldenTests
{
    private const double Tolerance = 1e-5;

    [Fact]
    public void Adam_follows_the_trajectory_of_torch() =>
        CheckDense("adam", new AdamOptions { Rate = new ConstantRate(0.01f), Beta1 = 0.8f, Beta2 = 0.99f, Epsilon = 1e-6f });

    [Fact]
    public void Adam_with_decoupled_decay_and_clipping_follows_the_trajectory_of_torch() =>
        CheckDense("adamw", new AdamOptions { Rate = new ConstantRate(0.02f), WeightDecay = 0.1f, MaxGradientNorm = 3 });

    [Fact]
    public void Lazy_adam_follows_the_trajectory_of_torch()
    {
        using var golden = new GoldenFile("optimizer.safetensors");
        var table = new Parameter("table", golden.Read("table"), sparse: true);
        var adam = new Adam([table], new AdamOptions { Rate = new ConstantRate(0.05f) });
        int[] rows = golden.ReadInts("rows");
        Tensor weights = golden.Read("weights"), states = golden.Read("sparse adam");
        var tape = new Tape();
        for (int step = 0; step < 10; step++)
        {
            Tensor looked = tape.Lookup(tape.Use(table), rows.AsSpan(step * 4, 4));
            tape.Backward(tape.Sum(tape.Multiply(looked, tape.Constant(weights.Values.Slice(step * 12, 12), new Shape(4, 3)))));
            adam.Step();
            tape.Reset();
            AssertClose(states.Values.Slice(step * 18, 18), table.Value.Values, step);
        }
    }

    private static void CheckDense(string name, AdamOptions options)
    {
        using var golden = new GoldenFile("optimizer.safetensors");
        using var team = new WorkerTeam(2);
        var parameter = new Parameter("p", golden.Read("start"));
        var adam = new Adam([parameter], options, team);
        Tensor gradients = golden.Read("gradients"), states = golden.Read(name);
        var tape = new Tape(team);
        int length = parameter.Value.Length;
        for (int step = 0; step < 10; step++)
        {
            Tensor weights = tape.Constant(gradients.Values.Slice(step * length, length), parameter.Value.Shape);
            tape.Backward(tape.Sum(tape.Multiply(tape.Use(parameter), weights)));
            adam.Step();
            tape.Reset();
            Assert.True(parameter.Gradient.IsEmpty);
            AssertClose(states.Values.Slice(step * length, length), parameter.Value.Values, step);
        }
    }

    private static void AssertClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, int step)
    {
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= Tolerance, $"Step {step}, value {i}: {actual[i]} instead of {expected[i]}.");
    }
}
