using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Layers;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Tests.Autograd;

/// <summary>A loss computed chunk by chunk is the loss computed at once, gradients included.</summary>
public sealed class ChunkedLossTests
{
    private const int Batch = 7, Width = 3, Candidates = 4;
    private const float Tolerance = 1e-5f;
    private static readonly int[] Rows = [4, 0, 4, 2, 2, 2, 1];

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 3)]
    [InlineData(1, 100)]
    [InlineData(2, 1)]
    [InlineData(2, 2)]
    [InlineData(2, 100)]
    [InlineData(3, 4)]
    public void Chunks_give_the_whole(int threads, int chunkSize)
    {
        using var team = new WorkerTeam(threads);
        var chunked = new ChunkedLoss(team);
        var expected = new Setup();
        var actual = new Setup();
        // Several steps: what a worker keeps from one must not leak into the next.
        for (int step = 0; step < 3; step++)
        {
            float whole = expected.Step((tape, shared, entries) => Loss(tape, expected, shared, entries, 0, Batch));
            float sum = actual.Step((tape, shared, entries) => chunked.Run(tape, Batch, chunkSize, [shared], [entries], (worker, chunk) =>
                Loss(worker, actual, chunk.Shared[0], chunk.PerEntry[0], chunk.Start, chunk.Count)));
            Assert.Equal(whole, sum, Tolerance);
            AssertSameGradients(expected, actual);
            if (step < 2)
            {
                expected.Clear();
                actual.Clear();
            }
        }
    }

    [Fact]
    public void Equal_runs_give_equal_bits()
    {
        float[][] runs = [.. Enumerable.Range(0, 2).Select(_ =>
        {
            using var team = new WorkerTeam(2);
            var chunked = new ChunkedLoss(team);
            var setup = new Setup();
            setup.Step((tape, shared, entries) => chunked.Run(tape, Batch, 1, [shared], [entries], (worker, chunk) =>
                Loss(worker, setup, chunk.Shared[0], chunk.PerEntry[0], chunk.Start, chunk.Count)));
            return setup.Parameters.SelectMany(parameter => parameter.Gradient.Values.ToArray()).ToArray();
        })];
        Assert.Equal(runs[0], runs[1]);
    }

    [Fact]
    public void Without_recording_there_is_a_value_and_no_gradient()
    {
        var chunked = new ChunkedLoss(null);
        var setup = new Setup();
        var tape = new Tape();
        using (tape.Pause())
        {
            Tensor shared = tape.Use(setup.Shared.Table), entries = tape.Use(setup.Entries);
            float whole = Loss(tape, setup, shared, entries, 0, Batch).Item();
            Tensor loss = chunked.Run(tape, Batch, 2, [shared], [entries], (worker, chunk) =>
                Loss(worker, setup, chunk.Shared[0], chunk.PerEntry[0], chunk.Start, chunk.Count));
            Assert.False(loss.RequiresGradient);
            Assert.Equal(whole, loss.Item(), Tolerance);
        }
    }

    [Fact]
    public void A_perturbation_inside_a_chunk_leaves_parameters_alone()
    {
        var chunked = new ChunkedLoss(null);
        var setup = new Setup();
        setup.Step((tape, shared, entries) => chunked.Run(tape, Batch, 2, [shared], [entries], (worker, chunk) =>
        {
            Tensor plain = Loss(worker, setup, chunk.Shared[0], chunk.PerEntry[0], chunk.Start, chunk.Count);
            Tensor direction = worker.Sign(worker.Gradients(plain, [chunk.Shared[0]])[0]);
            Tensor moved = worker.Add(chunk.Shared[0], worker.Scale(direction, 0.1f));
            Tensor harder = Loss(worker, setup, moved, chunk.PerEntry[0], chunk.Start, chunk.Count);
            Assert.True(harder.Item() > plain.Item());
            return harder;
        }));
        Assert.All(setup.Parameters, parameter => Assert.False(parameter.Gradient.IsEmpty));
    }

    [Fact]
    public void Misuse_is_refused()
    {
        var tape = new Tape();
        var chunked = new ChunkedLoss(null);
        Tensor x = tape.Variable(Tensor.From([1, 2], new Shape(2)));
        Assert.Throws<ArgumentException>(() => chunked.Run(tape, 3, 1, [], [x], (worker, chunk) => worker.Sum(chunk.PerEntry[0])));
        Assert.ThrowsAny<ArgumentException>(() => chunked.Run(tape, 2, 2, [], [x], (worker, chunk) => chunk.PerEntry[0]));
        Tensor first = chunked.Run(tape, 2, 1, [], [x], (worker, chunk) => worker.Sum(chunk.PerEntry[0]));
        Tensor second = chunked.Run(tape, 2, 1, [], [x], (worker, chunk) => worker.Sum(chunk.PerEntry[0]));
        Assert.Throws<InvalidOperationException>(() => tape.Backward(tape.Add(first, second)));
    }

    // Parameters of every kind inside: sparse rows, dense weights; and operands that are shared and that are cut.
    private static Tensor Loss(Tape tape, Setup setup, Tensor shared, Tensor entries, int start, int count)
    {
        Tensor users = tape.Add(entries, setup.Users.Forward(tape, Rows.AsSpan(start, count)));
        Tensor scores = tape.MatMul(setup.Mlp.Forward(tape, users), shared, transposeB: true);
        return tape.Scale(tape.Sum(tape.LogSumExp(scores)), 1f / Batch);
    }

    private static void AssertSameGradients(Setup expected, Setup actual)
    {
        foreach ((Parameter one, Parameter two) in expected.Parameters.Zip(actual.Parameters))
        {
            float[] wanted = Golden.LayerGoldenTests.Dense(one), found = Golden.LayerGoldenTests.Dense(two);
            for (int i = 0; i < wanted.Length; i++)
                Assert.True(MathF.Abs(wanted[i] - found[i]) <= Tolerance, $"{one.Name}[{i}]: {found[i]} instead of {wanted[i]}.");
        }
    }

    private sealed class Setup
    {
        private readonly Tape _tape = new();

        public Setup()
        {
            var random = new SeededRandom(41);
            Shared = new Embedding("shared", Candidates, Width, random, 1);
            Users = new Embedding("users", 5, Width, random, 1);
            Mlp = new Mlp("mlp", [Width, 5, Width], random);
            Entries = new Parameter("entries", Initialization.Normal(new Shape(Batch, Width), 1, random));
        }

        public Embedding Shared { get; }

        public Embedding Users { get; }

        public Mlp Mlp { get; }

        public Parameter Entries { get; }

        public IEnumerable<Parameter> Parameters => [Shared.Table, Users.Table, .. Mlp.Parameters, Entries];

        public float Step(Func<Tape, Tensor, Tensor, Tensor> loss)
        {
            Tensor shared = Shared.Forward(_tape, [0, 1, 2, 3]);
            // Behind an operation, and scaled, so that the chain rule on both sides of the chunks is exercised.
            Tensor entries = _tape.Scale(_tape.Use(Entries), 0.5f);
            Tensor total = _tape.Scale(loss(_tape, shared, entries), 3);
            _tape.Backward(total);
            float value = total.Item();
            _tape.Reset();
            return value;
        }

        public void Clear()
        {
            foreach (Parameter parameter in Parameters)
                parameter.Gradient.Clear();
        }
    }
}
