using System.Numerics.Tensors;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Tensors;
using RecallCluster.Numerics;
using RecallCluster.Retrieval;

namespace RecallCluster.Learning.Scoring;

/// <summary>
/// The deep model scored as it is written, without folding, with softmax or linear attention: every ad attends to every behaviour. The
/// reference for <see cref="FoldedScorer"/>, and the other side of the attention ablation. Ads go through it in blocks, each layer one
/// matrix product.
/// </summary>
public sealed class PlainScorer : IScorer
{
    private const int Block = 256;

    [ThreadStatic]
    private static PlainScratch? _scratch;

    private readonly ModelConfig _config;
    private readonly PlainUserState _layout;
    private readonly NativeBlock<float> _records;
    private readonly int _recordLength;
    private readonly float[] _attentionWeight, _slope1, _w2, _b2, _slope2, _w3;
    private readonly float _b3;

    /// <summary>A scorer of <paramref name="model"/>, whose weights are copied, over records that it does not own.</summary>
    /// <param name="model">The model.</param>
    /// <param name="records">For each ad [q | W_t t | codes]; <see cref="ModelFolder.PlainRecords"/> makes them.</param>
    /// <param name="count">Number of ads.</param>
    /// <exception cref="ArgumentException">The block is too small.</exception>
    public PlainScorer(DeepAdModel model, NativeBlock<float> records, int count)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(records);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        _config = model.Config;
        _recordLength = ModelFolder.RecordLength(_config);
        if (records.Length < (long)count * _recordLength)
            throw new ArgumentException(
                $"The block holds {records.Length} floats; {count} records take {(long)count * _recordLength}.", nameof(records));
        _layout = new PlainUserState(_config);
        _records = records;
        ItemCount = count;
        _attentionWeight = model.FirstAttention.Weight.Value.Values.ToArray();
        _slope1 = model.FirstActivation.Slope.Value.Values.ToArray();
        _w2 = model.Second.Weight.Value.Values.ToArray();
        _b2 = model.Second.Bias!.Value.Values.ToArray();
        _slope2 = model.SecondActivation.Slope.Value.Values.ToArray();
        _w3 = model.Output.Weight.Value.Values.ToArray();
        _b3 = model.Output.Bias!.Value.Item();
    }

    /// <inheritdoc/>
    public int ItemCount { get; }

    /// <inheritdoc/>
    public int UserStateLength => PlainUserState.LengthFor(_config);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">
    /// The user state has another length or is not one of this model's, or <paramref name="scores"/> is too short.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">An ordinal names no ad.</exception>
    public void Score(ReadOnlySpan<float> userState, ReadOnlySpan<int> ordinals, Span<float> scores)
    {
        ScorerChecks.Require(this, userState, ordinals, scores);
        float places = userState[_layout.CountOffset];
        if (!(places >= 0 && places <= _config.SequenceLimit))
            throw new ArgumentException(
                $"The user state says a sequence of {places}; the model's has 0 to {_config.SequenceLimit} behaviours.", nameof(userState));
        PlainScratch scratch = _scratch ??= new PlainScratch();
        scratch.Reserve(Block, _config);
        for (int start = 0; start < ordinals.Length; start += Block)
        {
            int length = Math.Min(Block, ordinals.Length - start);
            Gather(ordinals.Slice(start, length), scratch);
            Attend(userState, length, scratch);
            Perceive(userState, length, scratch, scores.Slice(start, length));
            AddMatches(userState, ordinals.Slice(start, length), scores[start..]);
        }
    }

    private void Gather(ReadOnlySpan<int> ordinals, PlainScratch scratch)
    {
        int d = _config.Width, h1 = _config.Hidden1;
        for (int i = 0; i < ordinals.Length; i++)
        {
            Span<float> record = _records.Span((long)ordinals[i] * _recordLength, _recordLength);
            record[..d].CopyTo(scratch.Queries.AsSpan(i * d, d));
            record.Slice(d, h1).CopyTo(scratch.First.AsSpan(i * h1, h1));
        }
    }

    // The attention output of each ad, [n, d]: weights over the sequence's places, times their values.
    private void Attend(ReadOnlySpan<float> user, int n, PlainScratch scratch)
    {
        int d = _config.Width, places = (int)user[_layout.CountOffset];
        Span<float> attention = scratch.Attention.AsSpan(0, n * d), mapped = scratch.Mapped.AsSpan(0, n * d);
        Activations.EluPlusOne(scratch.Queries.AsSpan(0, n * d), mapped);
        if (places == 0)
        {
            attention.Clear();
            return;
        }
        bool linear = _config.Attention == AttentionKind.Linear;
        Span<float> weights = scratch.Weights.AsSpan(0, n * places);
        ReadOnlySpan<float> keys = user.Slice(_layout.KeysOffset, places * d), values = user.Slice(_layout.ValuesOffset, places * d);
        Gemm.Multiply(linear ? mapped : scratch.Queries.AsSpan(0, n * d), false, keys, true, weights, n, places, d, false);
        float scale = 1 / MathF.Sqrt(d);
        for (int i = 0; i < n; i++)
        {
            Span<float> row = weights.Slice(i * places, places);
            if (linear)
                TensorPrimitives.Divide(row, TensorPrimitives.Sum<float>(row) + FoldedWeights.Epsilon, row);
            else
            {
                TensorPrimitives.Multiply(row, scale, row);
                TensorPrimitives.SoftMax(row, row);
            }
        }
        Gemm.Multiply(weights, false, values, false, attention, n, d, places, false);
    }

    private void Perceive(ReadOnlySpan<float> user, int n, PlainScratch scratch, Span<float> scores)
    {
        int d = _config.Width, h1 = _config.Hidden1, h2 = _config.Hidden2;
        Span<float> first = scratch.First.AsSpan(0, n * h1), second = scratch.Second.AsSpan(0, n * h2);
        Gemm.Multiply(scratch.Attention, false, _attentionWeight, true, first, n, h1, d, true);
        for (int i = 0; i < n; i++)
        {
            Span<float> row = first.Slice(i * h1, h1);
            TensorPrimitives.Add(row, user[..h1], row);
            VectorLoop.Map(default(PReluKernel), row, _slope1, row);
        }
        Gemm.Multiply(first, false, _w2, true, second, n, h2, h1, false);
        ReadOnlySpan<float> interaction = user.Slice(_layout.InteractionOffset, d);
        for (int i = 0; i < n; i++)
        {
            Span<float> row = second.Slice(i * h2, h2);
            TensorPrimitives.Add(row, _b2, row);
            VectorLoop.Map(default(PReluKernel), row, _slope2, row);
            scores[i] = TensorPrimitives.Dot<float>(row, _w3) + _b3 + TensorPrimitives.Dot(interaction, scratch.Mapped.AsSpan(i * d, d));
        }
    }

    private unsafe void AddMatches(ReadOnlySpan<float> user, ReadOnlySpan<int> ordinals, Span<float> scores)
    {
        if (_layout.Match.Fields == 0)
            return;
        int codes = _config.Width + _config.Hidden1;
        fixed (float* state = user)
        {
            for (int i = 0; i < ordinals.Length; i++)
                scores[i] += _layout.Match.Sum(
                    state + _layout.MatchOffset, (int*)(_records.Pointer + ((long)ordinals[i] * _recordLength) + codes));
        }
    }

    /// <summary>A thread's scratch memory, kept from call to call.</summary>
    private sealed class PlainScratch
    {
        public float[] Queries = [], Mapped = [], Attention = [], Weights = [], First = [], Second = [];

        public void Reserve(int block, ModelConfig config)
        {
            Grow(ref Queries, block * config.Width);
            Grow(ref Mapped, block * config.Width);
            Grow(ref Attention, block * config.Width);
            Grow(ref Weights, block * config.SequenceLimit);
            Grow(ref First, block * config.Hidden1);
            Grow(ref Second, block * config.Hidden2);
        }

        private static void Grow(ref float[] array, int length)
        {
            if (array.Length < length)
                array = new float[length];
        }
    }
}
