using System.Security.Cryptography;
using RecallCluster.Numerics;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.Gateway;
using RecallCluster.Serving.Live;

namespace RecallCluster.Serving.Hosting;

/// <summary>
/// A gateway with what runs around it in every host: bid books from the market, leases ahead of need, reports of auctions, the live view.
/// <code>
/// requests ─► gateway ◄── market (books)        gateway ─► leases, reports ─► campaigns, wherever they are
///                └────◄── experiments                └─► exposures ────────► experiments, likewise
/// </code>
/// The host feeds back what becomes of wins (<see cref="AdGateway.Settle"/>, <see cref="AdGateway.Acknowledge"/>). <see cref="Run"/> starts
/// what happens by the clock. Disposing stops gracefully: leases are closed and the last reports told.
/// </summary>
internal sealed class GatewayLoop : IAsyncDisposable
{
    private readonly GatewayLoopParts _parts;
    private readonly GatewayLoopOptions _options;
    private readonly ExposureReporter _exposures;
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    /// <summary>A gateway that knows the campaigns as they are, and has no lease yet (<see cref="KeepAsync"/>).</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is not as its description says.</exception>
    public GatewayLoop(GatewayLoopParts parts, GatewayLoopOptions options)
    {
        options.Check();
        (_parts, _options) = (parts, options);
        Sampler = options.ValueRecallShare > 0
            ? new ValueRecallSampler(parts.Retriever, () => parts.Market.Shards, options.ValueRecallShare, parts.Time, parts.Background)
            : null;
        Gateway = new AdGateway(
            new GatewayParts
            {
                Retriever = parts.Retriever,
                Catalogue = parts.Market.Catalogue,
                Users = parts.Users,
                Ranker = options.Ranker,
                Trace = options.Trace,
                Sampler = Sampler,
                Experiments = parts.Experiments,
                Leases = parts.Leases,
                Epoch = parts.Epoch,
                // Wins of two lives must not share ids, and nobody shall guess them.
                Random = new SeededRandom(options.Seed ?? BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)))),
                Time = parts.Time,
                BusinessClock = parts.BusinessClock,
            },
            options.Gateway);
        _exposures = new ExposureReporter(
            parts.Experiments, parts.Exposures, options.Gateway.Number, parts.Epoch, parts.BusinessClock);
        Live = new LiveView(parts, Gateway, Sampler);
        parts.Market.Used += Gateway.Publish;
        parts.Market.Use(parts.Market.Current);
    }

    /// <summary>Answers requests.</summary>
    public AdGateway Gateway { get; }

    /// <summary>What is going on.</summary>
    public ILiveView Live { get; }

    /// <summary>Looks at how much of the value is found; null where that is off.</summary>
    public ValueRecallSampler? Sampler { get; }

    /// <summary>Starts what happens by the clock: leases, reports, exposures.</summary>
    public void Run() => _running = Task.WhenAll(
        Task.Run(() => RepeatAsync(_options.KeepInterval, _parts.Time, "leases", () => KeepAsync(_stop.Token))),
        Task.Run(() => RepeatAsync(_options.ReportInterval, _parts.BusinessClock, "reports", SurveyAndReportAsync)),
        Task.Run(() => RepeatAsync(
            _options.ExposureInterval, _parts.Time, "experiments", () => ReportExposuresAsync(_stop.Token))));

    /// <summary>Renews leases ahead of need; see <see cref="AdGateway.KeepAsync"/>.</summary>
    public Task KeepAsync(CancellationToken cancellation) => Gateway.KeepAsync(cancellation);

    /// <summary>Looks for auctions that campaigns did not bid in; see <see cref="AdGateway.SurveyAsync"/>.</summary>
    public Task SurveyAsync(CancellationToken cancellation) => Gateway.SurveyAsync(cancellation);

    /// <summary>Tells the campaigns of their auctions since the last call.</summary>
    /// <exception cref="IOException">One of them could not be told.</exception>
    public async Task ReportAsync(CancellationToken cancellation)
    {
        IReadOnlyDictionary<long, BidReport> reports = Gateway.CollectReports();
        await Task.WhenAll(reports.Select(
            report => _parts.Reports.ReportAsync(report.Key, report.Value, cancellation))).ConfigureAwait(false);
    }

    /// <summary>Tells the experiments what was answered under their arms since the last call.</summary>
    /// <exception cref="IOException">One of them could not be told; the next call does.</exception>
    public Task ReportExposuresAsync(CancellationToken cancellation) => _exposures.ReportAsync(cancellation);

    /// <summary>Stops gracefully.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        if (Sampler is not null)
            await Sampler.DisposeAsync().ConfigureAwait(false);
        // Each by itself: what cannot be told to campaigns can be told to experiments all the same.
        await TryLastAsync(() => Gateway.StopAsync(CancellationToken.None)).ConfigureAwait(false);
        await TryLastAsync(() => ReportAsync(CancellationToken.None)).ConfigureAwait(false);
        await TryLastAsync(() => ReportExposuresAsync(CancellationToken.None)).ConfigureAwait(false);
        _parts.Market.Used -= Gateway.Publish;
        Gateway.Dispose();
        _exposures.Dispose();
        _stop.Dispose();
    }

    // A disk that is full now must not keep the host open; leases come back when their windows close.
    private async Task TryLastAsync(Func<Task> work)
    {
        try
        {
            await work().ConfigureAwait(false);
        }
        catch (IOException e)
        {
            _parts.Background.Failed("stop", e);
        }
    }

    private async Task SurveyAndReportAsync()
    {
        // Reports go out whatever becomes of the survey.
        await TryAsync("survey", () => SurveyAsync(_stop.Token)).ConfigureAwait(false);
        await ReportAsync(_stop.Token).ConfigureAwait(false);
    }

    private async Task RepeatAsync(TimeSpan period, TimeProvider clock, string part, Func<Task> work)
    {
        using var timer = new PeriodicTimer(period, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
                await TryAsync(part, work).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return;
        }
    }

    // Trouble now, such as a full disk, is no reason never to try again.
    private async Task TryAsync(string part, Func<Task> work)
    {
        try
        {
            await work().ConfigureAwait(false);
            _parts.Background.Succeeded(part);
        }
        catch (Exception e) when (e is not (OperationCanceledException or OutOfMemoryException))
        {
            _parts.Background.Failed(part, e);
        }
    }
}
