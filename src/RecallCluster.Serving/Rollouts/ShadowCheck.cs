namespace RecallCluster.Serving.Rollouts;

/// <summary>
/// Answers a share of the live requests a second time, with a version that is not running yet:
/// <code>
/// request ─► running version ─► answer ─► caller
///                                 └─ a share ─► new version ─► answer ─► compared, counted, forgotten
/// </code>
/// Where requests are few the share is larger, up to all of them. Callers do not wait for it, and while some comparisons are under way no
/// further ones begin. Thread-safe.
/// </summary>
internal sealed class ShadowCheck : IAsyncDisposable
{
    // So that the second answers never take much of what the first ones need.
    private const int MostAtOnce = 2;
    private const double MostOwed = 2;

    private readonly AdRetriever _running;
    private readonly AdRetriever _shadow;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TimeProvider _time;
    private readonly double _share, _pace;
    private readonly Lock _lock = new();
    private ShadowTally _tally = new();
    private double _owed;
    private long _last;
    private int _atOnce;

    /// <summary>Begins.</summary>
    /// <param name="running">Answers the live requests.</param>
    /// <param name="candidate">The version; it stays with the caller and must not be disposed before this is.</param>
    /// <param name="share">Share of the requests that are compared.</param>
    /// <param name="pace">Comparisons a second that are made beside those, as long as there are requests.</param>
    /// <param name="time">The clock of deadlines, timings and the pace.</param>
    public ShadowCheck(AdRetriever running, RetrieverVersion candidate, double share, double pace, TimeProvider time)
    {
        (_running, _share, _pace, _time, _last) = (running, share, pace, time, time.GetTimestamp());
        _shadow = new AdRetriever(time, threads: 1);
        _shadow.Publish(new RetrieverVersion(candidate.Name, candidate.Users, candidate.Shards, _ended.SetResult)
        {
            Clicks = candidate.Clicks,
        });
        running.Answered += Offer;
    }

    /// <summary>What came of it so far.</summary>
    public ShadowTally Tally
    {
        get
        {
            lock (_lock)
                return _tally;
        }
    }

    /// <summary>Ends; when this completes nobody uses the version here any more.</summary>
    public async ValueTask DisposeAsync()
    {
        _running.Answered -= Offer;
        _shadow.Dispose();
        await _ended.Task.ConfigureAwait(false);
    }

    private void Offer(RetrievalRequest request, RetrievalAnswer answer)
    {
        if (answer.Coverage < 1)
            return;
        lock (_lock)
        {
            long now = _time.GetTimestamp();
            // What is left over stays owed, or half of the requests would be the most that a share between a half and all could mean.
            _owed = Math.Min(MostOwed, _owed + _share + (_pace * _time.GetElapsedTime(_last, now).TotalSeconds));
            _last = now;
            // Sums of shares fall short of 1 by rounding.
            if (_owed < 1 - 1e-9 || _atOnce == MostAtOnce)
                return;
            _owed -= 1;
            _atOnce++;
        }
        _ = Task.Run(() => CompareAsync(request, answer));
    }

    private async Task CompareAsync(RetrievalRequest request, RetrievalAnswer answer)
    {
        RetrievalAnswer? shadow = null;
        bool counts = true;
        try
        {
            shadow = await _shadow.AnswerAsync(request, CancellationToken.None).ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            counts = false;
        }
        // Whatever it is: a request that the running version answers, the new one must answer too.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Telemetry.ShadowFailed(e);
        }
        lock (_lock)
        {
            _atOnce--;
            if (counts)
                _tally = _tally.With(request, answer, shadow);
        }
    }
}
