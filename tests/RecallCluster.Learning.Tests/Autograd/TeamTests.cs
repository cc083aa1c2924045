using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Layers;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Tests.Autograd;

/// <summary>Operations large enough to be shared among threads give what one thread gives.</summary>
public sealed class TeamTests
{
    private const float Tolerance = 2e-4f;

    public static TheoryData<string> Names =>
        ["elementwise", "row factor", "row a batch entry", "product", "batched product", "hidden layer", "fused sum", "softmax", "norm"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Two_threads_give_what_one_gives(string name)
    {
        var random = new SeededRandom(31);
        Tensor x = Initialization.Normal(new Shape(48, 70, 37), 1, random);
        Tensor vector = Initialization.Normal(new Shape(37), 1, random), rows = Initialization.Normal(new Shape(48, 70, 1), 1, random);
        Tensor entry = Initialization.Normal(new Shape(48, 1, 37), 1, random), place = Initialization.Normal(new Shape(70, 37), 1, random);
        Tensor weight = Initialization.Normal(new Shape(41, 37), 0.2, random), bias = Initialization.Normal(new Shape(41), 1, random);
        Tensor batched = Initialization.Normal(new Shape(48, 37, 29), 0.2, random);
        (Tensor[] inputs, Func<Tape, Tensor[], Tensor> function) = name switch
        {
            "elementwise" => (new[] { x }, (Func<Tape, Tensor[], Tensor>)((tape, t) => tape.Sigmoid(tape.EluPlusOne(t[0])))),
            "row factor" => ([x, rows], (tape, t) => tape.Divide(t[0], tape.Affine(tape.Square(t[1]), 1, 1))),
            "row a batch entry" => ([x, entry], (tape, t) => tape.Multiply(t[0], t[1])),
            "product" => ([x, weight], (tape, t) => tape.MatMul(t[0], t[1], transposeB: true)),
            "batched product" => ([place, batched], (tape, t) => tape.MatMul(t[0], t[1])),
            "hidden layer" => ([x, weight, bias, bias], (tape, t) => tape.LinearPRelu(t[0], t[1], t[2], t[3])),
            "fused sum" => ([x, vector, rows, entry, place], (tape, t) => tape.PReluOfSum(t[0], t[1], t[2], t[3], t[4])),
            "softmax" => ([x], (tape, t) => tape.Softmax(t[0])),
            _ => ([x, vector, vector], (tape, t) => tape.LayerNorm(t[0], t[1], t[2])),
        };
        using var team = new WorkerTeam(2);
        float[][] alone = Run(new Tape(), inputs, function), shared = Run(new Tape(team), inputs, function);
        for (int i = 0; i < alone.Length; i++)
        {
            // Sums over thousands of rows round in another order: compared with the largest value of the tensor.
            float scale = alone[i].Max(MathF.Abs);
            for (int j = 0; j < alone[i].Length; j++)
                Assert.True(
                    MathF.Abs(alone[i][j] - shared[i][j]) <= Tolerance * scale,
                    $"Result {i}, value {j}: {shared[i][j]} and {alone[i][j]}.");
        }
    }

    private static float[][] Run(Tape tape, Tensor[] inputs, Func<Tape, Tensor[], Tensor> function)
    {
        Tensor[] leaves = [.. inputs.Select(tape.Variable)];
        Tensor y = function(tape, leaves);
        return [y.Values.ToArray(), .. tape.Gradients(tape.Sum(tape.Square(y)), leaves).Select(gradient => gradient.Values.ToArray())];
    }
}
