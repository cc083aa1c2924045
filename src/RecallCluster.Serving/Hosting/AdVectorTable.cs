using RecallCluster.Numerics;
using RecallCluster.Retrieval.Files;

namespace RecallCluster.Serving.Hosting;

/// <summary>
/// The target vectors of all ads, which the gateway looks behaviours up in. With one shard it is the index's own block; with several the
/// shards' blocks stand one after the other in a copy.
/// </summary>
internal sealed class AdVectorTable : IDisposable
{
    private readonly ShardMap _map;
    private readonly AdIndex[] _shards;
    private readonly int[] _firstRows;
    private readonly NativeBlock<float>? _copy;

    /// <param name="shards">The shards by number; they stay with the caller and must outlive the table.</param>
    public AdVectorTable(AdIndex[] shards)
    {
        _map = new ShardMap(shards.Length);
        _shards = shards;
        _firstRows = new int[shards.Length];
        for (int shard = 0; shard < shards.Length; shard++)
        {
            _firstRows[shard] = Count;
            Count = checked(Count + shards[shard].Count);
        }
        if (shards.Length > 1)
            _copy = Join(shards, Count);
    }

    /// <summary>Number of ads.</summary>
    public int Count { get; }

    /// <summary>The vectors, by row.</summary>
    public NativeBlock<float> Vectors => _copy ?? _shards[0].Vectors;

    /// <summary>The row of an ad.</summary>
    /// <returns>Whether a shard has it.</returns>
    public bool TryRowOf(string id, out int row)
    {
        int shard = _map.ShardOf(id);
        bool found = _shards[shard].TryOrdinalOf(id, out int ordinal);
        row = _firstRows[shard] + ordinal;
        return found;
    }

    public void Dispose() => _copy?.Dispose();

    private static NativeBlock<float> Join(AdIndex[] shards, int count)
    {
        int dim = shards[0].Dim;
        var all = new NativeBlock<float>((long)count * dim);
        long row = 0;
        foreach (AdIndex shard in shards)
        {
            for (int i = 0; i < shard.Count; i++, row++)
                shard.Vectors.Span((long)i * dim, dim).CopyTo(all.Span(row * dim, dim));
        }
        return all;
    }
}
