using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace RecallCluster.Retrieval.Guided;

/// <summary>An <see cref="HnswGraph"/> as an <see cref="IGraphView"/>.</summary>
internal readonly unsafe struct FrozenGraphView(HnswGraph graph, LayerMembers members) : IGraphView
{
    private const int IntsPerCacheLine = 16;
    private readonly int* _splits = graph.BaseSplits.Pointer;
    private readonly int* _neighbors = graph.BaseNeighbors.Pointer;

    public static bool Grows => false;

    public int Count => graph.Count;

    public int EntryPoint => graph.EntryPoint;

    public int MaxLevel => graph.MaxLevel;

    public int MaxDegree => Math.Max(graph.M, graph.M0);

    public ReadOnlySpan<int> LayerMembers(int layer) => members[layer];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<int> Neighbors(int node, int layer)
    {
        if (layer > 0)
            return graph.Neighbors(node, layer);
        int start = _splits[node];
        return new ReadOnlySpan<int>(_neighbors + start, _splits[node + 1] - start);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PrefetchRowStart(int node)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(_splits + node);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PrefetchRow(int node)
    {
        if (!Sse.IsSupported)
            return;
        int* row = _neighbors + _splits[node];
        int* end = _neighbors + _splits[node + 1];
        for (; row < end; row += IntsPerCacheLine)
            Sse.Prefetch0(row);
        // A row that starts inside a line ends one line further.
        Sse.Prefetch0(end);
    }
}
