using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace RecallCluster.Learning.Scoring;

/// <summary>
/// Fetches the records of a block of ads while another block is computed, in two strokes, each for what limits it.
/// <list type="number">
/// <item><see cref="LookUp"/> touches every record, many in a row. A large table misses the processor's page cache (TLB) at every
/// record; a prefetch that misses cannot retire until the page is found, and stalls the arithmetic behind it. In a row, the page walks
/// of several records run side by side.</item>
/// <item><see cref="Tick"/>, from inside the kernel's loop, then fetches the other cache lines pair by pair. A burst of them would fill
/// the buffers that hold outstanding lines, and the arithmetic, which streams its weights through the same buffers, would wait.</item>
/// </list>
/// An ordinal out of range makes a wild address, which a prefetch ignores; the gather refuses it later.
/// </summary>
internal unsafe ref struct RecordPrefetch
{
    private const int LineBytes = 64;
    private const int PairBytes = 2 * LineBytes;

    // Steps of a tile's depth between two ticks: at two vectors by twelve rows, a pair of lines in a hundred cycles.
    private const int StepsPerTick = 8;

    // Page walks that a processor does side by side.
    private const int WalksAhead = 4;

    private readonly ref readonly FoldedBatch _batch;
    private readonly byte** _queue;
    private readonly byte** _idle;
    private int _queued;
    private int _taken;

    /// <summary>Prepares to fetch records of a batch.</summary>
    /// <param name="batch">The ads.</param>
    /// <param name="queue">Room for the entries of two blocks and one slice more.</param>
    /// <param name="idle">A slice of addresses that are in cache.</param>
    public RecordPrefetch(in FoldedBatch batch, byte** queue, byte** idle)
    {
        _batch = ref batch;
        _queue = queue;
        _idle = idle;
    }

    /// <summary>Entries of a record in the queue at most.</summary>
    public static int EntriesPerRecord(int recordBytes) => (recordBytes + PairBytes - 1) / PairBytes;

    /// <summary>Entries that a tile of <paramref name="depth"/> fetches.</summary>
    public static int SliceLength(int depth) => depth / StepsPerTick;

    /// <summary>One tick of a tile: fetches the entry of its slice that belongs to this step, if one does.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Tick(byte** slice, int stepsLeft)
    {
        if (stepsLeft % StepsPerTick == 0)
            Fetch(slice[(stepsLeft / StepsPerTick) - 1]);
    }

    /// <summary>Touches the ends of the record of ad <paramref name="index"/>, which is where its pages are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void LookUp(int index)
    {
        if (!Sse.IsSupported)
            return;
        byte* record = _batch.UncheckedRecord(index);
        Sse.Prefetch0(record);
        Sse.Prefetch0(record + _batch.RecordBytes - 1);
    }

    /// <summary>
    /// Fetches the records before <paramref name="end"/>, for which nothing can be done meanwhile: the first <paramref name="features"/>
    /// bytes at once, as they are needed first, then what is left up to <paramref name="urgent"/>; the rest is queued, in the order in
    /// which it will be needed.
    /// </summary>
    public void FetchFirst(int end, nint features, nint urgent)
    {
        // The walks of some records ahead and the lines of those already found are limited by different things, so they go together.
        for (int i = 0; i < end + WalksAhead; i++)
        {
            if (i < end)
                LookUp(i);
            if (i >= WalksAhead)
                FetchLines(i - WalksAhead, LineBytes, features);
        }
        for (int i = 0; i < end; i++)
            FetchLines(i, features, urgent);
        for (nint k = urgent; k < _batch.RecordBytes; k += PairBytes)
        {
            for (int i = 0; i < end; i++)
                _queue[_queued++] = _batch.UncheckedRecord(i) + k;
        }
    }

    /// <summary>Queues the records of ads [start, end), which were looked up: all but their first and last lines.</summary>
    public void Enqueue(int start, int end)
    {
        for (int i = start; i < end; i++)
        {
            byte* record = _batch.UncheckedRecord(i);
            for (nint k = LineBytes; k < _batch.RecordBytes - LineBytes; k += PairBytes)
                _queue[_queued++] = record + k;
        }
    }

    /// <summary>The slice of entries that a tile of <paramref name="depth"/> fetches by its ticks.</summary>
    public byte** Take(int depth)
    {
        if (_taken >= _queued)
            return _idle;
        byte** slice = _queue + _taken;
        int length = SliceLength(depth);
        for (int i = _queued - _taken; i < length; i++)
            slice[i] = *_idle;
        _taken += length;
        return slice;
    }

    /// <summary>Fetches what no tile took, and empties the queue.</summary>
    public void Finish()
    {
        for (; _taken < _queued; _taken++)
            Fetch(_queue[_taken]);
        _queued = _taken = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void FetchLines(int index, nint from, nint to)
    {
        if (!Sse.IsSupported)
            return;
        byte* record = _batch.UncheckedRecord(index);
        for (nint k = from; k < to; k += LineBytes)
            Sse.Prefetch0(record + k);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fetch(byte* pair)
    {
        if (!Sse.IsSupported)
            return;
        Sse.Prefetch1(pair);
        Sse.Prefetch1(pair + LineBytes);
    }
}
