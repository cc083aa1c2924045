using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace RecallCluster.Http.Live;

/// <summary>
/// Takes one snapshot a second while anybody watches and hands the same bytes to all. A watcher that is slow misses snapshots; it holds
/// nobody up and costs one frame of memory.
/// </summary>
internal sealed partial class LiveHub(
    FrontDoorParts parts, FrontDoorLimits limits, IHostApplicationLifetime lifetime, ILogger<LiveHub> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);
    private readonly Lock _lock = new();
    private readonly List<LiveSubscription> _subscriptions = [];
    private readonly SemaphoreSlim _someoneWatches = new(0);

    /// <summary>Begins to watch; null when too many do.</summary>
    public LiveSubscription? Subscribe()
    {
        lock (_lock)
        {
            if (_subscriptions.Count >= limits.MaxLiveSubscribers || lifetime.ApplicationStopping.IsCancellationRequested)
                return null;
            var subscription = new LiveSubscription(Remove);
            _subscriptions.Add(subscription);
            if (_subscriptions.Count == 1)
                _someoneWatches.Release();
            return subscription;
        }
    }

    public override void Dispose()
    {
        _someoneWatches.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The server waits for its requests before it stops its services: those who watch must be let go at the first sign of the end.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifetime.ApplicationStopping);
        using var timer = new PeriodicTimer(Period, parts.Time);
        try
        {
            while (true)
            {
                if (Current().Length == 0)
                    await _someoneWatches.WaitAsync(ending.Token).ConfigureAwait(false);
                await PublishAsync(ending.Token).ConfigureAwait(false);
                await timer.WaitForNextTickAsync(ending.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            foreach (LiveSubscription subscription in Current())
                subscription.End();
        }
    }

    private async Task PublishAsync(CancellationToken cancellation)
    {
        LiveSubscription[] watching = Current();
        if (watching.Length == 0 || parts.Live is not { } live)
            return;
        byte[] frame;
        try
        {
            frame = LiveRoutes.FrameOf(await live.SnapshotAsync(cancellation).ConfigureAwait(false));
        }
        // One snapshot that fails must not end the watching of all; the next may come.
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogFailed(logger, e);
            return;
        }
        foreach (LiveSubscription subscription in watching)
            subscription.Offer(frame);
    }

    private LiveSubscription[] Current()
    {
        lock (_lock)
            return [.. _subscriptions];
    }

    private void Remove(LiveSubscription subscription)
    {
        lock (_lock)
            _subscriptions.Remove(subscription);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "No snapshot of what is going on.")]
    private static partial void LogFailed(ILogger logger, Exception e);
}

/// <summary>One that watches. Of the frames that it was too slow for it gets the newest.</summary>
internal sealed class LiveSubscription(Action<LiveSubscription> end) : IDisposable
{
    private readonly Channel<byte[]> _frames = Channel.CreateBounded<byte[]>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    public IAsyncEnumerable<byte[]> FramesAsync(CancellationToken cancellation) => _frames.Reader.ReadAllAsync(cancellation);

    public void Offer(byte[] frame) => _frames.Writer.TryWrite(frame);

    public void End() => _frames.Writer.TryComplete();

    public void Dispose() => end(this);
}
