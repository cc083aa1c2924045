using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Layers;
using RecallCluster.Learning.Losses;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Tests.Golden;

/// <summary>Forward passes and gradients of every layer, loss and attention form against PyTorch.</summary>
public sealed class LayerGoldenTests
{
    private const double Tolerance = 2e-5;

    [Fact]
    public void Linear_layer()
    {
        var layer = new Linear("layer", 5, 3, new SeededRandom(1));
        Check("linear", layer, (tape, x) => layer.Forward(tape, x["x"]));
    }

    [Fact]
    public void Parametric_relu()
    {
        var layer = new PRelu("layer", 19);
        Check("prelu", layer, (tape, x) => layer.Forward(tape, x["x"]));
    }

    [Fact]
    public void Layer_normalisation()
    {
        var layer = new LayerNorm("layer", 20);
        Check("layernorm", layer, (tape, x) => layer.Forward(tape, x["x"]));
    }

    [Fact]
    public void Perceptron()
    {
        var mlp = new Mlp("mlp", [6, 17, 5, 2], new SeededRandom(1));
        Check("mlp", mlp, (tape, x) => mlp.Forward(tape, x["x"]));
    }

    [Fact]
    public void Embedding_lookup()
    {
        var table = new Embedding("table", 7, 4, new SeededRandom(1));
        using var golden = new GoldenFile("layers.safetensors");
        int[] rows = golden.ReadInts("embedding/constant/rows");
        Check("embedding", table, (tape, _) => table.Forward(tape, rows, new Shape(2, 3)));
    }

    [Fact]
    public void Transformer_block_that_normalises_afterwards()
    {
        var block = new SelfAttentionBlock("block", 8, 2, 12, new SeededRandom(1));
        Check("post block", block, (tape, x) => block.Forward(tape, x["x"]));
    }

    [Fact]
    public void Transformer_block_that_normalises_before_and_masks()
    {
        var block = new SelfAttentionBlock("block", 8, 4, 12, new SeededRandom(1), NormPlacement.Pre);
        Check("pre block", block, (tape, x) => block.Forward(tape, x["x"], Ints("pre block/constant/lengths")));
    }

    [Fact]
    public void Mean_pooling() =>
        Check("mean pooling", null, (tape, x) => tape.SequenceMean(x["x"], Ints("mean pooling/constant/lengths")));

    [Fact]
    public void Softmax_attention_of_shared_targets() =>
        Check("softmax attention", null, (tape, x) =>
        {
            Tensor scores = tape.Scale(tape.MatMul(x["q"], x["k"], transposeB: true), 0.5f);
            return tape.MatMul(tape.MaskedSoftmax(scores, Ints("softmax attention/constant/lengths")), x["v"]);
        });

    [Fact]
    public void Linear_attention_of_shared_targets() =>
        Check("linear attention", null, (tape, x) =>
        {
            int[] lengths = Ints("linear attention/constant/lengths");
            Tensor keys = tape.MaskSequence(tape.EluPlusOne(x["k"]), lengths);
            Tensor s = tape.MatMul(keys, x["v"], transposeA: true);
            Tensor z = tape.SequenceSum(keys, lengths);
            Tensor q = tape.EluPlusOne(x["q"]);
            Tensor norm = tape.Affine(tape.MatMul(z, q, transposeB: true), 1, 1e-6f);
            return tape.Divide(tape.MatMul(q, s), tape.Reshape(norm, new Shape(3, 5, 1)));
        });

    public static TheoryData<string> Functions => ["sigmoid", "tanh", "softplus", "phi", "exp"];

    [Theory]
    [MemberData(nameof(Functions))]
    public void Functions_of_one_value(string name) =>
        Check(name, null, (tape, x) => name switch
        {
            "sigmoid" => tape.Sigmoid(x["x"]),
            "tanh" => tape.Tanh(x["x"]),
            "softplus" => tape.Softplus(x["x"]),
            "phi" => tape.EluPlusOne(x["x"]),
            _ => tape.Exp(x["x"]),
        });

    [Fact]
    public void Binary_cross_entropy()
    {
        using var golden = new GoldenFile("layers.safetensors");
        float[] labels = golden.Read("binary cross entropy/constant/labels").Values.ToArray();
        Check("binary cross entropy", null, (tape, x) => BinaryCrossEntropy.WithLogits(tape, x["x"], labels));
    }

    [Fact]
    public void Softmax_cross_entropy() =>
        Check(
            "softmax cross entropy", null,
            (tape, x) => CrossEntropy.Softmax(tape, x["x"], Ints("softmax cross entropy/constant/targets")));

    private static int[] Ints(string name)
    {
        using var golden = new GoldenFile("layers.safetensors");
        return golden.ReadInts(name);
    }

    private static void Check(string name, IModule? module, Func<Tape, Dictionary<string, Tensor>, Tensor> forward)
    {
        using var golden = new GoldenFile("layers.safetensors");
        foreach (Parameter parameter in module?.Parameters ?? [])
            golden.Read($"{name}/parameter/{parameter.Name}").Values.CopyTo(parameter.Value.Values);
        using var team = new WorkerTeam(2);
        var tape = new Tape(team);
        string prefix = $"{name}/input/";
        Dictionary<string, Tensor> inputs = golden.Names.Where(key => key.StartsWith(prefix, StringComparison.Ordinal))
            .ToDictionary(key => key[prefix.Length..], key => tape.Variable(golden.Read(key)));

        Tensor output = forward(tape, inputs);
        golden.AssertClose($"{name}/output", output, Tolerance);
        Tensor scalar = tape.Sum(tape.Multiply(output, golden.Read($"{name}/seed")));
        if (inputs.Count > 0)
        {
            Tensor[] gradients = tape.Gradients(scalar, [.. inputs.Values]);
            foreach ((string key, Tensor gradient) in inputs.Keys.Zip(gradients))
                golden.AssertClose($"{name}/gradient/{key}", gradient, Tolerance);
        }
        tape.Backward(scalar);
        foreach (Parameter parameter in module?.Parameters ?? [])
            golden.AssertClose($"{name}/gradient/{parameter.Name}", Dense(parameter), Tolerance);
    }

    /// <summary>A gradient with all rows, whatever its kind.</summary>
    internal static float[] Dense(Parameter parameter)
    {
        if (parameter.Gradient is not SparseGradient sparse)
            return parameter.Gradient.IsEmpty ? new float[parameter.Value.Length] : parameter.Gradient.Values.ToArray();
        var dense = new float[parameter.Value.Length];
        int width = parameter.Value.Shape.Width;
        for (int i = 0; i < sparse.Rows.Length; i++)
            sparse.Values.Slice(i * width, width).CopyTo(dense.AsSpan(sparse.Rows[i] * width));
        return dense;
    }
}
