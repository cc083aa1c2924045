using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RecallCluster.Serving.Hosting;

namespace RecallCluster.Http.Observability;

/// <summary>Writes trouble of background work to the log: at once, but one line for each part and minute at most.</summary>
internal sealed partial class BackgroundLog(FrontDoorParts parts, ILogger<BackgroundLog> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);
    private readonly Dictionary<string, (BackgroundState State, long At)> _told = new(StringComparer.Ordinal);

    /// <summary>Writes what is new.</summary>
    internal void Look()
    {
        foreach (BackgroundState part in parts.Background?.Parts ?? [])
        {
            long now = parts.Time.GetTimestamp();
            bool wasTold = _told.TryGetValue(part.Part, out (BackgroundState State, long At) last);
            if (wasTold && (last.State == part || parts.Time.GetElapsedTime(last.At, now) < Quiet))
                continue;
            _told[part.Part] = (part, now);
            if (part.IsFailing || !wasTold || last.State.Failures != part.Failures)
                LogFailure(logger, part.Part, part.Failures, part.LastFailure);
            if (!part.IsFailing)
                LogRecovery(logger, part.Part);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, parts.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
                Look();
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            Look();
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Background work '{Part}' has failed, {Count} time(s) so far.")]
    private static partial void LogFailure(ILogger logger, string part, long count, Exception failure);

    [LoggerMessage(Level = LogLevel.Information, Message = "Background work '{Part}' goes on.")]
    private static partial void LogRecovery(ILogger logger, string part);
}
