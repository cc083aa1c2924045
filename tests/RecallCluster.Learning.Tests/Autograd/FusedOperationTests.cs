using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Tests.Autograd;

/// <summary>Fused operations against finite differences and against the elementary operations that they stand for.</summary>
public sealed class FusedOperationTests
{
    private const float Tolerance = 1e-4f;

    [Theory]
    [InlineData(3)]
    [InlineData(16)]
    [InlineData(21)]
    [InlineData(64)]
    [InlineData(85)]
    public void A_hidden_layer_has_right_gradients(int outputs)
    {
        var random = new SeededRandom(21);
        Tensor[] inputs =
        [
            GradientCheck.RandomTensor(random, new Shape(2, 3, 4)), GradientCheck.RandomTensor(random, new Shape(outputs, 4)),
            GradientCheck.RandomTensor(random, new Shape(outputs)), GradientCheck.RandomTensor(random, new Shape(outputs), 0.3),
        ];
        AssertSame(inputs,
            (tape, x) => tape.LinearPRelu(x[0], x[1], x[2], x[3]),
            (tape, x) => tape.PRelu(tape.Linear(x[0], x[1], x[2]), x[3]));
    }

    [Fact]
    public void A_hidden_layer_can_be_differentiated_twice()
    {
        var random = new SeededRandom(22);
        Tensor[] inputs =
        [
            GradientCheck.RandomTensor(random, new Shape(3, 2)), GradientCheck.RandomTensor(random, new Shape(4, 2)),
            GradientCheck.RandomTensor(random, new Shape(4)), GradientCheck.RandomTensor(random, new Shape(4), 0.3),
        ];
        GradientCheck.Second((tape, x) => tape.LinearPRelu(x[0], x[1], x[2], x[3]), inputs);
    }

    [Theory]
    [InlineData(5, true, true, true)]
    [InlineData(16, true, true, true)]
    [InlineData(83, true, true, true)]
    [InlineData(128, true, true, true)]
    [InlineData(21, false, true, true)]
    [InlineData(21, true, false, true)]
    [InlineData(21, true, true, false)]
    [InlineData(64, false, false, false)]
    public void A_fused_sum_is_that_of_its_parts(int width, bool factor, bool entry, bool place)
    {
        var random = new SeededRandom(23);
        const int Batch = 3, N = 4;
        Tensor[] inputs =
        [
            GradientCheck.RandomTensor(random, new Shape(Batch, N, width)), GradientCheck.RandomTensor(random, new Shape(width), 0.3),
            GradientCheck.RandomTensor(random, new Shape(Batch, N, 1)), GradientCheck.RandomTensor(random, new Shape(Batch, 1, width)),
            GradientCheck.RandomTensor(random, new Shape(N, width)),
        ];
        AssertSame(inputs,
            (tape, x) => tape.PReluOfSum(x[0], x[1], factor ? x[2] : null, entry ? x[3] : null, place ? x[4] : null),
            (tape, x) =>
            {
                Tensor sum = factor ? tape.Multiply(x[0], x[2]) : x[0];
                sum = entry ? tape.Add(sum, x[3]) : sum;
                return tape.PRelu(place ? tape.Add(sum, x[4]) : sum, x[1]);
            });
    }

    [Fact]
    public void A_fused_sum_has_right_gradients()
    {
        var random = new SeededRandom(24);
        GradientCheck.First((tape, x) => tape.PReluOfSum(x[0], x[1], x[2], x[3], x[4]),
        [
            GradientCheck.RandomTensor(random, new Shape(2, 3, 17)), GradientCheck.RandomTensor(random, new Shape(17), 0.3),
            GradientCheck.RandomTensor(random, new Shape(2, 3, 1)), GradientCheck.RandomTensor(random, new Shape(2, 1, 17)),
            GradientCheck.RandomTensor(random, new Shape(3, 17)),
        ], tolerance: 1.5e-2);
    }

    [Fact]
    public void A_gradient_that_was_asked_for_is_not_overwritten_by_a_later_one()
    {
        var tape = new Tape();
        Tensor x = tape.Variable(Tensor.From([1, -2], new Shape(1, 2)));
        Tensor weight = Tensor.From([1, 0, 0, 1], new Shape(2, 2)), zero = Tensor.Zeros(new Shape(2));
        Tensor slope = Tensor.From([0.5f, 0.5f], new Shape(2));
        Tensor hidden = tape.LinearPRelu(x, weight, zero, slope);
        Tensor loss = tape.Sum(tape.Scale(hidden, 3));
        Tensor[] gradients = tape.Gradients(loss, [hidden, x]);
        Assert.Equal([3f, 3f], gradients[0].Values.ToArray());
        Assert.Equal([3f, 1.5f], gradients[1].Values.ToArray());
    }

    [Fact]
    public void Extents_that_do_not_fit_are_refused()
    {
        var tape = new Tape();
        Tensor x = Tensor.Zeros(new Shape(2, 3, 4));
        Assert.Throws<ArgumentException>(() => tape.PReluOfSum(Tensor.Zeros(new Shape(3, 4)), Tensor.Zeros(new Shape(4))));
        Assert.Throws<ArgumentException>(() => tape.PReluOfSum(x, Tensor.Zeros(new Shape(3))));
        Assert.Throws<ArgumentException>(() => tape.PReluOfSum(x, Tensor.Zeros(new Shape(4)), place: Tensor.Zeros(new Shape(2, 4))));
        Assert.Throws<ArgumentException>(() =>
            tape.LinearPRelu(x, Tensor.Zeros(new Shape(5, 3)), Tensor.Zeros(new Shape(5)), Tensor.Zeros(new Shape(5))));
    }

    // Both alone and with two threads, on enough entries that the threads do share the work.
    private static void AssertSame(Tensor[] inputs, Func<Tape, Tensor[], Tensor> fused, Func<Tape, Tensor[], Tensor> elementary)
    {
        using var team = new WorkerTeam(2);
        float[][] expected = Run(new Tape(), inputs, elementary);
        foreach (Tape tape in new[] { new Tape(), new Tape(team) })
        {
            float[][] actual = Run(tape, inputs, fused);
            for (int i = 0; i < expected.Length; i++)
                for (int j = 0; j < expected[i].Length; j++)
                    Assert.True(MathF.Abs(expected[i][j] - actual[i][j]) <= Tolerance * (1 + MathF.Abs(expected[i][j])),
                        $"Result {i}, value {j}: {actual[i][j]} instead of {expected[i][j]}.");
        }
    }

    private static float[][] Run(Tape tape, Tensor[] inputs, Func<Tape, Tensor[], Tensor> function)
    {
        Tensor[] leaves = [.. inputs.Select(tape.Variable)];
        Tensor y = function(tape, leaves);
        Tensor[] gradients = tape.Gradients(tape.Mean(tape.Square(tape.Add(y, tape.Scale(y, 0.5f)))), leaves);
        return [y.Values.ToArray(), .. gradients.Select(gradient => gradient.Values.ToArray())];
    }
}
