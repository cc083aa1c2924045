using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Layers;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Tests.Layers;

public sealed class LayerTests
{
    [Fact]
    public void Initial_values_have_the_variance_that_they_should()
    {
        var random = new SeededRandom(5);
        Assert.Equal(2.0 / 300, Variance(Initialization.He(200, 300, random)), 3e-4);
        Assert.Equal(2.0 / 500, Variance(Initialization.Xavier(200, 300, random)), 2e-4);
        Assert.Equal(0.25, Variance(Initialization.Normal(new Shape(60000), 0.5, random)), 1e-2);
    }

    [Fact]
    public void Equal_seeds_give_equal_layers_and_names_are_unique()
    {
        Parameter[] Make()
        {
            var random = new SeededRandom(6);
            IModule[] modules =
            [
                new Mlp("mlp", [3, 4, 5, 1], random), new SelfAttentionBlock("block", 4, 2, 8, random),
                new Embedding("table", 5, 3, random),
                new LayerNorm("norm", 3), new PRelu("act", 2), new Linear("linear", 2, 2, random, bias: false),
            ];
            return [.. modules.SelectMany(module => module.Parameters)];
        }
        Parameter[] one = Make(), two = Make();
        Assert.Equal(one.Length, one.Select(parameter => parameter.Name).Distinct().Count());
        Assert.Equal(8 + 16 + 1 + 2 + 1 + 1, one.Length);
        Assert.All(one.Zip(two), pair =>
        {
            Assert.Equal(pair.First.Name, pair.Second.Name);
            Assert.Equal(pair.First.Value.Values.ToArray(), pair.Second.Value.Values.ToArray());
        });
    }

    [Fact]
    public void Misuse_is_refused()
    {
        var random = new SeededRandom(7);
        Assert.Throws<ArgumentException>(() => new SelfAttentionBlock("block", 6, 4, 8, random));
        Assert.Throws<ArgumentException>(() => new Mlp("mlp", [3], random));
        var block = new SelfAttentionBlock("block", 4, 2, 8, random);
        Assert.Throws<ArgumentException>(() => block.Forward(new Tape(), Tensor.Zeros(new Shape(3, 4))));
        Assert.Throws<ArgumentException>(() => new Linear("l", 3, 2, random).Forward(new Tape(), Tensor.Zeros(new Shape(1, 4))));
        Assert.Throws<ArgumentException>(() => new Parameter("", Tensor.Zeros(new Shape(1))));
    }

    private static double Variance(Tensor tensor)
    {
        double sum = 0;
        foreach (float value in tensor.Values)
            sum += (double)value * value;
        return sum / tensor.Length;
    }
}
