using System.Numerics.Tensors;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Autograd;

/// <summary>The loss of one chunk of a batch, computed on a worker's tape.</summary>
/// <param name="tape">The worker's tape, empty.</param>
/// <param name="chunk">Which entries, and the tensors they need, as leaves of that tape.</param>
/// <returns>
/// A single value; the batch's loss is the sum over chunks, so a mean is to be divided by the batch's size, not the chunk's.
/// </returns>
public delegate Tensor ChunkFunction(Tape tape, Chunk chunk);

/// <summary>A run of a batch's entries and the tensors to compute their loss from.</summary>
/// <param name="Start">First entry.</param>
/// <param name="Count">Number of entries.</param>
/// <param name="Shared">The shared tensors, whole.</param>
/// <param name="PerEntry">The tensors with the batch as first axis, cut to these entries.</param>
public sealed record Chunk(int Start, int Count, IReadOnlyList<Tensor> Shared, IReadOnlyList<Tensor> PerEntry);

/// <summary>
/// A loss that is a sum over a batch's entries, computed chunk by chunk, forward and backward at once, each worker thread with a tape of
/// its own. What a chunk computes stays in the processor's cache instead of streaming through memory once an operation, threads meet once
/// a batch instead of once an operation, and memory is that of a few chunks. Results do not depend on timing: which chunks a worker takes
/// is fixed by the team's size.
/// </summary>
/// <remarks>
/// Parameters used inside a chunk get their gradient in <see cref="Tape.Backward(Tensor)"/>; <see cref="Tape.Gradients"/> reaches the
/// tensors handed in. First-order gradients only. One instance serves one loss a step.
/// </remarks>
public sealed class ChunkedLoss
{
    private readonly WorkerTeam? _team;
    private readonly Worker[] _workers;
    private int _round;

    /// <summary>A loss whose chunks are shared among <paramref name="team"/>.</summary>
    public ChunkedLoss(WorkerTeam? team)
    {
        _team = team;
        _workers = [.. Enumerable.Range(0, team?.Size ?? 1).Select(_ => new Worker())];
    }

    /// <summary>Bytes that the workers' tapes hold.</summary>
    public long ReservedBytes => _workers.Sum(worker => worker.Tape.ReservedBytes);

    /// <summary>The sum of <paramref name="function"/> over the chunks, as a node of <paramref name="tape"/>.</summary>
    /// <param name="tape">Where the operands live and the loss goes.</param>
    /// <param name="batch">Number of entries.</param>
    /// <param name="chunkSize">Entries in a chunk; the last one may have fewer.</param>
    /// <param name="shared">Tensors that every chunk needs whole.</param>
    /// <param name="perEntry">Tensors whose first axis is the batch.</param>
    /// <param name="function">Computes the loss of a chunk; called from several threads at once.</param>
    /// <exception cref="ArgumentException">A tensor's first axis is not the batch, or a chunk's loss is not a single value.</exception>
    public Tensor Run(
        Tape tape, int batch, int chunkSize, ReadOnlySpan<Tensor> shared, ReadOnlySpan<Tensor> perEntry, ChunkFunction function)
    {
        ArgumentNullException.ThrowIfNull(tape);
        ArgumentNullException.ThrowIfNull(function);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(chunkSize);
        var round = new Round(tape, batch, chunkSize, shared.ToArray(), perEntry.ToArray(), function, _workers.Length);
        if (_team == null || _workers.Length == 1)
            _workers[0].Run(round, 0, 1);
        else
            _team.Run(_workers.Length, worker => _workers[worker].Run(round, worker, _workers.Length));
        int number = ++_round;

        Tensor loss = tape.Full(Shape.Scalar, (float)round.Losses.Sum());
        if (!tape.Recording)
            return loss;
        Tensor?[] sharedGradients = round.SumShared();
        return tape.Record(loss, [.. round.Shared, .. round.PerEntry], (sink, _, gradient) =>
        {
            tape.RequireFirstOrder("A chunked loss");
            if (number != _round)
                throw new InvalidOperationException(
                    "A chunked loss was computed again before the backward pass of the first; use one instance for each.");
            Pass(tape, sink, round.Shared, sharedGradients, gradient);
            Pass(tape, sink, round.PerEntry, round.EntryGradients, gradient);
            foreach (Worker worker in _workers)
                sink.AddParameterGradients(worker.Gradients, gradient.Item());
        });
    }

    private static void Pass(Tape tape, GradientSink sink, Tensor[] inputs, Tensor?[] gradients, Tensor factor)
    {
        for (int i = 0; i < inputs.Length; i++)
            if (gradients[i] is { } gradient && sink.Needs(inputs[i]))
                sink.Add(inputs[i], factor.Item() == 1 ? tape.Share(gradient, gradient.Shape) : tape.Multiply(gradient, factor));
    }

    /// <summary>What one call hands to the workers and collects from them.</summary>
    private sealed class Round
    {
        private readonly Tensor?[][] _sharedGradients;

        public Round(Tape tape, int batch, int chunkSize, Tensor[] shared, Tensor[] perEntry, ChunkFunction function, int workers)
        {
            foreach (Tensor tensor in perEntry)
                if (tensor.Shape.Rank == 0 || tensor.Shape[0] != batch)
                    throw new ArgumentException(
                        $"A tensor of shape {tensor.Shape} has no entry for each of a batch of {batch}.", nameof(perEntry));
            (Tape, Batch, ChunkSize, Shared, PerEntry, Function) = (tape, batch, chunkSize, shared, perEntry, function);
            Losses = new double[(batch + chunkSize - 1) / chunkSize];
            EntryGradients = [.. perEntry.Select(tensor => tape.Records(tensor) ? tape.Allocate(tensor.Shape) : null)];
            _sharedGradients = [.. Enumerable.Range(0, workers)
                .Select(_ => shared.Select(tensor => tape.Records(tensor) ? tape.Full(tensor.Shape, 0) : null).ToArray())];
        }

        public Tape Tape { get; }

        public int Batch { get; }

        public int ChunkSize { get; }

        public Tensor[] Shared { get; }

        public Tensor[] PerEntry { get; }

        public ChunkFunction Function { get; }

        public double[] Losses { get; }

        public Tensor?[] EntryGradients { get; }

        public Tensor?[] SharedGradients(int worker) => _sharedGradients[worker];

        public Tensor?[] SumShared()
        {
            Tensor?[] total = _sharedGradients[0];
            for (int i = 0; i < total.Length; i++)
                foreach (Tensor?[] other in _sharedGradients.AsSpan(1))
                    if (total[i] is { } sum)
                        TensorPrimitives.Add(sum.Values, other[i]!.Values, sum.Values);
            return total;
        }
    }

    /// <summary>One thread's tape and the gradients of parameters that its chunks used.</summary>
    private sealed class Worker
    {
        private readonly Dictionary<Parameter, Gradient> _gradients = new(ReferenceEqualityComparer.Instance);

        public Worker() => Tape = new Tape(null, GradientOf);

        public Tape Tape { get; }

        public IReadOnlyDictionary<Parameter, Gradient> Gradients => _gradients;

        public void Run(Round round, int worker, int workers)
        {
            foreach (Gradient gradient in _gradients.Values)
                gradient.Clear();
            (int start, int end) = WorkerTeam.Slice(round.Losses.Length, worker, workers);
            for (int chunk = start; chunk < end; chunk++)
            {
                Tape.Reset();
                round.Losses[chunk] = RunChunk(round, chunk, round.SharedGradients(worker));
            }
        }

        private double RunChunk(Round round, int chunk, Tensor?[] sharedGradients)
        {
            int start = chunk * round.ChunkSize, count = Math.Min(round.ChunkSize, round.Batch - start);
            Tensor[] shared = [.. round.Shared.Select((tensor, i) => Leaf(tensor, sharedGradients[i]))];
            Tensor[] entries = [.. round.PerEntry.Select((tensor, i) => Leaf(Cut(tensor, start, count), round.EntryGradients[i]))];
            var input = new Chunk(start, count, shared, entries);
            if (!round.Tape.Recording)
            {
                using (Tape.Pause())
                    return round.Function(Tape, input).Item();
            }
            Tensor loss = round.Function(Tape, input);
            if (!loss.RequiresGradient)
            {
                ClearEntries(round, start, count);
                return loss.Item();
            }
            Tensor[] leaves = [.. shared, .. entries];
            var gradients = new Tensor?[leaves.Length];
            Tape.Backward(loss, leaves, gradients);
            for (int i = 0; i < shared.Length; i++)
                if (gradients[i] is { } gradient && sharedGradients[i] is { } sum)
                    TensorPrimitives.Add(sum.Values, gradient.Values, sum.Values);
            for (int i = 0; i < entries.Length; i++)
                if (round.EntryGradients[i] is { } whole)
                    Paste(gradients[shared.Length + i], whole, start, count);
            return loss.Item();
        }

        private static void ClearEntries(Round round, int start, int count)
        {
            foreach (Tensor? whole in round.EntryGradients)
                if (whole != null)
                    Paste(null, whole, start, count);
        }

        private static void Paste(Tensor? part, Tensor whole, int start, int count)
        {
            int stride = whole.Length / whole.Shape[0];
            Span<float> target = whole.Values.Slice(start * stride, count * stride);
            if (part == null)
                target.Clear();
            else
                part.Values.CopyTo(target);
        }

        private Tensor Leaf(Tensor value, Tensor? gradient) => gradient == null ? Tape.StopGradient(value) : Tape.Variable(value);

        private Tensor Cut(Tensor tensor, int start, int count)
        {
            using (Tape.Pause())
                return Tape.SliceFirst(tensor, start, count);
        }

        private Gradient GradientOf(Parameter parameter)
        {
            if (!_gradients.TryGetValue(parameter, out Gradient? gradient))
                _gradients[parameter] = gradient = parameter.NewGradient();
            return gradient;
        }
    }
}
