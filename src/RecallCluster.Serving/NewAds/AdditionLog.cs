using System.Collections.Concurrent;
using RecallCluster.Retrieval.Files;

namespace RecallCluster.Serving.NewAds;

/// <summary>
/// What was put into one shard of a version since its index was opened: the log that the shard's replicas follow, and the ordinals that it
/// gives. One writer; what is asked by an ad's id, and <see cref="Count"/>, are for anybody.
/// </summary>
/// <param name="version">The shard version.</param>
/// <param name="index">Its index.</param>
/// <param name="shard">The shard.</param>
internal sealed class AdditionLog(string version, AdIndex index, IShard shard)
{
    private readonly Dictionary<string, Entry> _ads = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _ordinals = new(StringComparer.Ordinal);
    private readonly List<string> _told = [];
    private ShardChange[] _changes = new ShardChange[16];
    private int _count, _published, _next = index.Count;

    /// <summary>Number of changes.</summary>
    public int Length => _count;

    /// <summary>Number of ads that are in.</summary>
    public int Count => _ordinals.Count;

    /// <summary>Whether there are changes that the shard was not told yet.</summary>
    public bool IsAhead => _published < _count;

    /// <summary>The codes that an ad was last put in with; null where it is not in.</summary>
    public int[]? CodesOf(string id) => _ads.TryGetValue(id, out Entry? entry) ? entry.Codes : null;

    /// <summary>Whether the shard's index knows an ad.</summary>
    public bool IsIndexed(string id) => index.TryOrdinalOf(id, out _);

    /// <summary>Whether an ad is in that the index does not know.</summary>
    public bool Holds(string id) => _ordinals.ContainsKey(id);

    /// <summary>The ordinal of an ad that the shard has, of its index or put in.</summary>
    public bool TryOrdinalOf(string id, out int ordinal) =>
        index.TryOrdinalOf(id, out ordinal) || _ordinals.TryGetValue(id, out ordinal);

    /// <summary>Notes an ad that is put in, or in anew.</summary>
    public void Put(string id, int[] codes, EmbeddedAd ad)
    {
        _ads[id] = new Entry(codes, _next++);
        Append(new ShardChange(id, ad));
    }

    /// <summary>Notes an ad that is taken out.</summary>
    public void Remove(string id)
    {
        if (_ads.Remove(id))
            Append(new ShardChange(id, null));
    }

    /// <summary>Brings the shard up to date.</summary>
    public void Publish()
    {
        shard.Publish(new ShardAdditions(version, _changes.AsMemory(0, _count)));
        _published = _count;
        foreach (string id in _told)
        {
            if (_ads.TryGetValue(id, out Entry? entry))
                _ordinals[id] = entry.Ordinal;
            else
                _ordinals.TryRemove(id, out _);
        }
        _told.Clear();
    }

    // Whoever was given the log before reads no further than its end then.
    private void Append(ShardChange change)
    {
        if (_count == _changes.Length)
            Array.Resize(ref _changes, 2 * _count);
        _changes[_count++] = change;
        _told.Add(change.Id);
    }

    private sealed record Entry(int[] Codes, int Ordinal);
}
