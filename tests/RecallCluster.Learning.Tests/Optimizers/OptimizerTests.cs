using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Optimizers;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Tests.Optimizers;

public sealed class OptimizerTests
{
    [Fact]
    public void The_rate_rises_then_falls_along_half_a_cosine()
    {
        var schedule = new WarmupCosineRate(Peak: 1, WarmupSteps: 10, TotalSteps: 110, Floor: 0.1f);
        Assert.Equal(0.1f, schedule.At(1), 1e-6f);
        Assert.Equal(0.9f, schedule.At(9), 1e-6f);
        Assert.Equal(1f, schedule.At(10), 1e-6f);
        Assert.Equal(0.55f, schedule.At(60), 1e-6f);
        Assert.Equal(0.1f, schedule.At(110), 1e-6f);
        Assert.Equal(0.1f, schedule.At(1000), 1e-6f);
        Assert.Equal(1f, new WarmupCosineRate(1, 10).At(1000));
        Assert.Equal(1f, new WarmupCosineRate(1, 0).At(1));
    }

    [Fact]
    public void Clipping_scales_all_gradients_to_the_joint_norm()
    {
        Parameter[] parameters = WithGradients([3f], [0f, 4f]);
        Assert.Equal(5, GradientClipping.ByGlobalNorm(parameters, 10), 1e-6);
        Assert.Equal([3f], parameters[0].Gradient.Values.ToArray());
        Assert.Equal(5, GradientClipping.ByGlobalNorm(parameters, 1), 1e-6);
        Assert.Equal(0.6f, parameters[0].Gradient.Values[0], 1e-6f);
        Assert.Equal(0.8f, parameters[1].Gradient.Values[1], 1e-6f);
    }

    [Fact]
    public void A_gradient_that_is_not_finite_is_refused_by_name_and_nothing_moves()
    {
        Parameter[] parameters = WithGradients([1f], [0f, float.NaN]);
        var adam = new Adam(parameters, new AdamOptions());
        ArithmeticException exception = Assert.Throws<ArithmeticException>(() => adam.Step());
        Assert.Contains("'p1'", exception.Message, StringComparison.Ordinal);
        Assert.Equal(0, adam.Steps);
        Assert.Equal([1f], parameters[0].Value.Values.ToArray());
    }

    [Fact]
    public void Parameters_without_gradient_and_untouched_rows_stay()
    {
        var still = new Parameter("still", Tensor.From([1], new Shape(1)));
        var table = new Parameter("table", Tensor.From([1, 2, 3], new Shape(3, 1)), sparse: true);
        var adam = new Adam([still, table], new AdamOptions { Rate = new ConstantRate(0.1f), WeightDecay = 0.5f });
        var tape = new Tape();
        tape.Backward(tape.Sum(tape.Lookup(tape.Use(table), [1])));
        adam.Step();
        Assert.Equal([1f], still.Value.Values.ToArray());
        Assert.Equal(1f, table.Value.Values[0]);
        Assert.Equal(3f, table.Value.Values[2]);
        // One step of size 0.1 after decay by 0.1 * 0.5.
        Assert.Equal((2f * 0.95f) - 0.1f, table.Value.Values[1], 1e-5f);
        Assert.True(table.Gradient.IsEmpty);
    }

    [Fact]
    public void Equal_names_are_refused() =>
        Assert.Throws<ArgumentException>(() => new Adam(
            [new Parameter("p", Tensor.Zeros(new Shape(1))), new Parameter("p", Tensor.Zeros(new Shape(1)))], new AdamOptions()));

    [Fact]
    public void A_perceptron_learns_exclusive_or()
    {
        var random = new SeededRandom(3);
        var mlp = new RecallCluster.Learning.Layers.Mlp("mlp", [2, 8, 1], random);
        var adam = new Adam(mlp.Parameters, new AdamOptions { Rate = new ConstantRate(0.05f) });
        var tape = new Tape();
        float loss = 1;
        for (int step = 0; step < 300; step++)
        {
            Tensor logits = mlp.Forward(tape, tape.Constant([0, 0, 0, 1, 1, 0, 1, 1], new Shape(4, 2)));
            Tensor mean = RecallCluster.Learning.Losses.BinaryCrossEntropy.WithLogits(tape, logits, [0, 1, 1, 0]);
            loss = mean.Item();
            tape.Backward(mean);
            adam.Step();
            tape.Reset();
        }
        Assert.True(loss < 0.02f, $"The loss is still {loss}.");
    }

    // Parameters p0, p1, ... of ones, with given gradients.
    private static Parameter[] WithGradients(params float[][] gradients)
    {
        var tape = new Tape();
        Parameter[] parameters = [.. gradients.Select((gradient, i) =>
        {
            Tensor ones = Tensor.Zeros(new Shape(gradient.Length));
            ones.Values.Fill(1);
            return new Parameter($"p{i}", ones);
        })];
        foreach ((Parameter parameter, float[] gradient) in parameters.Zip(gradients))
            tape.Backward(tape.Sum(tape.Multiply(tape.Use(parameter), tape.Constant(gradient, parameter.Value.Shape))));
        return parameters;
    }
}
