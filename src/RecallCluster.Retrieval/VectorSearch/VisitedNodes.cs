using System.Runtime.CompilerServices;
using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.VectorSearch;

/// <summary>One bit per node, cleared by walking the nodes that were met rather than the whole bitmap.</summary>
internal sealed unsafe class VisitedNodes : IDisposable
{
    private readonly NativeBlock<uint> _bits;
    private readonly NativeBlock<int> _met;
    private readonly int _limit;
    private int _metCount;
    private bool _overflow;

    /// <summary>An empty set over nodes 0 to <paramref name="count"/> - 1, for batches of at most <paramref name="batchLength"/>.</summary>
    public VisitedNodes(int count, int batchLength)
    {
        _bits = new NativeBlock<uint>((count >> 5) + 1);
        // Beyond this many nodes, clearing the whole bitmap is cheaper than walking the list.
        _limit = Math.Max(64, count >> 5);
        _met = new NativeBlock<int>(_limit + batchLength + 1);
    }

    /// <summary>Empties the set.</summary>
    public void Clear()
    {
        uint* bits = _bits.Pointer;
        if (_overflow)
        {
            _bits.Span(0, (int)_bits.Length).Clear();
        }
        else
        {
            int* met = _met.Pointer;
            for (int i = 0; i < _metCount; i++)
                bits[met[i] >> 5] = 0;
        }
        _metCount = 0;
        _overflow = false;
    }

    /// <summary>Starts a batch: what is added until the next call stands side by side.</summary>
    /// <returns>Where the added nodes will stand.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int* BeginBatch()
    {
        if (_metCount > _limit)
        {
            _overflow = true;
            _metCount = 0;
        }
        return _met.Pointer + _metCount;
    }

    /// <summary>Whether <paramref name="node"/> is in the set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Contains(int node) => (_bits.Pointer[node >> 5] >> (node & 31) & 1) != 0;

    /// <summary>Adds the nodes of a row that are not in the set yet, and appends them to the batch in row order.</summary>
    /// <param name="row">Nodes.</param>
    /// <param name="length">Number of nodes; no more in one batch than the set was made for.</param>
    /// <returns>Number of nodes added.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Add(int* row, int length)
    {
        uint* bits = _bits.Pointer;
        int* start = _met.Pointer + _metCount;
        int added = 0;
        for (int i = 0; i < length; i++)
        {
            int node = row[i];
            uint word = bits[node >> 5];
            start[added] = node;
            added += (int)(~(word >> (node & 31)) & 1);
            bits[node >> 5] = word | (1u << (node & 31));
        }
        _metCount += added;
        return added;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _bits.Dispose();
        _met.Dispose();
    }
}
