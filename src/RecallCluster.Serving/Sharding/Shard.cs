using System.Collections.Immutable;
using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Retrieval.Versions;

namespace RecallCluster.Serving;

/// <summary>
/// A part of the ads in this process. It may hold several versions at once, so that gateways can move from one to the next without a
/// moment in which a shard and a gateway disagree: add the new version to every shard, publish it to every gateway, remove the old one.
/// Each search leases its version, so a version that is removed is closed when its last search ends. Thread-safe; searches take no lock.
/// </summary>
public sealed class Shard : IShard, IDisposable
{
    private readonly TimeProvider _time;
    private ImmutableDictionary<string, VersionedIndex<ShardVersion>> _versions =
        ImmutableDictionary<string, VersionedIndex<ShardVersion>>.Empty;

    /// <summary>A shard that holds nothing yet.</summary>
    /// <param name="time">The clock of deadlines; the versions must have the same.</param>
    public Shard(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
    }

    /// <summary>Names of the versions that it can answer with.</summary>
    public IEnumerable<string> Versions => _versions.Keys;

    /// <summary>Takes over a further version.</summary>
    /// <exception cref="ArgumentException">There is a version of that name; <paramref name="version"/> stays with the caller.</exception>
    public void Add(ShardVersion version)
    {
        ArgumentNullException.ThrowIfNull(version);
        if (!ImmutableInterlocked.TryAdd(ref _versions, version.Name, new VersionedIndex<ShardVersion>(version)))
            throw new ArgumentException($"The shard holds a version {version.Name} already.", nameof(version));
    }

    /// <summary>Forgets a version, which is closed when its last search has ended.</summary>
    /// <returns>Whether the shard held it.</returns>
    public bool Remove(string name)
    {
        if (!ImmutableInterlocked.TryRemove(ref _versions, name, out VersionedIndex<ShardVersion>? version))
            return false;
        version.Dispose();
        return true;
    }

    /// <inheritdoc/>
    public Task<ShardAnswer> SearchAsync(ShardQuery query, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(query);
        // The query may come from another process, with any time in it: the sum must not overflow.
        long? deadline = query.TimeLeft is { } left
            ? _time.GetTimestamp() + (long)Math.Min(left.TotalSeconds * _time.TimestampFrequency, long.MaxValue / 2)
            : null;
        // A search keeps a processor busy for milliseconds: off the caller's thread, so that shards are searched side by side.
        return Task.Run(() => Search(query, deadline), cancellation);
    }

    /// <summary>Forgets all versions.</summary>
    public void Dispose()
    {
        foreach (string name in _versions.Keys)
            Remove(name);
    }

    private ShardAnswer Search(ShardQuery query, long? deadline)
    {
        if (!_versions.TryGetValue(query.Version, out VersionedIndex<ShardVersion>? held))
            throw new InvalidOperationException($"The shard does not hold version {query.Version}; it holds "
                + $"{(_versions.IsEmpty ? "none" : string.Join(", ", _versions.Keys))}.");
        using VersionedIndex<ShardVersion>.Lease lease = held.Acquire();
        ShardVersion version = lease.Value;
        GuidedSearchResult found = version.Search.Search(new GuidedRequest(query.UserState.Span, query.K)
        {
            Deadline = deadline,
            MaxScorings = query.MaxScorings,
            Filter = FilterOf(version, query.Exclude),
            Seeds = SeedsOf(version, query.Seeds),
        });
        var ads = new ScoredAd[found.Ordinals.Length];
        for (int i = 0; i < ads.Length; i++)
            ads[i] = new ScoredAd(version.Index.IdOf(found.Ordinals[i]), found.Scores[i]);
        return new ShardAnswer(ads, found.Statistics.Scorings, LimitsOf(found.Statistics.StopReason));
    }

    private static int[] SeedsOf(ShardVersion version, IReadOnlyCollection<string> seeds) =>
        [.. seeds.Select(id => version.Index.TryOrdinalOf(id, out int ordinal) ? ordinal : -1)];

    private static EligibilityFilter? FilterOf(ShardVersion version, IReadOnlyCollection<string> exclude)
    {
        EligibilityFilter? filter = null;
        foreach (string id in exclude)
        {
            if (!version.Index.TryOrdinalOf(id, out int ordinal))
                continue;
            filter ??= new EligibilityFilter(version.Index.Count, allowed: true);
            filter[ordinal] = false;
        }
        return filter;
    }

    private static SearchLimits LimitsOf(StopReason reason) => reason switch
    {
        StopReason.Budget => SearchLimits.Scorings,
        StopReason.Deadline => SearchLimits.Deadline,
        _ => SearchLimits.None,
    };
}
