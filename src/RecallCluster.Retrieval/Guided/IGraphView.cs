namespace RecallCluster.Retrieval.Guided;

/// <summary>
/// A layered graph as a search reads it. Implemented by structs, so that a search that is generic over it is compiled once for each kind
/// of graph and pays no indirection: the frozen rows of a file, or the rows of a live index that a writer is changing meanwhile.
/// </summary>
internal interface IGraphView
{
    /// <summary>
    /// Whether rows may name nodes at or above <see cref="Count"/> (added since the view was taken), which the reader must skip.
    /// </summary>
    static abstract bool Grows { get; }

    /// <summary>Number of nodes in the view.</summary>
    int Count { get; }

    /// <summary>A node of the top layer, or -1 when the view is empty.</summary>
    int EntryPoint { get; }

    /// <summary>The top layer.</summary>
    int MaxLevel { get; }

    /// <summary>Bound of the length of a row, on any layer.</summary>
    int MaxDegree { get; }

    /// <summary>The neighbours of a node on a layer that it stands on.</summary>
    ReadOnlySpan<int> Neighbors(int node, int layer);

    /// <summary>The nodes that stand on <paramref name="layer"/> (1 to <see cref="MaxLevel"/>).</summary>
    ReadOnlySpan<int> LayerMembers(int layer);

    /// <summary>Asks for the memory that says where the layer-0 row of <paramref name="node"/> is.</summary>
    void PrefetchRowStart(int node);

    /// <summary>Asks for the layer-0 row of <paramref name="node"/>; its start was asked for a while ago.</summary>
    void PrefetchRow(int node);
}
