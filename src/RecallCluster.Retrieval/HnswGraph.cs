using System.Runtime.CompilerServices;
using RecallCluster.Numerics;

namespace RecallCluster.Retrieval;

/// <summary>
/// An HNSW graph in its searchable form: compressed sparse rows (row splits and neighbour ordinals, int32), immutable. Layer 0 has one
/// row per node; the layers above share one block, in which the rows of a node for layers 1 to its level stand one after the other.
/// Source: Malkov &amp; Yashunin, arXiv 1603.09320.
/// </summary>
public sealed unsafe class HnswGraph
{
    /// <summary>
    /// Layers that a graph has at most: with the smallest ratio of nodes between two layers, 2, int32 ordinals fill no more.
    /// </summary>
    internal const int MaxLayers = 32;

    /// <summary>Wraps blocks that were built or mapped.</summary>
    /// <param name="count">Number of nodes.</param>
    /// <param name="m">Degree bound above layer 0.</param>
    /// <param name="m0">Degree bound on layer 0.</param>
    /// <param name="entryPoint">A node of the top layer, or -1 when <paramref name="count"/> is 0.</param>
    /// <param name="levels">Top layer of each node; <paramref name="count"/> values.</param>
    /// <param name="baseSplits">Row splits of layer 0; count + 1 values.</param>
    /// <param name="baseNeighbors">Neighbours on layer 0.</param>
    /// <param name="upperRows">
    /// For a node of level l &gt;= 1, the upper row of its layer 1 (layer j is row + j - 1); -1 for level 0.
    /// </param>
    /// <param name="upperSplits">Row splits of the upper rows; rows + 1 values.</param>
    /// <param name="upperNeighbors">Neighbours of the upper rows.</param>
    public HnswGraph(
        int count,
        int m,
        int m0,
        int entryPoint,
        NativeBlock<byte> levels,
        NativeBlock<int> baseSplits,
        NativeBlock<int> baseNeighbors,
        NativeBlock<int> upperRows,
        NativeBlock<int> upperSplits,
        NativeBlock<int> upperNeighbors)
    {
        Count = count;
        M = m;
        M0 = m0;
        EntryPoint = entryPoint;
        Levels = levels;
        BaseSplits = baseSplits;
        BaseNeighbors = baseNeighbors;
        UpperRows = upperRows;
        UpperSplits = upperSplits;
        UpperNeighbors = upperNeighbors;
    }

    /// <summary>Number of nodes.</summary>
    public int Count { get; }

    /// <summary>Degree bound above layer 0.</summary>
    public int M { get; }

    /// <summary>Degree bound on layer 0.</summary>
    public int M0 { get; }

    /// <summary>The node where a search starts, on layer <see cref="MaxLevel"/>; -1 for an empty graph.</summary>
    public int EntryPoint { get; }

    /// <summary>The top layer; 0 for an empty graph.</summary>
    public int MaxLevel => EntryPoint < 0 ? 0 : Levels[EntryPoint];

    /// <summary>Top layer of each node.</summary>
    public NativeBlock<byte> Levels { get; }

    /// <summary>Row splits of layer 0.</summary>
    public NativeBlock<int> BaseSplits { get; }

    /// <summary>Neighbours on layer 0.</summary>
    public NativeBlock<int> BaseNeighbors { get; }

    /// <summary>First upper row of each node, or -1.</summary>
    public NativeBlock<int> UpperRows { get; }

    /// <summary>Row splits of the upper rows.</summary>
    public NativeBlock<int> UpperSplits { get; }

    /// <summary>Neighbours of the upper rows.</summary>
    public NativeBlock<int> UpperNeighbors { get; }

    /// <summary>The neighbours of <paramref name="node"/> on <paramref name="layer"/> (at most its level).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<int> Neighbors(int node, int layer)
    {
        if (layer == 0)
        {
            int* row = BaseSplits.Pointer + node;
            return new ReadOnlySpan<int>(BaseNeighbors.Pointer + row[0], row[1] - row[0]);
        }
        int* upper = UpperSplits.Pointer + UpperRows.Pointer[node] + layer - 1;
        return new ReadOnlySpan<int>(UpperNeighbors.Pointer + upper[0], upper[1] - upper[0]);
    }
}
