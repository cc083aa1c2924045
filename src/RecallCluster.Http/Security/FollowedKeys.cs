using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace RecallCluster.Http.Security;

/// <summary>
/// Reads a door's key file again when it changed, so that a key that is revoked opens nothing a few seconds later. A file that is broken or
/// gone changes nothing but the log.
/// </summary>
internal sealed partial class FollowedKeys(AccessOptions access, TimeProvider time, ILogger<FollowedKeys> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (access is not { Keys: { } keys, KeysPath: { } path })
            return;
        DateTime seen = File.GetLastWriteTimeUtc(path);
        using var timer = new PeriodicTimer(Period, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                DateTime written = File.GetLastWriteTimeUtc(path);
                if (written != seen)
                    Reload(keys, path);
                seen = written;
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return;
        }
    }

    private void Reload(ApiKeyFile keys, string path)
    {
        try
        {
            keys.Take(ApiKeyFile.Load(path));
            LogTaken(logger, path, keys.Keys.Count);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            LogKept(logger, path, e);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{path} was read again: {count} key(s).")]
    private static partial void LogTaken(ILogger logger, string path, int count);

    [LoggerMessage(Level = LogLevel.Error, Message = "{path} cannot be read; the keys stay as they were.")]
    private static partial void LogKept(ILogger logger, string path, Exception e);
}
