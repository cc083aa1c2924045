using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Tests.Autograd;

/// <summary>
/// Compares gradients of a function of several tensors with central finite differences. The function's value of any shape is brought to a
/// scalar by fixed random weights, so that no two errors cancel.
/// </summary>
internal static class GradientCheck
{
    private const float Step = 1e-2f;

    public static Tensor RandomTensor(SeededRandom random, Shape shape, double scale = 1)
    {
        Tensor tensor = Tensor.Zeros(shape);
        foreach (ref float value in tensor.Values)
        {
            // At least two steps away from zero, where some functions have a kink.
            double magnitude = 0.05 + Math.Abs(random.NextGaussian());
            value = (float)(scale * (random.NextInt(2) == 0 ? magnitude : -magnitude));
        }
        return tensor;
    }

    public static void First(Func<Tape, Tensor[], Tensor> function, Tensor[] inputs, ulong seed = 1, double tolerance = 5e-3)
    {
        var tape = new Tape();
        Tensor[] leaves = [.. inputs.Select(tape.Variable)];
        Tensor scalar = Weighted(tape, function(tape, leaves), seed);
        float[][] gradients = [.. tape.Gradients(scalar, leaves).Select(gradient => gradient.Values.ToArray())];
        Compare(inputs, gradients, () =>
        {
            tape.Reset();
            using (tape.Pause())
                return WeightedValue(function(tape, inputs), seed);
        }, tolerance);
    }

    /// <summary>Differentiates the weighted sum of the gradients once more, on the tape and by differences of first gradients.</summary>
    public static void Second(Func<Tape, Tensor[], Tensor> function, Tensor[] inputs, ulong seed = 1, double tolerance = 1e-2)
    {
        var tape = new Tape();
        Tensor[] leaves = [.. inputs.Select(tape.Variable)];
        Tensor total = GradientSum(tape, function, leaves, seed, createGraph: true);
        float[][] gradients = [.. tape.Gradients(total, leaves).Select(gradient => gradient.Values.ToArray())];
        Compare(inputs, gradients, () =>
        {
            tape.Reset();
            Tensor[] variables = [.. inputs.Select(tape.Variable)];
            return GradientSum(tape, function, variables, seed, createGraph: false).Item();
        }, tolerance);
    }

    private static Tensor GradientSum(Tape tape, Func<Tape, Tensor[], Tensor> function, Tensor[] leaves, ulong seed, bool createGraph)
    {
        Tensor[] first = tape.Gradients(Weighted(tape, function(tape, leaves), seed), leaves, createGraph);
        Tensor? total = null;
        for (int i = 0; i < first.Length; i++)
        {
            Tensor part = Weighted(tape, first[i], seed + 100 + (ulong)i);
            total = total == null ? part : tape.Add(total, part);
        }
        return total!;
    }

    private static Tensor Weighted(Tape tape, Tensor value, ulong seed) =>
        tape.Sum(tape.Multiply(value, tape.Constant(Weights(value.Length, seed), value.Shape)));

    private static double WeightedValue(Tensor value, ulong seed)
    {
        float[] weights = Weights(value.Length, seed);
        double sum = 0;
        for (int i = 0; i < weights.Length; i++)
            sum += (double)weights[i] * value.Values[i];
        return sum;
    }

    private static float[] Weights(int length, ulong seed)
    {
        var random = new SeededRandom(seed);
        var weights = new float[length];
        for (int i = 0; i < length; i++)
            weights[i] = (float)random.NextGaussian();
        return weights;
    }

    private static void Compare(Tensor[] inputs, float[][] gradients, Func<double> evaluate, double tolerance)
    {
        for (int i = 0; i < inputs.Length; i++)
        {
            for (int j = 0; j < inputs[i].Length; j++)
            {
                float before = inputs[i].Values[j];
                inputs[i].Values[j] = before + Step;
                double above = evaluate();
                inputs[i].Values[j] = before - Step;
                double below = evaluate();
                inputs[i].Values[j] = before;
                double expected = (above - below) / (2 * Step);
                double error = Math.Abs(expected - gradients[i][j]);
                Assert.True(error <= tolerance * (1 + Math.Abs(expected)),
                    $"Input {i} {inputs[i].Shape}, value {j}: differences give {expected}, the tape {gradients[i][j]}.");
            }
        }
    }
}
