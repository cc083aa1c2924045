using RecallCluster.Retrieval.Versions;

namespace RecallCluster.Serving;

/// <summary>
/// Answers requests from all shards:
/// <code>
///                              ┌─► shard 0 ─┐
/// features ─► prepared state ──┼─► shard 1 ─┼─► merge ─► the K best
///              (once)          └─► shard n ─┘
/// </code>
/// A shard that fails, or has not answered when the deadline comes, is left out: the answer is then partial, and its coverage says by how
/// much. Shards of this process are searched on the caller's thread, helped by others while processors are idle, so a call may take as long
/// as a search before it returns its task. A request sees one version of everything from its first step to its last, whatever is swapped
/// meanwhile. Thread-safe; requests take no lock.
/// </summary>
public sealed class AdRetriever : IAdRetriever, IDisposable
{
    // What clocks and timers take without overflowing, and longer than anybody waits for an ad.
    private static readonly TimeSpan LongestDeadline = TimeSpan.FromDays(1);

    private readonly TimeProvider _time;
    private readonly SearchLanes _lanes;
    private readonly Lock _publishing = new();
    private volatile VersionedIndex<RetrieverVersion>? _versions;
    private volatile bool _isDisposed;

    /// <summary>A retriever that is not ready until <see cref="Publish"/> is called.</summary>
    /// <param name="time">The clock of deadlines and timings.</param>
    /// <param name="threads">Processors that search shards of this process; all by default.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="threads"/> is not positive.</exception>
    public AdRetriever(TimeProvider time, int? threads = null)
    {
        ArgumentNullException.ThrowIfNull(time);
        if (threads is { } given)
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(given, nameof(threads));
        _lanes = new SearchLanes(threads ?? Environment.ProcessorCount);
        _time = time;
    }

    /// <summary>Called with every answer, before the caller has it; must be quick and throw nothing.</summary>
    internal event Action<RetrievalRequest, RetrievalAnswer>? Answered;

    /// <summary>Whether requests can be answered.</summary>
    public bool IsReady => _versions is not null && !_isDisposed;

    /// <summary>What new requests are answered with; null until there is a version, and after the end.</summary>
    public RetrieverSummary? Summary
    {
        get
        {
            if (_isDisposed || _versions is not { } versions)
                return null;
            try
            {
                using VersionedIndex<RetrieverVersion>.Lease lease = versions.Acquire();
                return new RetrieverSummary(lease.Value.Name, lease.Value.Shards.Count, lease.Value.Ads);
            }
            catch (ObjectDisposedException)
            {
                // It ended a moment ago.
                return null;
            }
        }
    }

    /// <summary>
    /// Lets requests that begin from now on be answered with <paramref name="version"/>, which it takes over; those under way finish with
    /// theirs, after which that one is disposed.
    /// </summary>
    public void Publish(RetrieverVersion version)
    {
        ArgumentNullException.ThrowIfNull(version);
        lock (_publishing)
        {
            if (_versions is { } versions)
                versions.Swap(version);
            else
                _versions = new VersionedIndex<RetrieverVersion>(version);
        }
    }

    /// <summary>Ends the answering; the version is disposed when its last request has ended.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        _versions?.Dispose();
    }

    /// <summary>Answers one request.</summary>
    /// <exception cref="InvalidRequestException">The request makes no sense: K or a limit is not positive, the deadline is beyond a day, or
    /// a profile value is wrong.</exception>
    /// <exception cref="InvalidOperationException">Nothing was published yet.</exception>
    /// <exception cref="ObjectDisposedException">The retriever was disposed.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async Task<RetrievalAnswer> AnswerAsync(RetrievalRequest request, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        Check(request);
        VersionedIndex<RetrieverVersion> versions = _versions ?? throw new InvalidOperationException("The retriever has no shards yet.");
        using VersionedIndex<RetrieverVersion>.Lease lease = versions.Acquire();
        RetrieverVersion version = lease.Value;

        long start = _time.GetTimestamp();
        PreparedUser user;
        using (Telemetry.Source.StartActivity("user.prepare"))
            user = version.Users.Prepare(request.User);
        TimeSpan prepare = _time.GetElapsedTime(start);

        long searchStart = _time.GetTimestamp();
        var round = new SearchRound(version, request, user, _lanes, _time);
        Outcome[] outcomes = await round.AskAllAsync(request.Deadline - prepare, cancellation).ConfigureAwait(false);
        int[] exhausted = ShardMerge.Exhausted(outcomes, version, request);
        if (exhausted.Length > 0)
            await round.AskAgainAsync(
                outcomes, exhausted, request.Deadline - _time.GetElapsedTime(start), cancellation).ConfigureAwait(false);
        TimeSpan search = _time.GetElapsedTime(searchStart);

        long mergeStart = _time.GetTimestamp();
        IReadOnlyList<ScoredAd> ads = ShardMerge.Top(Outcome.AnswersOf(outcomes), request.K, request.MostPerCampaign);
        var answer = new RetrievalAnswer
        {
            Ads = ads,
            Version = version.Name,
            Clicks = version.Clicks,
            Coverage = version.CoverageOf(outcomes.Select(o => o.Answer is not null)),
            Scorings = outcomes.Sum(o => o.Scorings),
            Limits = outcomes.Aggregate(SearchLimits.None, (limits, o) => limits | (o.Answer?.Limits ?? SearchLimits.None)),
            User = user.Reading,
            Failures = [.. outcomes.Index().Where(o => o.Item.Failure is not null).Select(o => new ShardFailure(o.Index, o.Item.Failure!))],
            Timings = new AnswerTimings(prepare, search, _time.GetElapsedTime(mergeStart)),
        };
        Answered?.Invoke(request, answer);
        return answer;
    }

    /// <summary>Prepares a user once more for a version that answered it.</summary>
    /// <exception cref="InvalidOperationException">Another version is current.</exception>
    /// <exception cref="ObjectDisposedException">The retriever was disposed.</exception>
    internal PreparedUser Prepare(UserFeatures user, string version)
    {
        VersionedIndex<RetrieverVersion> versions = _versions ?? throw new InvalidOperationException("The retriever has no shards yet.");
        using VersionedIndex<RetrieverVersion>.Lease lease = versions.Acquire();
        return lease.Value.Name == version
            ? lease.Value.Users.Prepare(user)
            : throw new InvalidOperationException($"Version {version} was replaced by {lease.Value.Name}.");
    }

    private static void Check(RetrievalRequest request)
    {
        if (request.K <= 0)
            throw new InvalidRequestException("k", $"must be positive, not {request.K}.");
        if (request.MostPerCampaign <= 0)
            throw new InvalidRequestException("value.mostPerCampaign", $"must be positive, not {request.MostPerCampaign}.");
        if (request.MaxScorings <= 0)
            throw new InvalidRequestException("maxScorings", $"must be positive, not {request.MaxScorings}.");
        if (request.Deadline <= TimeSpan.Zero)
            throw new InvalidRequestException("deadlineMs", $"must be positive, not {request.Deadline.Value.TotalMilliseconds}.");
        if (request.Deadline > LongestDeadline)
            throw new InvalidRequestException(
                "deadlineMs", $"must be at most {LongestDeadline.TotalMilliseconds}, not {request.Deadline.Value.TotalMilliseconds}.");
    }
}
