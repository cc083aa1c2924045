using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Layers;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Tests.Autograd;

/// <summary>What the tape itself promises: lifetimes, memory, stopping of gradients, refusal of misuse.</summary>
public sealed class TapeTests
{
    [Fact]
    public void A_tensor_of_an_earlier_step_is_refused()
    {
        var tape = new Tape();
        Tensor x = tape.Constant([1, 2], new Shape(2));
        tape.Reset();
        Assert.Throws<ObjectDisposedException>(() => x.Values.Length);
        Assert.Throws<ObjectDisposedException>(() => tape.Scale(x, 2));
    }

    [Fact]
    public void After_the_first_steps_memory_no_longer_grows()
    {
        var random = new SeededRandom(1);
        var mlp = new Mlp("mlp", [20, 30, 10, 1], random);
        var table = new Embedding("table", 500, 20, random);
        var tape = new Tape();
        long reserved = 0;
        for (int step = 0; step < 20; step++)
        {
            // Batches that differ a little, as those without duplicates do.
            int[] rows = [.. Enumerable.Range(0, 100 + (step % 5)).Select(_ => random.NextInt(500))];
            tape.Backward(tape.Mean(tape.Square(mlp.Forward(tape, table.Forward(tape, rows)))));
            tape.Reset();
            if (step == 5)
                reserved = tape.ReservedBytes;
        }
        Assert.Equal(reserved, tape.ReservedBytes);
    }

    [Fact]
    public void Gradients_add_up_over_uses_and_over_backward_passes()
    {
        var tape = new Tape();
        var p = new Parameter("p", Tensor.From([3], new Shape(1)));
        Tensor w = tape.Use(p);
        Assert.Same(w, tape.Use(p));
        Tensor loss = tape.Add(tape.Square(w), tape.Add(w, tape.Add(w, w)));
        tape.Backward(loss);
        Assert.Equal([9f], p.Gradient.Values.ToArray());
        tape.Backward(loss);
        Assert.Equal([18f], p.Gradient.Values.ToArray());
        p.Gradient.Clear();
        Assert.True(p.Gradient.IsEmpty);
    }

    [Fact]
    public void Gradients_stop_where_they_are_told_to()
    {
        var tape = new Tape();
        Tensor x = tape.Variable(Tensor.From([2], new Shape(1)));
        Tensor square = tape.Square(x);
        Tensor loss = tape.Sum(tape.Multiply(tape.StopGradient(square), x));
        Assert.Equal(4, tape.Gradients(loss, [x])[0].Item());
        Assert.Equal(0, tape.Gradients(loss, [square])[0].Item());
    }

    [Fact]
    public void Nothing_is_recorded_during_a_pause_or_for_frozen_parameters()
    {
        var tape = new Tape();
        var p = new Parameter("p", Tensor.From([3], new Shape(1)));
        using (tape.Pause())
        {
            Assert.False(tape.Square(tape.Use(p)).RequiresGradient);
            Assert.False(tape.Recording);
        }
        Assert.True(tape.Recording);
        Assert.Equal(0, tape.NodeCount);
        p.Trainable = false;
        Assert.False(tape.Square(tape.Use(p)).RequiresGradient);
        p.Trainable = true;
        Assert.True(tape.Square(tape.Use(p)).RequiresGradient);
    }

    [Fact]
    public void A_seed_weights_the_values_of_an_output()
    {
        var tape = new Tape();
        Tensor x = tape.Variable(Tensor.From([1, 2, 3], new Shape(3)));
        Tensor[] gradients = tape.Gradients(tape.Square(x), [x], seed: Tensor.From([1, 0, -1], new Shape(3)));
        Assert.Equal([2f, 0f, -6f], gradients[0].Values.ToArray());
    }

    [Fact]
    public void Third_order_gradients_work_where_second_order_ones_do()
    {
        var tape = new Tape();
        Tensor x = tape.Variable(Tensor.From([0.7f], new Shape(1)));
        Tensor y = tape.Exp(tape.Scale(x, 2));
        Tensor first = tape.Gradients(y, [x], createGraph: true)[0];
        Tensor second = tape.Gradients(first, [x], createGraph: true)[0];
        Tensor third = tape.Gradients(second, [x])[0];
        Assert.Equal(8 * MathF.Exp(1.4f), third.Item(), 1e-3f);
    }

    [Fact]
    public void Misuse_is_refused()
    {
        var tape = new Tape();
        Tensor x = tape.Variable(Tensor.From([1, 2], new Shape(2)));
        Tensor other = new Tape().Variable(Tensor.From([1, 2], new Shape(2)));
        Assert.Throws<ArgumentException>(() => tape.Backward(x));
        Assert.Throws<ArgumentException>(() => tape.Backward(tape.Constant([1], Shape.Scalar)));
        Assert.Throws<ArgumentException>(() => tape.Gradients(tape.Sum(x), [other]));
        Assert.Throws<ArgumentException>(() => tape.Add(x, other));
        Assert.Throws<ArgumentException>(() => tape.Add(x, tape.Constant([1, 2, 3], new Shape(3))));
        Assert.Throws<ArgumentException>(() => tape.MatMul(x, x));
        Assert.Throws<ArgumentException>(() => tape.Reshape(x, new Shape(3)));
        Assert.Throws<ArgumentException>(() => tape.Constant([1], new Shape(2)));
        Assert.Throws<ArgumentException>(() => new Parameter("p", x));
        Assert.Throws<ArgumentOutOfRangeException>(() => tape.SliceColumns(x, 1, 2));
        Assert.Throws<InvalidOperationException>(() => x.Item());
        var p = new Parameter("p", Tensor.From([3], new Shape(1)));
        Assert.Throws<ArgumentException>(() => tape.Bind(p, x));
        ArgumentOutOfRangeException missing = Assert.Throws<ArgumentOutOfRangeException>(
            () => tape.Lookup(Tensor.Zeros(new Shape(4, 2)), [1, 4]));
        Assert.Contains("Row 4 (at place 1)", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sparse_gradient_holds_each_touched_row_once()
    {
        var tape = new Tape();
        var table = new Embedding("t", 1_000_000, 2, new SeededRandom(1));
        Tensor looked = table.Forward(tape, [7, 999_999, -1, 7]);
        Assert.Equal([0f, 0f], looked.Values.Slice(4, 2).ToArray());
        tape.Backward(tape.Sum(tape.Multiply(looked, tape.Constant([1, 2, 3, 4, 5, 6, 7, 8], new Shape(4, 2)))));
        var gradient = Assert.IsType<SparseGradient>(table.Table.Gradient);
        Assert.Equal([7, 999_999], gradient.Rows.ToArray());
        Assert.Equal([8f, 10f, 3f, 4f], gradient.Values.ToArray());
        Assert.Equal(64 + 100 + 9 + 16, gradient.SquaredNorm());
        gradient.Scale(0.5f);
        Assert.Equal([4f, 5f, 1.5f, 2f], gradient.Values.ToArray());
        gradient.Clear();
        tape.Backward(tape.Sum(tape.Lookup(tape.Use(table.Table), [3])));
        Assert.Equal([3], gradient.Rows.ToArray());
        Assert.Equal([1f, 1f], gradient.Values.ToArray());
    }

    [Fact]
    public void Shapes_say_what_they_hold()
    {
        Assert.Equal("[2, 3, 4]", new Shape(2, 3, 4).ToString());
        Assert.Equal(24, new Shape(2, 3, 4).Length);
        Assert.Equal(6, new Shape(2, 3, 4).Rows);
        Assert.Equal(1, Shape.Scalar.Length);
        Assert.Equal(Shape.Scalar, new Shape([]));
        Assert.NotEqual(new Shape(2, 1), new Shape(2));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Shape(1, 2, 3, 4, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Shape(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Shape(65536, 65536));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Shape(2)[1]);
    }
}
