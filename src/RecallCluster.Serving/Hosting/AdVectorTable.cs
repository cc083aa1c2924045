using System.Collections.Concurrent;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Retrieval.Files;
using RecallCluster.Serving.NewAds;

namespace RecallCluster.Serving.Hosting;

/// <summary>
/// The ads of all shards as the gateway looks behaviours up in them, by id; ads that came later stand behind them.
/// </summary>
internal sealed class AdVectorTable : IAdRows, IDisposable
{
    private readonly ShardMap _map;
    private readonly AdIndex[] _shards;
    private readonly int[] _firstRows;
    private readonly ConcurrentDictionary<string, int> _late = new(StringComparer.Ordinal);
    private readonly Stack<int> _freeRows = new();
    private int _rows;

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
        _rows = count;
        Ads = TargetVectors.Of(config, shards);
    }

    /// <summary>The ads, by row.</summary>
    public TargetVectors Ads { get; }

    /// <inheritdoc/>
    public bool TryRowOf(string id, out int row)
    {
        int shard = _map.ShardOf(id);
        if (!_shards[shard].TryOrdinalOf(id, out int ordinal))
            return _late.TryGetValue(id, out row);
        row = _firstRows[shard] + ordinal;
        return true;
    }

    /// <summary>Puts an ad in that no shard's index holds, or puts it in anew. One writer at a time.</summary>
    public void Put(string id, EmbeddedAd ad)
    {
        if (!_late.TryGetValue(id, out int row))
            row = _freeRows.TryPop(out int free) ? free : _rows++;
        Ads.Put(row, ad.Vector, ad.Codes);
        _late[id] = row;
    }

    /// <summary>
    /// Takes such an ad out again. Its row may get another ad: a user that is being prepared may then count by that one instead.
    /// </summary>
    public void Remove(string id)
    {
        if (_late.TryRemove(id, out int row))
            _freeRows.Push(row);
    }

    public void Dispose() => Ads.Dispose();
}
