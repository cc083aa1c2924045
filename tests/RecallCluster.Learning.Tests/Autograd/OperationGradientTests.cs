using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Losses;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Tests.Autograd;

/// <summary>Every operation's first gradient, and the second where there is one, against finite differences at several shapes.</summary>
public sealed class OperationGradientTests
{
    private static readonly Dictionary<string, Func<Tape, Tensor, Tensor>> Unary = new()
    {
        ["affine"] = (tape, x) => tape.Square(tape.Affine(x, -1.5f, 0.5f)),
        ["reciprocal"] = (tape, x) => tape.Reciprocal(tape.Affine(tape.Square(x), 1, 1)),
        ["square"] = (tape, x) => tape.Square(x),
        ["sqrt"] = (tape, x) => tape.Sqrt(tape.Affine(tape.Square(x), 1, 1)),
        ["exp"] = (tape, x) => tape.Exp(tape.Scale(x, 0.5f)),
        ["log"] = (tape, x) => tape.Log(tape.Affine(tape.Square(x), 1, 1)),
        ["at most"] = (tape, x) => tape.Multiply(x, tape.AtMost(x, 0)),
        ["relu"] = (tape, x) => tape.Multiply(x, tape.Relu(x)),
        ["elu + 1"] = (tape, x) => tape.EluPlusOne(x),
        ["sigmoid"] = (tape, x) => tape.Sigmoid(x),
        ["tanh"] = (tape, x) => tape.Tanh(x),
        ["softplus"] = (tape, x) => tape.Softplus(x),
        ["sum"] = (tape, x) => tape.Square(tape.Sum(x)),
        ["mean"] = (tape, x) => tape.Square(tape.Mean(x)),
        ["sum of rows"] = (tape, x) => tape.Square(tape.SumRows(x)),
        ["softmax"] = (tape, x) => tape.Softmax(x),
        ["log-sum-exp"] = (tape, x) => tape.LogSumExp(x),
        ["reshape"] = (tape, x) => tape.Square(tape.Reshape(x, new Shape(x.Length))),
        ["x + x"] = (tape, x) => tape.Square(tape.Add(x, x)),
        ["slice of columns"] = (tape, x) => tape.Square(tape.SliceColumns(x, x.Shape.Width / 2, 1)),
        ["slice of entries"] = (tape, x) => tape.Square(tape.SliceFirst(x, x.Shape[0] / 2, 1)),
        ["concatenation"] = (tape, x) => tape.Square(tape.Concat(x, tape.Square(x), x)),
        ["scattered values"] = (tape, x) => tape.Square(tape.ScatterValues(x, [0, x.Length - 1, 0], [3, 1, 1], new Shape(2, 3))),
        ["concatenation of entries"] = (tape, x) => tape.Square(tape.ConcatFirst(x, tape.Square(x))),
    };

    public static TheoryData<string> UnaryNames => [.. Unary.Keys];

    [Theory]
    [MemberData(nameof(UnaryNames))]
    public void A_function_of_one_tensor_has_right_gradients(string name)
    {
        foreach (Shape shape in new Shape[] { new(5), new(3, 4), new(1, 1), new(2, 3, 19) })
        {
            Tensor x = GradientCheck.RandomTensor(new SeededRandom(3), shape);
            GradientCheck.First((tape, inputs) => Unary[name](tape, inputs[0]), [x]);
            GradientCheck.Second((tape, inputs) => Unary[name](tape, inputs[0]), [x], tolerance: 2e-2);
        }
    }

    public static TheoryData<int[], int[]> BroadcastShapes => new()
    {
        { [3, 4], [3, 4] },
        { [3, 4], [4] },
        { [2, 3, 5], [5] },
        { [2, 3, 5], [3, 5] },
        { [2, 3, 5], [2, 1, 5] },
        { [2, 3, 5], [2, 3, 1] },
        { [3, 17], [3, 1] },
        { [3, 4], [] },
        { [3, 4], [1, 1] },
        { [2, 3, 4], [2, 1, 1] },
        { [1, 4], [1, 1] },
    };

    [Theory]
    [MemberData(nameof(BroadcastShapes))]
    public void A_function_of_two_tensors_has_right_gradients_when_one_is_repeated(int[] full, int[] small)
    {
        var random = new SeededRandom(5);
        Tensor a = GradientCheck.RandomTensor(random, new Shape(full));
        Tensor b = GradientCheck.RandomTensor(random, new Shape(small));
        Func<Tape, Tensor[], Tensor>[] functions =
        [
            (tape, x) => tape.Square(tape.Add(x[0], x[1])),
            (tape, x) => tape.Square(tape.Add(x[1], x[0])),
            (tape, x) => tape.Square(tape.Subtract(x[0], x[1])),
            (tape, x) => tape.Multiply(x[0], x[1]),
            (tape, x) => tape.Multiply(x[1], x[0]),
            (tape, x) => tape.Divide(x[0], tape.Affine(tape.Square(x[1]), 1, 1)),
            (tape, x) => tape.Multiply(x[0], tape.BroadcastTo(tape.Square(x[1]), x[0].Shape)),
            (tape, x) => tape.Multiply(x[1], tape.SumTo(tape.Square(x[0]), x[1].Shape)),
        ];
        foreach (Func<Tape, Tensor[], Tensor> function in functions)
        {
            GradientCheck.First(function, [a, b], tolerance: 1e-2);
            GradientCheck.Second(function, [a, b], tolerance: 2e-2);
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(3, 0)]
    [InlineData(0, 3)]
    [InlineData(3, 3)]
    [InlineData(1, 1)]
    public void A_matrix_product_has_right_gradients(int batchA, int batchB)
    {
        var random = new SeededRandom(7);
        for (int turn = 0; turn < 4; turn++)
        {
            bool transposeA = (turn & 1) != 0, transposeB = (turn & 2) != 0;
            int m = 1 + random.NextInt(5), k = 1 + random.NextInt(5), n = 1 + random.NextInt(5);
            Tensor a = GradientCheck.RandomTensor(random, Matrix(batchA, m, k, transposeA));
            Tensor b = GradientCheck.RandomTensor(random, Matrix(batchB, k, n, transposeB));
            Tensor Function(Tape tape, Tensor[] x) => tape.MatMul(x[0], x[1], transposeA, transposeB);
            GradientCheck.First(Function, [a, b]);
            GradientCheck.Second(Function, [a, b]);
        }
    }

    [Fact]
    public void A_linear_layer_and_a_parametric_relu_have_right_gradients()
    {
        var random = new SeededRandom(8);
        foreach (Shape shape in new Shape[] { new(4, 3), new(2, 3, 3), new(1, 3) })
        {
            Tensor[] inputs =
            [
                GradientCheck.RandomTensor(random, shape), GradientCheck.RandomTensor(random, new Shape(5, 3)),
                GradientCheck.RandomTensor(random, new Shape(5)), GradientCheck.RandomTensor(random, new Shape(5), 0.3),
            ];
            GradientCheck.First((tape, x) => tape.Linear(x[0], x[1], x[2]), inputs[..3]);
            GradientCheck.First((tape, x) => tape.PRelu(x[0], x[1]), [GradientCheck.RandomTensor(random, new Shape(6, 5)), inputs[3]]);
            GradientCheck.Second((tape, x) => tape.PRelu(x[0], x[1]), [GradientCheck.RandomTensor(random, new Shape(6, 5)), inputs[3]]);
        }
    }

    [Fact]
    public void Transposes_have_right_gradients()
    {
        var random = new SeededRandom(9);
        GradientCheck.First((tape, x) => tape.Square(tape.Transpose(x[0])), [GradientCheck.RandomTensor(random, new Shape(3, 4))]);
        GradientCheck.First((tape, x) => tape.Square(tape.Transpose(x[0])), [GradientCheck.RandomTensor(random, new Shape(2, 3, 4))]);
        GradientCheck.First(
            (tape, x) => tape.Square(tape.SwapMiddleAxes(x[0])), [GradientCheck.RandomTensor(random, new Shape(2, 3, 4, 2))]);
        GradientCheck.Second(
            (tape, x) => tape.Square(tape.SwapMiddleAxes(x[0])), [GradientCheck.RandomTensor(random, new Shape(2, 3, 1, 2))]);
    }

    [Fact]
    public void Layer_normalisation_has_right_gradients()
    {
        var random = new SeededRandom(10);
        foreach (int width in new[] { 2, 5, 18 })
            GradientCheck.First((tape, x) => tape.LayerNorm(x[0], x[1], x[2], 0.1f),
            [
                GradientCheck.RandomTensor(random, new Shape(2, 3, width)), GradientCheck.RandomTensor(random, new Shape(width)),
                GradientCheck.RandomTensor(random, new Shape(width)),
            ]);
    }

    [Fact]
    public void A_lookup_has_right_gradients_with_repeated_and_absent_rows()
    {
        Tensor table = GradientCheck.RandomTensor(new SeededRandom(11), new Shape(5, 3));
        Tensor Function(Tape tape, Tensor[] x) => tape.Square(tape.Lookup(x[0], [3, -1, 0, 3, 3, 1], new Shape(2, 3)));
        GradientCheck.First(Function, [table]);
        GradientCheck.Second(Function, [table]);
    }

    [Fact]
    public void Sequence_operations_have_right_gradients()
    {
        Tensor x = GradientCheck.RandomTensor(new SeededRandom(12), new Shape(4, 3, 2));
        int[] lengths = [0, 2, 3, 9];
        Func<Tape, Tensor[], Tensor>[] functions =
        [
            (tape, inputs) => tape.Square(tape.MaskSequence(inputs[0], lengths)),
            (tape, inputs) => tape.Square(tape.SequenceSum(inputs[0], lengths)),
            (tape, inputs) => tape.Square(tape.SequenceMean(inputs[0], lengths)),
            (tape, inputs) => tape.MaskedSoftmax(inputs[0], lengths),
        ];
        foreach (Func<Tape, Tensor[], Tensor> function in functions)
        {
            GradientCheck.First(function, [x]);
            GradientCheck.Second(function, [x]);
        }
    }

    [Fact]
    public void Losses_have_right_gradients()
    {
        var random = new SeededRandom(13);
        Tensor logits = GradientCheck.RandomTensor(random, new Shape(3, 5));
        Tensor positives = GradientCheck.RandomTensor(random, new Shape(3, 1));
        float[] logQ = [-1, -2, 0.5f, -3, 0];
        Func<Tape, Tensor[], Tensor>[] functions =
        [
            (tape, x) => CrossEntropy.Softmax(tape, x[0], [4, 0, 2]),
            (tape, x) => SampledSoftmax.Loss(tape, x[0], [4, 0, 2], [7, 8, 7, 9, 7], logQ),
            (tape, x) => SampledSoftmax.Loss(tape, x[1], x[0], [7, 8, 20], [7, 8, 7, 9, 7], [0.1f, -0.4f, -2], logQ),
            (tape, x) => BinaryCrossEntropy.WithLogits(tape, x[0], [1, 0, 0, 0.3f, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0]),
        ];
        foreach (Func<Tape, Tensor[], Tensor> function in functions)
        {
            GradientCheck.First(function, [logits, positives]);
            GradientCheck.Second(function, [logits, positives]);
        }
    }

    private static Shape Matrix(int batch, int rows, int columns, bool transposed)
    {
        (int first, int second) = transposed ? (columns, rows) : (rows, columns);
        return batch == 0 ? new Shape(first, second) : new Shape(batch, first, second);
    }
}
