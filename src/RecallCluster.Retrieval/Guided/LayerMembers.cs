using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.Guided;

/// <summary>The nodes of each upper layer, for searches that score a whole layer to find where to start.</summary>
internal sealed class LayerMembers
{
    private readonly int[][] _members;

    /// <summary>Lists the nodes of layers 1 and up, in ordinal order, from the levels of all nodes.</summary>
    public LayerMembers(NativeBlock<byte> levels, int count)
    {
        var members = new List<List<int>>();
        const int Chunk = 1 << 20;
        for (int start = 0; start < count; start += Chunk)
        {
            ReadOnlySpan<byte> chunk = levels.Span(start, Math.Min(Chunk, count - start));
            // Most nodes stand on layer 0 only: leap from one exception to the next.
            for (int at = chunk.IndexOfAnyExcept((byte)0), from = 0; at >= 0; at = chunk[from..].IndexOfAnyExcept((byte)0))
            {
                from += at;
                for (int layer = 1; layer <= chunk[from]; layer++)
                {
                    if (members.Count < layer)
                        members.Add([]);
                    members[layer - 1].Add(start + from);
                }
                from++;
            }
        }
        _members = [.. members.Select(layer => layer.ToArray())];
    }

    /// <summary>The top layer.</summary>
    public int MaxLevel => _members.Length;

    /// <summary>The nodes that stand on <paramref name="layer"/> (1 to <see cref="MaxLevel"/>).</summary>
    public ReadOnlySpan<int> this[int layer] => _members[layer - 1];
}
