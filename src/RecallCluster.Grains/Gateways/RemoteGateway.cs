using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Market;
using RecallCluster.Serving;
using RecallCluster.Serving.Live;
using RecallCluster.Wire.Gateways;

namespace RecallCluster.Grains.Gateways;

/// <summary>
/// The cluster's gateways, for a door in a process of its own: each request goes to one of them, the next one first, and to another where
/// that one is not open. A gateway is told how much of the caller's time is left, less what the way there and back has lately taken.
/// Thread-safe.
/// </summary>
internal sealed class RemoteGateway : IAdGateway, IAdRetriever, ILiveView, IAsyncDisposable
{
    // Whoever is not open says so at once, and who is asked next may be the same one again.
    private const int Attempts = 16;
    private const double Smoothing = 1.0 / 16;

    // What a request without a deadline may take.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan WatchPeriod = TimeSpan.FromSeconds(1), WatchPatience = TimeSpan.FromSeconds(1);

    private readonly IGrainFactory _grains;
    private readonly GatewaySpread _spread;
    private readonly TimeProvider _time;
    private readonly Follower _watch;
    private volatile RetrieverSummary? _summary;
    private long _way;

    /// <param name="grains">The cluster's grains.</param>
    /// <param name="spread">Which of them is asked next.</param>
    /// <param name="options">Time between attempts to hear of the gateways.</param>
    /// <param name="time">The clock of deadlines.</param>
    public RemoteGateway(IGrainFactory grains, GatewaySpread spread, Machines.MachineHostOptions options, TimeProvider time)
    {
        (_grains, _spread, _time) = (grains, spread, time);
        _watch = new Follower(WatchAsync, options, time);
    }

    /// <inheritdoc cref="IAdGateway.IsReady"/>
    public bool IsReady => _summary is not null;

    private IGatewayGrain Next => _grains.GetGrain<IGatewayGrain>(_spread.Next());

    /// <inheritdoc/>
    public RetrieverSummary? Summary => _summary;

    /// <summary>Hears of the gateways once, now.</summary>
    /// <exception cref="IOException">None answers, or none is open.</exception>
    public async Task LookAsync(CancellationToken cancellation)
    {
        string problem = "none is open";
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            try
            {
                GatewayStatusMessage status = await GrainCalls.AskAsync(
                    Next.StatusAsync().WaitAsync(WatchPatience, _time, cancellation), "A gateway", cancellation).ConfigureAwait(false);
                if (status is { IsOpen: true, Version: { } version })
                {
                    _summary = new RetrieverSummary(version, status.Shards, status.Ads);
                    return;
                }
            }
            catch (IOException e)
            {
                problem = e.Message;
            }
        }
        _summary = null;
        throw new IOException($"No gateway of the cluster answers for this door: {problem}");
    }

    /// <inheritdoc/>
    public async Task<AdAnswer> AnswerAsync(AdRequest request, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        (GatewayReply? reply, string? failure) = await AskAsync(
            left => Next.AnswerAsync(GatewayWire.ToWire(request, left)), request.Deadline,
            reply => reply.Answer is { } told ? new TimeSpan(told.Timings.Sum()) : TimeSpan.Zero, cancellation).ConfigureAwait(false);
        if (reply?.RefusedField is { } field)
            throw new InvalidRequestException(field, reply.Refusal ?? "makes no sense.");
        return reply?.Answer is { } answer ? GatewayWire.ToAnswer(answer) : new AdAnswer
        {
            RequestId = request.Id,
            Ads = [],
            NoAd = failure is null ? NoAdReason.Deadline : NoAdReason.NoShardAnswered,
            Version = _summary?.Version ?? "",
            BookVersion = 0,
            Coverage = 0,
            Scorings = 0,
            Limits = failure is null ? SearchLimits.Deadline : SearchLimits.None,
            User = default,
            Failures = failure is null ? [] : [new ShardFailure(-1, failure)],
            Timings = default,
        };
    }

    /// <inheritdoc/>
    public async Task<RetrievalAnswer> AnswerAsync(RetrievalRequest request, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        (CandidatesReply? reply, string? failure) = await AskAsync(
            left => Next.CandidatesAsync(GatewayWire.ToWire(request, left)), request.Deadline,
            reply => TimeSpan.FromMilliseconds(reply.Answer?.TimingsMs[^1] ?? 0), cancellation).ConfigureAwait(false);
        if (reply?.RefusedField is { } field)
            throw new InvalidRequestException(field, reply.Refusal ?? "makes no sense.");
        return reply?.Answer is { } answer ? GatewayWire.ToAnswer(answer) : new RetrievalAnswer
        {
            Ads = [],
            Version = _summary?.Version ?? "",
            Coverage = 0,
            Scorings = 0,
            Limits = failure is null ? SearchLimits.Deadline : SearchLimits.None,
            User = default,
            Failures = failure is null ? [] : [new ShardFailure(-1, failure)],
            Timings = default,
        };
    }

    /// <inheritdoc/>
    public async ValueTask<LiveSnapshot> SnapshotAsync(CancellationToken cancellation)
    {
        (byte[]? told, string? failure) = await AskAsync(_ => Next.LiveAsync(), deadline: null, workOf: null, cancellation)
            .ConfigureAwait(false);
        if (told is null)
            throw new IOException($"The gateways: {failure}");
        return GrainsJson.Read(told, LiveSnapshotJson.Type, "live view");
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _watch.DisposeAsync();

    /// <summary>Asks a gateway, or another one; never twice where the first may have begun.</summary>
    /// <param name="ask">Asks the next one, which has so much time left.</param>
    /// <param name="deadline">All the time that there is; null for no limit.</param>
    /// <param name="workOf">How much of a call's time was work rather than the way; null where that is not to be learnt from.</param>
    /// <param name="cancellation">The caller gave up.</param>
    /// <returns>What was said, and why nothing was; neither where the time was over.</returns>
    private async Task<(TReply? Reply, string? Failure)> AskAsync<TReply>(
        Func<TimeSpan?, Task<TReply?>> ask, TimeSpan? deadline, Func<TReply, TimeSpan>? workOf, CancellationToken cancellation)
        where TReply : class
    {
        long began = _time.GetTimestamp();
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            long start = _time.GetTimestamp();
            TimeSpan patience = (deadline ?? Longest) - _time.GetElapsedTime(began, start);
            TimeSpan? left = deadline is null ? null : patience - new TimeSpan(Interlocked.Read(ref _way));
            if (patience <= TimeSpan.Zero || left <= TimeSpan.Zero)
                return (null, null);
            try
            {
                TReply? reply = await ask(left).WaitAsync(patience, _time, cancellation).ConfigureAwait(false);
                if (reply is null)
                    continue;
                if (workOf is not null)
                    Note(_time.GetElapsedTime(start) - workOf(reply));
                return (reply, null);
            }
            catch (SiloUnavailableException)
            {
                // It is gone, and what it had begun with it.
                continue;
            }
            catch (TimeoutException) when (deadline is not null)
            {
                return (null, null);
            }
            catch (Exception e) when (e is OrleansException or TimeoutException)
            {
                return (null, $"no gateway answered: {e.Message}");
            }
        }
        return (null, "no gateway is open");
    }

    // A value that is lost to another thread's changes nothing that matters.
    private void Note(TimeSpan way)
    {
        long known = Interlocked.Read(ref _way);
        Interlocked.Exchange(ref _way, Math.Max(0, known + (long)((way.Ticks - known) * Smoothing)));
    }

    private async Task WatchAsync(CancellationToken cancellation)
    {
        await LookAsync(cancellation).ConfigureAwait(false);
        await Task.Delay(WatchPeriod, _time, cancellation).ConfigureAwait(false);
    }
}
