using System.Collections.Immutable;
using System.Diagnostics;
using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Retrieval.Versions;
using RecallCluster.Serving.Live;
using RecallCluster.Serving.NewAds;
using RecallCluster.Serving.Replicas;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Serving;

/// <summary>
/// A part of the ads in this process. It may hold several versions at once, so that gateways can move from one to the next without a
/// moment in which a shard and a gateway disagree: add the new version to every shard, publish it to every gateway, remove the old one.
/// Each search leases its version, so a version that is removed is closed when its last search ends. Thread-safe; searches take no lock.
/// </summary>
public sealed class Shard : IInProcessShard, IDisposable
{
    // With this share of the ads eligible, or less, a walk that only skips the others would be short of ads: a filter lets it scan instead.
    private const int FewEligible = 4;

    private const double SlowQuantile = 0.95;

    private readonly TimeProvider _time;
    private readonly SearchSlots _slots;
    private readonly Lock _publishing = new();
    private readonly Lock _adding = new();
    private readonly LatencyWindow _latency = new(SlowQuantile);
    private BidBook? _book;
    private int _inFlight;
    private ImmutableDictionary<string, VersionedIndex<ShardVersion>> _versions =
        ImmutableDictionary<string, VersionedIndex<ShardVersion>>.Empty;

    /// <summary>A shard that holds nothing yet.</summary>
    /// <param name="time">The clock of deadlines; the versions must have the same.</param>
    /// <param name="slots">Bounds the searches on threads of the pool, with those of the process' other shards; null for its own.</param>
    public Shard(TimeProvider time, SearchSlots? slots = null)
    {
        ArgumentNullException.ThrowIfNull(time);
        (_time, _slots) = (time, slots ?? new SearchSlots());
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
        _slots.Widen(version.SearchesAtOnce);
    }

    /// <inheritdoc/>
    public void Publish(BidBook book)
    {
        ArgumentNullException.ThrowIfNull(book);
        lock (_publishing)
        {
            if (_book is not null && book.Version <= _book.Version)
                return;
            _book = book;
            foreach (VersionedIndex<ShardVersion> held in _versions.Values)
                Apply(held, version => version.Placements);
        }
    }

    /// <inheritdoc/>
    public void Publish(ShardPlacements placements)
    {
        ArgumentNullException.ThrowIfNull(placements);
        if (!_versions.TryGetValue(placements.Version, out VersionedIndex<ShardVersion>? held))
            throw new ArgumentException($"The shard does not hold version {placements.Version}.", nameof(placements));
        lock (_publishing)
        {
            Apply(held, version =>
            {
                int listed = placements.CampaignOf.Length;
                // Of ads that were put in just now, the next ones will tell.
                if (listed != placements.FacetOf.Length || listed < version.Index.Count || listed > version.OrdinalCount)
                {
                    throw new ArgumentException(
                        $"The placements list {listed} campaigns and {placements.FacetOf.Length} facets; "
                        + $"version {version.Name} has {version.OrdinalCount} ads.", nameof(placements));
                }
                return version.Placements?.Revision >= placements.Revision ? version.Placements : new PlacementClasses(placements);
            });
        }
    }

    /// <inheritdoc/>
    public void Publish(ShardAdditions additions)
    {
        ArgumentNullException.ThrowIfNull(additions);
        VersionedIndex<ShardVersion> held = Held(additions.Version);
        // Apart from books and placements, which must not wait until thousands of ads are put in.
        lock (_adding)
        {
            using VersionedIndex<ShardVersion>.Lease lease = held.Acquire();
            if (additions.Changes.Length <= lease.Value.Applied)
                return;
            if (lease.Value.IsGrowing)
                lease.Value.Apply(additions.Changes);
            else
                Grow(held, lease.Value, lease.Value, additions.Changes);
        }
    }

    /// <summary>
    /// Has another version of the same index, such as one that a device scores, answer in place of the one of its name, with all that was
    /// published to that. Searches go on. It is taken over in any case, and closed where it cannot be used.
    /// </summary>
    /// <param name="next">Made from the one that is held (<see cref="ShardVersion.Before"/>).</param>
    /// <exception cref="InvalidOperationException">The shard does not hold one of its name.</exception>
    /// <exception cref="ObjectDisposedException">It was removed a moment ago.</exception>
    internal void Replace(ShardVersion next)
    {
        _slots.Widen(next.SearchesAtOnce);
        try
        {
            VersionedIndex<ShardVersion> held = Held(next.Name);
            lock (_adding)
            {
                using VersionedIndex<ShardVersion>.Lease lease = held.Acquire();
                if (!lease.Value.IsGrowing)
                {
                    Swap(held, lease.Value, next);
                    return;
                }
                Grow(held, lease.Value, next, lease.Value.Changes);
            }
        }
        catch
        {
            next.Dispose();
            throw;
        }
        next.Dispose();
    }

    /// <summary>How many changes of the log of a version's additions are in it.</summary>
    /// <exception cref="InvalidOperationException">The shard does not hold it.</exception>
    public int AdditionsOf(string version)
    {
        using VersionedIndex<ShardVersion>.Lease lease = Lease(version);
        return lease.Value.Applied;
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
    /// <exception cref="TimeoutException">As many others as may run at once did, until its time was over.</exception>
    public Task<ShardAnswer> SearchAsync(ShardQuery query, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(query);
        // A search keeps a processor busy for milliseconds: off the caller's thread, which may have others to serve.
        var job = new SearchJob(this, _slots, query, DeadlineOf(query), cancellation);
        _slots.Enter(job, _time, query.TimeLeft);
        return job.Task;
    }

    /// <summary>As <see cref="SearchAsync"/>, on this thread, which no bound keeps waiting.</summary>
    /// <exception cref="InvalidOperationException">As there.</exception>
    public ShardAnswer Search(ShardQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        return Measured(query, DeadlineOf(query));
    }

    /// <summary>How it stands with one version now.</summary>
    internal LiveReplica Live(string version) => new(
        "in process", _versions.ContainsKey(version) ? "healthy" : "down", version, Volatile.Read(ref _inFlight),
        _latency.Value?.TotalMilliseconds ?? double.NaN);

    /// <summary>Keeps a version open.</summary>
    /// <exception cref="InvalidOperationException">The shard does not hold it.</exception>
    /// <exception cref="ObjectDisposedException">It was removed a moment ago.</exception>
    internal VersionedIndex<ShardVersion>.Lease Lease(string version) => Held(version).Acquire();

    /// <summary>Forgets all versions.</summary>
    public void Dispose()
    {
        foreach (string name in _versions.Keys)
            Remove(name);
    }

    // The query may come from another process, with any time in it: the sum must not overflow.
    private long? DeadlineOf(ShardQuery query) => query.TimeLeft is { } left
        ? _time.GetTimestamp() + (long)Math.Min(left.TotalSeconds * _time.TimestampFrequency, long.MaxValue / 2)
        : null;

    /// <summary>Searches on this thread.</summary>
    internal ShardAnswer Measured(ShardQuery query, long? deadline)
    {
        long start = _time.GetTimestamp();
        Interlocked.Increment(ref _inFlight);
        try
        {
            ShardAnswer answer = Search(query, deadline);
            _latency.Add(_time.GetElapsedTime(start));
            return answer;
        }
        finally
        {
            Interlocked.Decrement(ref _inFlight);
        }
    }

    private ShardAnswer Search(ShardQuery query, long? deadline)
    {
        using Activity? activity = Telemetry.Source.StartActivity("shard.search");
        using VersionedIndex<ShardVersion>.Lease lease = Lease(query.Version);
        ShardVersion version = lease.Value;
        ValueRanker? ranker = query.Value is { } value ? new ValueRanker(BidsOf(version), value) : null;
        GuidedSearchResult found = version.Find(new GuidedRequest(query.UserState.Span, query.K)
        {
            Deadline = deadline,
            MaxScorings = query.MaxScorings,
            Filter = FilterOf(version, ranker, OrdinalsOf(version, query.Exclude)),
            Seeds = OrdinalsOf(version, query.Seeds),
            Ranking = ranker,
        });
        activity?.SetTag("recall.scorings", found.Statistics.Scorings)
            .SetTag("recall.hops", found.Statistics.Hops)
            .SetTag("recall.stop", found.Statistics.StopReason.ToString());
        var ads = new ScoredAd[found.Ordinals.Length];
        for (int i = 0; i < ads.Length; i++)
            ads[i] = new ScoredAd(version.IdOf(found.Ordinals[i]), found.Scores[i])
            {
                Value = found.Values[i],
                Campaign = ranker?.GroupOf(found.Ordinals[i]) ?? -1,
            };
        return new ShardAnswer(ads, found.Statistics.Scorings, LimitsOf(found.Statistics.StopReason));
    }

    /// <summary>Has a copy of a version that can grow, with a log of ads in it, take the place of the current one.</summary>
    private void Grow(
        VersionedIndex<ShardVersion> held, ShardVersion current, ShardVersion copied, ReadOnlyMemory<ShardChange> changes)
    {
        ShardVersion growing = copied.Growing();
        try
        {
            growing.Apply(changes);
            Swap(held, current, growing);
        }
        catch
        {
            growing.Dispose();
            throw;
        }
    }

    /// <summary>Has another version take the place of the current one, with what was published to that.</summary>
    private void Swap(VersionedIndex<ShardVersion> held, ShardVersion current, ShardVersion next)
    {
        lock (_publishing)
        {
            (next.Placements, next.Bids) = (current.Placements, current.Bids);
            held.Swap(next);
        }
    }

    private VersionedIndex<ShardVersion> Held(string version) =>
        _versions.TryGetValue(version, out VersionedIndex<ShardVersion>? held)
            ? held
            : throw new InvalidOperationException($"The shard does not hold version {version}; it holds "
                + $"{(_versions.IsEmpty ? "none" : string.Join(", ", _versions.Keys))}.");

    private ClassBids BidsOf(ShardVersion version) =>
        version.Bids ?? throw new InvalidOperationException(
            $"The shard cannot rank by value: {(_book is null ? "no bid book was" : $"no placements of version {version.Name} were")} "
            + "published yet.");

    /// <summary>Brings one version up to date with the book and its placements.</summary>
    private void Apply(VersionedIndex<ShardVersion> held, Func<ShardVersion, PlacementClasses?> placements)
    {
        VersionedIndex<ShardVersion>.Lease lease;
        try
        {
            lease = held.Acquire();
        }
        catch (ObjectDisposedException)
        {
            // It was removed a moment ago: nobody will ask it any more.
            return;
        }
        using (lease)
        {
            ShardVersion version = lease.Value;
            version.Placements = placements(version);
            if (_book is not null && version.Placements is { } classes)
                version.Bids = new ClassBids(classes, _book);
        }
    }

    /// <summary>The ordinals of the ads that the version holds.</summary>
    private static int[] OrdinalsOf(ShardVersion version, IReadOnlyCollection<string> ids)
    {
        int[] ordinals = new int[ids.Count];
        int found = 0;
        foreach (string id in ids)
            found += version.TryOrdinalOf(id, out ordinals[found]) ? 1 : 0;
        return found == ordinals.Length ? ordinals : ordinals[..found];
    }

    private static EligibilityFilter? FilterOf(ShardVersion version, ValueRanker? ranker, int[] exclude)
    {
        if (ranker is not null && ranker.RankableCount <= version.OrdinalCount / FewEligible)
            return ranker.ToFilter(exclude);
        if (exclude.Length == 0)
            return null;
        var filter = new EligibilityFilter(version.OrdinalCount, allowed: true);
        foreach (int ad in exclude)
            filter[ad] = false;
        return filter;
    }

    private static SearchLimits LimitsOf(StopReason reason) => reason switch
    {
        StopReason.Budget => SearchLimits.Scorings,
        StopReason.Deadline => SearchLimits.Deadline,
        _ => SearchLimits.None,
    };
}
