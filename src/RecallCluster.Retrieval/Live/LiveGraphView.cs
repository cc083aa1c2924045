using System.Runtime.CompilerServices;
using RecallCluster.Retrieval.Guided;

namespace RecallCluster.Retrieval.Live;

/// <summary>What one request sees of a live graph: the nodes that were there when it began, with their links of the moment.</summary>
internal readonly unsafe struct LiveGraphView : IGraphView
{
    private readonly LiveStore _store;

    public LiveGraphView(LiveStore store)
    {
        _store = store;

        // In this order: an entry point is published after its count.
        EntryPoint = store.EntryPoint;
        Count = store.Count;
    }

    public static bool Grows => true;

    public int Count { get; }

    public int EntryPoint { get; }

    public int MaxLevel => EntryPoint < 0 ? 0 : _store.Level(EntryPoint);

    public int MaxDegree => Math.Max(_store.M, _store.M0);

    public ReadOnlySpan<int> LayerMembers(int layer) => _store.Members.Below(layer, Count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<int> Neighbors(int node, int layer)
    {
        int* row = _store.Neighbors(node, layer, out int length);
        return new ReadOnlySpan<int>(row, length);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PrefetchRowStart(int node)
    {
        // Rows have a fixed place: there is nothing to look up first.
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PrefetchRow(int node) => _store.Rows(0).Prefetch(node);
}
