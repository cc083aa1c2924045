using System.Runtime.CompilerServices;
using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.VectorSearch;

/// <summary>
/// The W of the paper's SEARCH-LAYER and its candidate set C in one: the nearest nodes met so far, at most <see cref="Capacity"/>, in one
/// sorted array of <see cref="NodeKey"/>s, each marked once it was expanded. A sorted array beats two heaps here because most nodes that
/// pass the bound land near its end, and because the next candidate is found by a cursor instead of a pop.
/// </summary>
internal sealed unsafe class NodePool : IDisposable
{
    private NativeBlock<ulong> _keys = new(256);
    private int _cursor;

    /// <summary>Number of nodes held.</summary>
    public int Count { get; private set; }

    /// <summary>Number of nodes it may hold.</summary>
    public int Capacity { get; private set; }

    /// <summary>The keys in ascending order; <see cref="Count"/> of them.</summary>
    public ulong* Keys => _keys.Pointer;

    /// <summary>Whether <see cref="TakeNearest"/> would find a node.</summary>
    public bool HasUnexpanded => NextUnexpanded(_cursor) >= 0;

    /// <summary>A key passes only when it is below this one: the worst key of a full pool.</summary>
    public ulong Bound { get; private set; }

    /// <summary>Empties the pool and sets its capacity.</summary>
    public void Reset(int capacity)
    {
        if (_keys.Length < capacity)
        {
            _keys.Dispose();
            _keys = new NativeBlock<ulong>(Math.Max(capacity, 2L * Capacity));
        }
        Capacity = capacity;
        Count = 0;
        _cursor = 0;
        Bound = ulong.MaxValue;
    }

    /// <summary>Inserts a key that is below <see cref="Bound"/> and not in the pool; a full pool drops its worst.</summary>
    /// <returns>The position it took.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Insert(ulong key)
    {
        ulong* keys = _keys.Pointer;
        int low = 0, length = Count;

        // Adds a comparison's outcome instead of branching on it: where a key belongs is what a branch predictor cannot know.
        while (length > 0)
        {
            int half = (length + 1) >> 1;
            low += half & -Unsafe.BitCast<bool, byte>(keys[low + half - 1] < key);
            length -= half;
        }
        if (Count < Capacity)
            Count++;
        long bytes = (long)(Count - 1 - low) * sizeof(ulong);
        Buffer.MemoryCopy(keys + low, keys + low + 1, bytes, bytes);
        keys[low] = key;
        if (Count == Capacity)
            Bound = keys[Capacity - 1];
        if (low < _cursor)
            _cursor = low;
        return low;
    }

    /// <summary>Takes the nearest node that was not expanded yet and marks it.</summary>
    /// <returns>The node, or -1 when all were expanded.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int TakeNearest()
    {
        int at = NextUnexpanded(_cursor);
        if (at < 0)
            return -1;
        ulong key = _keys.Pointer[at];
        _keys.Pointer[at] = NodeKey.Expanded(key);
        _cursor = at + 1;
        return NodeKey.Node(key);
    }

    /// <summary>Fetches the rows of the <paramref name="count"/> nearest nodes that were not expanded yet.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PrefetchNearest<TRows>(TRows rows, int count)
        where TRows : struct, INeighborRows
    {
        ulong* keys = _keys.Pointer;
        for (int i = _cursor; i < Count && count > 0; i++)
        {
            if (!NodeKey.IsExpanded(keys[i]))
            {
                rows.PrefetchRow(NodeKey.Node(keys[i]));
                count--;
            }
        }
    }

    /// <summary>Forgets which nodes were expanded, so that they can seed the search of another layer.</summary>
    public void MarkAllUnexpanded()
    {
        for (int i = 0; i < Count; i++)
            _keys.Pointer[i] = NodeKey.Unexpanded(_keys.Pointer[i]);
        _cursor = 0;
    }

    /// <summary>Keeps the first <paramref name="count"/> keys and sorts them; no node may be inserted afterwards.</summary>
    public void Truncate(int count)
    {
        Count = count;
        new Span<ulong>(_keys.Pointer, count).Sort();
    }

    /// <inheritdoc/>
    public void Dispose() => _keys.Dispose();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int NextUnexpanded(int from)
    {
        ulong* keys = _keys.Pointer;
        for (int i = from; i < Count; i++)
        {
            if (!NodeKey.IsExpanded(keys[i]))
                return i;
        }
        return -1;
    }
}
