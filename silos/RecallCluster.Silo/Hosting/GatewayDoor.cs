using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RecallCluster.Grains.Gateways;
using RecallCluster.Grains.Hosting;
using RecallCluster.Http;
using RecallCluster.Http.Security;
using RecallCluster.Http.Tokens;
using RecallCluster.Http.Tracking;
using RecallCluster.Silo.Configuration;
using RecallCluster.Silo.Formats;
using RecallCluster.Silo.Health;
using RecallCluster.Silo.Storage;
using StackExchange.Redis;

namespace RecallCluster.Silo.Hosting;

/// <summary>
/// The front door of a silo with the role gateway, or of a process that is a door and no silo. It listens at once, answers 503 until the
/// gateway is open, and is the first to close:
/// <code> SIGTERM ─► not ready ─► notice ─► no new requests, those at hand end ─► leases go back ─► the silo leaves </code>
/// </summary>
internal sealed partial class GatewayDoor(
    SiloSettings settings, IServiceProvider services, DrainPart drain, TimeProvider time, ILogger<GatewayDoor> logger)
    : IHostedService, ISiloPart, IAsyncDisposable
{
    private static readonly TimeSpan LongestWarmUp = TimeSpan.FromSeconds(10), Beat = TimeSpan.FromMilliseconds(100);

    // About as long as the other silos need to declare one dead, and longer than such a one needs to find it out.
    private static readonly TimeSpan Standstill = TimeSpan.FromSeconds(3), Aside = TimeSpan.FromSeconds(3);

    private readonly CancellationTokenSource _stop = new();
    private FrontDoorParts? _parts;
    private WebApplication? _app;
    private GatewayServices? _gateway;
    private Task _opening = Task.CompletedTask;
    private bool _isDisposed;
    private volatile string? _missing = "the gateway has not been opened yet";

    public string Name => "gateway";

    /// <summary>Where the door listens.</summary>
    public IReadOnlyList<Uri> Addresses => _app is null ? [] : FrontDoor.AddressesOf(_app);

    private bool IsWanted => settings.IsDoor || (settings.Node.Has(SiloRoles.Gateway) && settings.Node.ModelDirectory is not null);

    public ValueTask<string?> MissingAsync(CancellationToken cancellation) => ValueTask.FromResult(IsWanted ? _missing : null);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!IsWanted)
        {
            if (settings.Node.Has(SiloRoles.Gateway))
                LogNoModel(logger);
            return;
        }
        _parts = new FrontDoorParts { IsOpening = true, BusinessClock = settings.BusinessClock };
        TokenKeyRing keys = await SharedTokenKeys.OpenAsync(settings, services.GetService<IConnectionMultiplexer>()).ConfigureAwait(false);
        services.GetService<SharedKeepsakes>()?.Hold(keys);
        _app = FrontDoor.Create(_parts, DoorOptions(keys));
        await _app.StartAsync(cancellationToken).ConfigureAwait(false);
        _opening = OpenAsync(_parts);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        drain.Begin();
        if (_app is null)
            return;
        Offer(null);
        await Task.Delay(settings.Notice, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _stop.CancelAsync().ConfigureAwait(false);
        await _opening.ConfigureAwait(false);
        // It may have been opened, and offered, meanwhile.
        Offer(null);
        await _app.StopAsync(cancellationToken).ConfigureAwait(false);
        await CloseAsync().ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        // It is known by several names, and disposed under each.
        if (Interlocked.Exchange(ref _isDisposed, true))
            return;
        // Where the host failed to start nobody has stopped it.
        await _stop.CancelAsync().ConfigureAwait(false);
        await _opening.ConfigureAwait(false);
        if (_app is not null)
            await _app.DisposeAsync().ConfigureAwait(false);
        await CloseAsync().ConfigureAwait(false);
        _stop.Dispose();
    }

    /// <summary>Closes the gateway, once, whoever asks first.</summary>
    private async ValueTask CloseAsync()
    {
        if (Interlocked.Exchange(ref _gateway, null) is { } gateway)
            await gateway.DisposeAsync().ConfigureAwait(false);
    }

    private FrontDoorOptions DoorOptions(TokenKeyRing tokens)
    {
        var access = new AccessOptions();
        return new FrontDoorOptions
        {
            Urls = [settings.DoorUrl],
            PublicUrl = settings.PublicUrl,
            Formats = [new MessagePackFormat()],
            Overload = settings.Overload,
            Tracking = new TrackingOptions { Keys = tokens },
            Access = settings.DoorKeys is not { } keys
                ? access
                : access with { Keys = ApiKeyFile.Load(keys), KeysPath = keys, AnonymousOnLoopback = ApiRoles.None },
        };
    }

    /// <summary>Opens the gateway; a store or a member that is not there yet is waited for, broken files are not.</summary>
    private async Task OpenAsync(FrontDoorParts parts)
    {
        TimeSpan pause = TimeSpan.FromSeconds(1);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                if (services.GetService<IGatewayComposition>() is not { } composition)
                {
                    _missing = "this program was built without a gateway";
                    return;
                }
                _gateway = await composition.OpenAsync(_stop.Token).ConfigureAwait(false);
                Set(parts, _gateway);
                _missing = "the door is warming up";
                await WarmUpAsync().ConfigureAwait(false);
                LetIn(parts, _gateway);
                await WatchAsync(parts, _gateway).ConfigureAwait(false);
                return;
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            // The door says why, the log says it in full; the next attempt may find what was missing.
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                _missing = e.Message;
                LogNotOpen(logger, e);
                await TryCloseAsync().ConfigureAwait(false);
            }
            await Task.Delay(pause, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>
    /// Sends ad servers to other doors for a moment whenever the process stood still, as a frozen machine does: the silo may have been
    /// declared dead, which it finds out only now, and its leases have ended, so that it would have no ads for anybody.
    /// </summary>
    private async Task WatchAsync(FrontDoorParts parts, GatewayServices gateway)
    {
        while (!_stop.IsCancellationRequested)
        {
            long last = time.GetTimestamp();
            await Task.Delay(Beat, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            TimeSpan gap = time.GetElapsedTime(last);
            if (gap < Standstill)
                continue;
            (parts.IsOpening, parts.Gateway, _missing) = (true, null, "the process stood still");
            Offer(null);
            LogStoodStill(logger, gap.TotalSeconds);
            do
            {
                last = time.GetTimestamp();
                await Task.Delay(Aside, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            // It stood still once more.
            while (time.GetElapsedTime(last) >= Aside + Standstill && !_stop.IsCancellationRequested);
            LetIn(parts, gateway);
        }
    }

    private void LetIn(FrontDoorParts parts, GatewayServices gateway)
    {
        parts.Gateway = gateway.Gateway;
        Offer(gateway);
        parts.IsOpening = false;
        _missing = null;
    }

    /// <summary>Lets doors in processes of their own ask this silo's gateway, or no longer.</summary>
    private void Offer(GatewayServices? gateway)
    {
        if (services.GetService<OpenGateway>() is { } open)
            open.Services = gateway;
    }

    /// <summary>Closes what was opened in vain; whatever comes of that, the door is opened again.</summary>
    private async Task TryCloseAsync()
    {
        try
        {
            await CloseAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            LogNotOpen(logger, e);
        }
    }

    private static void Set(FrontDoorParts parts, GatewayServices gateway)
    {
        (parts.Retriever, parts.Gateway, parts.Feedback) = (gateway.Retriever, gateway.Gateway, gateway.Feedback);
        (parts.Campaigns, parts.Catalogue, parts.Users) = (gateway.Campaigns, gateway.Catalogue, gateway.Users);
        (parts.Live, parts.Background, parts.Shed) = (gateway.Live, gateway.Background, gateway.Shed);
        (parts.Indexes, parts.Actors, parts.Calibrators) = (gateway.Indexes, gateway.Actors, gateway.Calibrators);
        parts.Experiments = gateway.Experiments;
    }

    /// <summary>Tries the whole way from body to answer, the shards of other silos with it, before others send anybody here.</summary>
    private async Task WarmUpAsync()
    {
        try
        {
            await FrontDoor.WarmUpAsync(_app!, LongestWarmUp, _stop.Token).ConfigureAwait(false);
        }
        // What is wrong, the first real request will tell, too.
        catch (Exception e) when (e is not OutOfMemoryException && !_stop.IsCancellationRequested)
        {
            LogCold(logger, e);
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The silo has the role gateway but no directories:model: no front door is opened.")]
    private static partial void LogNoModel(ILogger logger);

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "The process stood still for {Seconds:F1} s: for a moment the door sends requests elsewhere.")]
    private static partial void LogStoodStill(ILogger logger, double seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The door's trial requests failed.")]
    private static partial void LogCold(ILogger logger, Exception failure);

    [LoggerMessage(Level = LogLevel.Error, Message = "The gateway could not be opened; it is tried again.")]
    private static partial void LogNotOpen(ILogger logger, Exception failure);
}
