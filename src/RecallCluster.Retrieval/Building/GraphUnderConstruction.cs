using System.Runtime.CompilerServices;
using RecallCluster.Numerics;
using RecallCluster.Retrieval.VectorSearch;

namespace RecallCluster.Retrieval.Building;

/// <summary>
/// The graph while it is built: every layer's rows with room up to the degree bound. Levels are known beforehand, so the entry point is
/// fixed from the first insertion on, and nobody needs a lock on it.
/// </summary>
internal sealed unsafe class GraphUnderConstruction : IDisposable
{
    private readonly NativeBlock<int> _locks;

    /// <summary>A graph without links.</summary>
    /// <param name="levels">Top layer of each node; taken over.</param>
    /// <param name="m">Degree bound above layer 0.</param>
    /// <param name="m0">Degree bound on layer 0.</param>
    public GraphUnderConstruction(NativeBlock<byte> levels, int m, int m0)
    {
        Levels = levels;
        Count = (int)levels.Length;
        UpperRows = new NativeBlock<int>(Count);
        EntryPoint = Count == 0 ? -1 : 0;
        int upper = 0;
        for (int node = 0; node < Count; node++)
        {
            UpperRows[node] = levels[node] == 0 ? -1 : upper;
            upper += levels[node];
            if (levels[node] > levels[EntryPoint])
                EntryPoint = node;
        }
        Base = new LinkRows(Count, m0);
        Upper = new LinkRows(upper, m);
        _locks = new NativeBlock<int>(Count);
    }

    /// <summary>Number of nodes.</summary>
    public int Count { get; }

    /// <summary>The first node of the highest level, or -1.</summary>
    public int EntryPoint { get; }

    /// <summary>Layer of <see cref="EntryPoint"/>.</summary>
    public int MaxLevel => EntryPoint < 0 ? 0 : Levels[EntryPoint];

    /// <summary>Top layer of each node.</summary>
    public NativeBlock<byte> Levels { get; }

    /// <summary>First upper row of each node, or -1.</summary>
    public NativeBlock<int> UpperRows { get; }

    /// <summary>The rows of layer 0, one per node.</summary>
    public LinkRows Base { get; }

    /// <summary>The rows of the layers above.</summary>
    public LinkRows Upper { get; }

    /// <summary>The storage that holds <paramref name="layer"/>.</summary>
    public LinkRows Links(int layer) => layer == 0 ? Base : Upper;

    /// <summary>The row of <paramref name="node"/> on <paramref name="layer"/> within <see cref="Links"/>.</summary>
    public int Row(int node, int layer) => layer == 0 ? node : UpperRows[node] + layer - 1;

    /// <summary>Becomes the only writer of the rows of <paramref name="node"/>.</summary>
    public void Lock(int node)
    {
        ref int state = ref _locks[node];
        if (Interlocked.CompareExchange(ref state, 1, 0) == 0)
            return;
        var spin = default(SpinWait);
        do
            spin.SpinOnce();
        while (Interlocked.CompareExchange(ref state, 1, 0) != 0);
    }

    /// <summary>Ends what <see cref="Lock"/> began.</summary>
    public void Unlock(int node) => Volatile.Write(ref _locks[node], 0);

    /// <summary>Packs the rows; the levels and upper-row numbers are handed over to the result.</summary>
    public HnswGraph ToSparse()
    {
        Base.DropConstructionState();
        Upper.DropConstructionState();
        (NativeBlock<int> baseSplits, NativeBlock<int> baseNeighbors) = Pack(Base);
        (NativeBlock<int> upperSplits, NativeBlock<int> upperNeighbors) = Pack(Upper);
        return new HnswGraph(
            Count, Upper.Stride, Base.Stride, EntryPoint, Levels, baseSplits, baseNeighbors, UpperRows, upperSplits, upperNeighbors);
    }

    /// <inheritdoc/>
    /// <remarks>Leaves what <see cref="ToSparse"/> hands over.</remarks>
    public void Dispose()
    {
        Base.Dispose();
        Upper.Dispose();
        _locks.Dispose();
    }

    private static (NativeBlock<int> Splits, NativeBlock<int> Neighbors) Pack(LinkRows links)
    {
        var splits = new NativeBlock<int>(links.Count + 1L);
        long total = 0;
        for (int row = 0; row < links.Count; row++)
        {
            total += links.Degree(row);
            if (total > int.MaxValue)
                throw new InvalidOperationException($"The graph has more than {int.MaxValue} links; use a smaller M or shards.");
            splits[row + 1] = (int)total;
        }
        var neighbors = new NativeBlock<int>(total);
        for (int row = 0; row < links.Count; row++)
            new ReadOnlySpan<int>(links.Nodes(row), links.Degree(row)).CopyTo(neighbors.Span(splits[row], links.Degree(row)));
        return (splits, neighbors);
    }
}

/// <summary>
/// A layer of a graph under construction. Rows are copied out before they are used, since another thread may change them.
/// </summary>
internal readonly unsafe struct GrowingRows : INeighborRows
{
    private readonly LinkRows _links;
    private readonly int* _rowOfNode;
    private readonly int _offset;
    private readonly int* _copy;

    /// <summary>Reads <paramref name="layer"/> of <paramref name="graph"/>.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="layer">A layer.</param>
    /// <param name="copy">Room for one row.</param>
    public GrowingRows(GraphUnderConstruction graph, int layer, int* copy)
    {
        _links = graph.Links(layer);
        _rowOfNode = layer == 0 ? null : graph.UpperRows.Pointer;
        _offset = layer - 1;
        _copy = copy;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int* Row(int node, out int length)
    {
        var copy = new Span<int>(_copy, _links.Stride);
        new ReadOnlySpan<int>(Slots(node), _links.Stride).CopyTo(copy);
        int end = copy.IndexOf(LinkRows.Empty);
        length = end < 0 ? copy.Length : end;
        return _copy;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PrefetchHead(int node)
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PrefetchRow(int node) => VectorKernels.Prefetch(Slots(node), _links.Stride * sizeof(int));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int* Slots(int node) => _links.Nodes(_rowOfNode == null ? node : _rowOfNode[node] + _offset);
}
