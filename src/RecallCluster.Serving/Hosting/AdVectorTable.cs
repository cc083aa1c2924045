using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Retrieval.Files;

namespace RecallCluster.Serving.Hosting;

/// <summary>
/// The ads of all shards as the gateway looks behaviours up in them, by id.
/// </summary>
internal sealed class AdVectorTable : IAdRows, IDisposable
{
    private readonly ShardMap _map;
    private readonly AdIndex[] _shards;
    private readonly int[] _firstRows;

    /// <param name="config">The configuration of the model that the shards were built from.</param>
    /// <param name="shards">The shards by number; they stay with the caller and must outlive the table.</param>
    public AdVectorTable(ModelConfig config, AdIndex[] shards)
    {
        _map = new ShardMap(shards.Length);
        _shards = shards;
        _firstRows = new int[shards.Length];
        int count = 0;
        for (int shard = 0; shard < shards.Length; shard++)
        {
            _firstRows[shard] = count;
            count += shards[shard].Count;
        }
        Ads = TargetVectors.Of(config, shards);
    }

    /// <summary>The ads, by row.</summary>
    public TargetVectors Ads { get; }

    /// <inheritdoc/>
    public bool TryRowOf(string id, out int row)
    {
        int shard = _map.ShardOf(id);
        bool found = _shards[shard].TryOrdinalOf(id, out int ordinal);
        row = _firstRows[shard] + ordinal;
        return found;
    }

    public void Dispose() => Ads.Dispose();
}
