using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Layers;
using RecallCluster.Learning.Losses;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Tests.Golden;

/// <summary>A gradient through a gradient step, as MAML takes it, against PyTorch with create_graph.</summary>
public sealed class SecondOrderGoldenTests
{
    [Fact]
    public void The_gradient_through_one_inner_step_is_that_of_torch()
    {
        using var golden = new GoldenFile("maml.safetensors");
        var mlp = new Mlp("mlp", [5, 7, 1], new SeededRandom(1));
        Parameter[] parameters = [.. mlp.Parameters];
        foreach (Parameter parameter in parameters)
            golden.Read($"parameter/{parameter.Name}").Values.CopyTo(parameter.Value.Values);
        var tape = new Tape();

        Tensor inner = BinaryCrossEntropy.WithLogits(tape, mlp.Forward(tape, golden.Read("support/x")), golden.Read("support/y").Values);
        golden.AssertClose("inner", inner, 1e-6);
        Tensor[] weights = [.. parameters.Select(tape.Use)];
        Tensor[] gradients = tape.Gradients(inner, weights, createGraph: true);
        for (int i = 0; i < parameters.Length; i++)
            tape.Bind(parameters[i], tape.Subtract(weights[i], tape.Scale(gradients[i], 0.5f)));
        Tensor outer = BinaryCrossEntropy.WithLogits(tape, mlp.Forward(tape, golden.Read("query/x")), golden.Read("query/y").Values);
        golden.AssertClose("outer", outer, 1e-6);
        tape.Backward(outer);

        foreach (Parameter parameter in parameters)
            golden.AssertClose($"gradient/{parameter.Name}", parameter.Gradient.Values, 1e-5);
    }

    [Fact]
    public void An_operation_without_second_order_gradient_says_so()
    {
        var layer = new LayerNorm("n", 3);
        var tape = new Tape();
        Tensor x = tape.Variable(Tensor.From([1, 2, 4], new Shape(1, 3)));
        Tensor loss = tape.Sum(tape.Square(layer.Forward(tape, x)));
        NotSupportedException exception = Assert.Throws<NotSupportedException>(() => tape.Gradients(loss, [x], createGraph: true));
        Assert.Contains("Layer normalisation", exception.Message, StringComparison.Ordinal);
        Assert.Equal(3, tape.Gradients(loss, [x])[0].Length);
    }
}
