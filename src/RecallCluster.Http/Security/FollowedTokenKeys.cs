using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RecallCluster.Http.Tokens;
using RecallCluster.Http.Tracking;

namespace RecallCluster.Http.Security;

/// <summary>
/// Reads the keys of tracking tokens again when their file changed, so that a rotation needs no restart. A file that is broken or gone
/// changes nothing but the log.
/// </summary>
internal sealed partial class FollowedTokenKeys(
    FrontDoorOptions options, FrontDoorParts parts, Tracker tracker, ILogger<FollowedTokenKeys> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Tracking is not { Keys: { } first, KeysPath: { } path })
            return;
        IReadOnlyList<byte> seen = first.Ids;
        DateTime at = default;
        using var timer = new PeriodicTimer(Period, parts.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                DateTime written = File.GetLastWriteTimeUtc(path);
                if (written != at)
                    seen = Reload(path, seen);
                at = written;
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return;
        }
    }

    private IReadOnlyList<byte> Reload(string path, IReadOnlyList<byte> seen)
    {
        try
        {
            TokenKeyRing ring = TokenKeyRing.Load(path);
            tracker.Use(ring);
            if (!ring.Ids.SequenceEqual(seen))
                LogTaken(logger, path, ring.Ids[0], ring.Ids.Count);
            return ring.Ids;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            LogKept(logger, path, e);
            return seen;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{path} was read again: token key {id} signs, {count} are good.")]
    private static partial void LogTaken(ILogger logger, string path, byte id, int count);

    [LoggerMessage(Level = LogLevel.Error, Message = "{path} cannot be read; the token keys stay as they were.")]
    private static partial void LogKept(ILogger logger, string path, Exception e);
}
