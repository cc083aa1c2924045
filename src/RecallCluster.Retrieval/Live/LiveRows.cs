using System.Runtime.CompilerServices;
using RecallCluster.Numerics;
using RecallCluster.Retrieval.VectorSearch;

namespace RecallCluster.Retrieval.Live;

/// <summary>
/// Neighbour rows that one writer changes while any number of readers read them without a lock: rows of a fixed number of slots behind
/// their length. Every slot is written whole, and a node is complete before its ordinal is written anywhere, so a reader sees for each slot
/// a neighbour that is or was linked; a row read halfway through a change is a mix of both, which a search does not mind.
/// </summary>
internal readonly unsafe struct LiveRows
{
    private readonly NativeBlock<int> _block;
    private readonly int* _rows;
    private readonly int _stride;

    /// <summary>Empty rows.</summary>
    /// <param name="rows">Number of rows there is room for.</param>
    /// <param name="bound">Most neighbours of a row.</param>
    public LiveRows(int rows, int bound)
    {
        Bound = bound;
        Capacity = rows;
        _stride = bound + 1;
        _block = ReservedMemory.Block<int>((long)rows * _stride);
        _rows = _block.Pointer;
    }

    /// <summary>Most neighbours of a row.</summary>
    public int Bound { get; }

    /// <summary>Number of rows there is room for.</summary>
    public int Capacity { get; }

    /// <summary>The row's slots; of which the first <paramref name="length"/> are neighbours.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int* Row(int row, out int length)
    {
        int* start = _rows + ((long)row * _stride);
        length = Volatile.Read(ref *start);
        return start + 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(int row) => VectorKernels.Prefetch(_rows + ((long)row * _stride), _stride * sizeof(int));

    /// <summary>Writes a whole row.</summary>
    public void Write(int row, ReadOnlySpan<int> neighbors)
    {
        int* start = _rows + ((long)row * _stride);

        // Shorter first, longer last: the slots within the length always hold a neighbour.
        if (neighbors.Length < *start)
            Volatile.Write(ref *start, neighbors.Length);
        for (int i = 0; i < neighbors.Length; i++)
            Volatile.Write(ref start[1 + i], neighbors[i]);
        Volatile.Write(ref *start, neighbors.Length);
    }

    /// <summary>Adds a neighbour to a row that has room.</summary>
    public void Append(int row, int neighbor)
    {
        int* start = _rows + ((long)row * _stride);
        Volatile.Write(ref start[1 + *start], neighbor);
        Volatile.Write(ref *start, *start + 1);
    }

    /// <summary>Copies the first rows of other storage of the same bound.</summary>
    public void CopyFrom(LiveRows other, int rows)
    {
        long length = (long)rows * _stride;
        Buffer.MemoryCopy(other._rows, _rows, length * sizeof(int), length * sizeof(int));
        GC.KeepAlive(other._block);
    }
}

/// <summary>
/// One layer of a live graph, as vector searches read it. Rows are copied out, since the writer may change them meanwhile.
/// </summary>
internal readonly unsafe struct LiveLayer(LiveStore store, int layer, int* copy) : INeighborRows
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int* Row(int node, out int length)
    {
        int* row = store.Neighbors(node, layer, out length);
        new ReadOnlySpan<int>(row, length).CopyTo(new Span<int>(copy, length));
        return copy;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PrefetchHead(int node)
    {
        // Rows have a fixed place: there is nothing to look up first.
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PrefetchRow(int node) => store.Rows(layer).Prefetch(store.RowOf(node, layer));
}
