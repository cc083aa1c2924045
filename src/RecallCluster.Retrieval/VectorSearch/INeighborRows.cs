using System.Runtime.CompilerServices;
using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.VectorSearch;

/// <summary>One layer of a graph as a walk reads it. Implemented by structs, so that a walk is compiled for each kind of storage.</summary>
internal unsafe interface INeighborRows
{
    /// <summary>The neighbours of <paramref name="node"/>.</summary>
    int* Row(int node, out int length);

    /// <summary>Fetches what <see cref="Row"/> reads first, for a node that may be expanded some time soon.</summary>
    void PrefetchHead(int node);

    /// <summary>Fetches the row of a node that is expanded next.</summary>
    void PrefetchRow(int node);
}

/// <summary>A layer of a finished graph: compressed sparse rows.</summary>
internal readonly unsafe struct SparseRows : INeighborRows
{
    private readonly int* _splits;
    private readonly int* _neighbors;
    private readonly int* _rowOfNode;
    private readonly int _offset;

    public SparseRows(HnswGraph graph, int layer)
    {
        _splits = layer == 0 ? graph.BaseSplits.Pointer : graph.UpperSplits.Pointer;
        _neighbors = layer == 0 ? graph.BaseNeighbors.Pointer : graph.UpperNeighbors.Pointer;
        _rowOfNode = layer == 0 ? null : graph.UpperRows.Pointer;
        _offset = layer - 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int* Row(int node, out int length)
    {
        int* split = Split(node);
        length = split[1] - split[0];
        return _neighbors + split[0];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PrefetchHead(int node) => VectorKernels.Prefetch((_rowOfNode == null ? _splits : _rowOfNode) + node, sizeof(int));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PrefetchRow(int node)
    {
        int* split = Split(node);
        VectorKernels.Prefetch(_neighbors + split[0], (split[1] - split[0]) * sizeof(int));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int* Split(int node) => _splits + (_rowOfNode == null ? node : _rowOfNode[node] + _offset);
}
