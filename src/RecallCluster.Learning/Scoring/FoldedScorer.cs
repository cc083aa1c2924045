using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using RecallCluster.Numerics;
using RecallCluster.Retrieval;

namespace RecallCluster.Learning.Scoring;

/// <summary>
/// The fast path of the scoring model: linear attention and the first layer folded into a record per ad and a state per user
/// (<see cref="FoldedWeights"/>), so that an ad costs about d h1 + h1 h2 multiply-adds whatever the length of the user's sequence.
/// </summary>
/// <remarks>
/// It scores records where they are (a mapped index file), or a copy of its own (<see cref="Resident"/>) in large pages, which are faster
/// to read at random, on request in bfloat16, which halves what has to be fetched.
/// </remarks>
public sealed unsafe class FoldedScorer : IScorer, IDisposable
{
    private readonly FoldedWeights _weights;
    private readonly FoldedLayers _layers;
    private readonly NativeBlock<float>? _singles;
    private readonly NativeBlock<ushort>? _halves;
    private IDisposable? _owned;

    /// <summary>A scorer over <paramref name="count"/> records, which it does not own.</summary>
    /// <param name="weights">The layers above the first.</param>
    /// <param name="records">The ads' records in the order of their ordinals, each <see cref="FoldedWeights.RecordLength"/> floats.</param>
    /// <param name="count">Number of ads.</param>
    /// <exception cref="ArgumentException">The block is too small for <paramref name="count"/> records.</exception>
    public FoldedScorer(FoldedWeights weights, NativeBlock<float> records, int count)
        : this(weights, count)
    {
        ArgumentNullException.ThrowIfNull(records);
        CheckLength(records, weights, count);
        _singles = records;
    }

    /// <summary>A scorer over records in bfloat16 (<see cref="BFloat16"/>), which it does not own.</summary>
    /// <inheritdoc cref="FoldedScorer(FoldedWeights, NativeBlock{float}, int)"/>
    public FoldedScorer(FoldedWeights weights, NativeBlock<ushort> records, int count)
        : this(weights, count)
    {
        ArgumentNullException.ThrowIfNull(records);
        CheckLength(records, weights, count);
        _halves = records;
    }

    private FoldedScorer(FoldedWeights weights, int count)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        _weights = weights;
        _layers = new FoldedLayers(weights);
        ItemCount = count;
    }

    /// <inheritdoc/>
    public int ItemCount { get; }

    /// <inheritdoc/>
    public int UserStateLength => _weights.UserStateLength;

    /// <summary>A scorer over a copy of the records that it owns, in large pages.</summary>
    /// <param name="weights">The layers above the first.</param>
    /// <param name="records">The records to copy.</param>
    /// <param name="count">Number of ads.</param>
    /// <param name="bfloat16">
    /// Whether to round the copy to bfloat16: half the memory and traffic, scores off by some thousandths of their spread.
    /// </param>
    /// <exception cref="ArgumentException">The block is too small for <paramref name="count"/> records.</exception>
    public static FoldedScorer Resident(FoldedWeights weights, NativeBlock<float> records, int count, bool bfloat16 = false)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(records);
        CheckLength(records, weights, count);
        int length = weights.RecordLength;
        if (bfloat16)
        {
            NativeBlock<ushort> halves = Halves(weights, records, count);
            return new FoldedScorer(weights, halves, count) { _owned = halves };
        }
        var singles = new NativeBlock<float>((long)count * length);
        for (long i = 0; i < singles.Length; i += length)
            records.Span(i, length).CopyTo(singles.Span(i, length));
        return new FoldedScorer(weights, singles, count) { _owned = singles };
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">
    /// The user state has another length, or <paramref name="scores"/> is shorter than <paramref name="ordinals"/>.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">An ordinal names no ad.</exception>
    /// <exception cref="ObjectDisposedException">The scorer or its records were disposed.</exception>
    public void Score(ReadOnlySpan<float> userState, ReadOnlySpan<int> ordinals, Span<float> scores)
    {
        ScorerChecks.RequireLengths(this, userState, ordinals, scores);
        byte* records = _singles is null ? (byte*)_halves!.Pointer : (byte*)_singles.Pointer;
        ObjectDisposedException.ThrowIf(records == null || _layers.IsDisposed, this);
        int size = _singles is null ? sizeof(ushort) : sizeof(float);
        fixed (float* user = userState, output = scores)
        fixed (int* items = ordinals)
        {
            var batch = new FoldedBatch(records, _layers.RecordBytes(size), ItemCount, user, items, ordinals.Length, output);
            if (_singles is null)
                Score<BFloat16Records>(batch);
            else
                Score<SingleRecords>(batch);
        }
        GC.KeepAlive(this);
    }

    /// <summary>Frees the packed weights, and the records where they are the scorer's own.</summary>
    public void Dispose()
    {
        _layers.Dispose();
        _owned?.Dispose();
    }

    // The floats narrowed, the codes as they are.
    private static NativeBlock<ushort> Halves(FoldedWeights weights, NativeBlock<float> records, int count)
    {
        int length = weights.RecordLength, floats = weights.Width + weights.Hidden1, halved = HalvedLength(weights);
        var halves = new NativeBlock<ushort>((long)count * halved);
        for (int i = 0; i < count; i++)
        {
            Span<float> record = records.Span((long)i * length, length);
            Span<ushort> target = halves.Span((long)i * halved, halved);
            BFloat16.Narrow(record[..floats], target[..floats]);
            MemoryMarshal.Cast<float, ushort>(record[floats..]).CopyTo(target[floats..]);
        }
        return halves;
    }

    private static int HalvedLength(FoldedWeights weights) => weights.Width + weights.Hidden1 + (2 * weights.Match.RecordFloats);

    private static void CheckLength<T>(NativeBlock<T> records, FoldedWeights weights, int count)
        where T : unmanaged
    {
        int length = typeof(T) == typeof(ushort) ? HalvedLength(weights) : weights.RecordLength;
        long wanted = (long)count * length;
        if (records.Length < wanted)
        {
            throw new ArgumentException(
                $"The block holds {records.Length} values; {count} records of {length} take {wanted}.", nameof(records));
        }
    }

    private void Score<TFormat>(in FoldedBatch batch)
        where TFormat : struct, IRecordFormat
    {
        switch (_layers.BestPath())
        {
            case SimdPath.Avx512:
                FoldedKernel<Vector512<float>, Lanes512, TFormat>.Score(_layers, batch);
                break;
            case SimdPath.Avx2:
                FoldedKernel<Vector256<float>, Lanes256, TFormat>.Score(_layers, batch);
                break;
            default:
                if (_layers.Fits(Lanes128.Count))
                    FoldedKernel<Vector128<float>, Lanes128, TFormat>.Score(_layers, batch);
                else
                    PlainFoldedKernel.Score<TFormat>(_weights, batch);
                break;
        }
    }
}
