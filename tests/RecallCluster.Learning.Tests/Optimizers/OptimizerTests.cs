using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Files;
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
    public void A_rate_falls_in_a_straight_line_and_stays()
    {
        var schedule = new LinearRate(Peak: 1, TotalSteps: 101, Floor: 0.2f);
        Assert.Equal(1f, schedule.At(1), 1e-6f);
        Assert.Equal(0.6f, schedule.At(51), 1e-6f);
        Assert.Equal(0.2f, schedule.At(101), 1e-6f);
        Assert.Equal(0.2f, schedule.At(1000), 1e-6f);
        Assert.Equal(0.2f, new LinearRate(1, 1, 0.2f).At(1), 1e-6f);
    }

    [Fact]
    public void Moments_are_read_as_they_were_written()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("adam-");
        try
        {
            string path = Path.Combine(folder.FullName, "moments.safetensors");
            Parameter[] whole = WithGradients([3f, -1f], [4f]), begun = WithGradients([3f, -1f], [4f]), resumed = WithGradients([3f, -1f], [4f]);
            var options = new AdamOptions { Rate = new LinearRate(0.1f, 4, 0.05f) };
            Adam first = new(whole, options), second = new(begun, options), third = new(resumed, options);
            Step(first, whole, 2);
            Step(first, whole, 3);
            Step(second, begun, 2);
            var writer = new SafeTensorsWriter();
            second.Save(writer, "adam");
            writer.Save(path);
            using (SafeTensorsFile file = SafeTensorsFile.Open(path))
            {
                third.Load(file, "adam");
                Assert.Throws<InvalidDataException>(() => third.Load(file, "other"));
            }
            foreach ((Parameter from, Parameter to) in begun.Zip(resumed))
                from.Value.Values.CopyTo(to.Value.Values);
            Step(third, resumed, 3);
            Assert.Equal(first.Steps, third.Steps);
            Assert.Equal(whole[0].Value.Values.ToArray(), resumed[0].Value.Values.ToArray());
            Assert.Equal(whole[1].Value.Values.ToArray(), resumed[1].Value.Values.ToArray());
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        static void Step(Adam adam, Parameter[] parameters, int times)
        {
            // Gradients that were passed on by another loss are forgotten.
            AddGradients(parameters, [[100f, 7f], [9f]]);
            adam.ClearGradients();
            for (int i = 0; i < times; i++)
            {
                AddGradients(parameters, [[i + 1f, -2f], [0.5f]]);
                adam.Step();
            }
        }
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
        Parameter[] parameters = [.. gradients.Select((gradient, i) =>
        {
            Tensor ones = Tensor.Zeros(new Shape(gradient.Length));
            ones.Values.Fill(1);
            return new Parameter($"p{i}", ones);
        })];
        AddGradients(parameters, gradients);
        return parameters;
    }

    private static void AddGradients(Parameter[] parameters, float[][] gradients)
    {
        var tape = new Tape();
        foreach ((Parameter parameter, float[] gradient) in parameters.Zip(gradients))
            tape.Backward(tape.Sum(tape.Multiply(tape.Use(parameter), tape.Constant(gradient, parameter.Value.Shape))));
    }
}
