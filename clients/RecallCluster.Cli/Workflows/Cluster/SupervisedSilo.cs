using RecallCluster.Cli.Infrastructure;

namespace RecallCluster.Cli.Workflows.Cluster;

/// <summary>
/// A silo, or a door, that is started again whenever it ends: after a second, then two, four, … half a minute; a life of a minute begins
/// the count anew. One that says that its settings make no sense is not.
/// </summary>
/// <param name="program">Its program.</param>
/// <param name="plan">What it is.</param>
/// <param name="settings">What it is told.</param>
/// <param name="line">Told of each line that it writes.</param>
/// <param name="time">Time.</param>
internal sealed class SupervisedSilo(
    SiloProgram program, SiloPlan plan, IEnumerable<string> settings, Action<string> line, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1), LongestPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongLife = TimeSpan.FromMinutes(1), TimeToStop = TimeSpan.FromSeconds(40);

    private readonly string[] _settings = [.. settings];
    private readonly CancellationTokenSource _stop = new();
    private ChildProcess? _process;
    private Task _watch = Task.CompletedTask;

    /// <summary>What it is.</summary>
    public SiloPlan Plan => plan;

    /// <summary>Its process; 0 between two lives.</summary>
    public int ProcessId
    {
        get
        {
            try
            {
                return _process is { HasExited: false } process ? process.Id : 0;
            }
            catch (InvalidOperationException)
            {
                // It was disposed in between: another one is there.
                return _process is { HasExited: false } next ? next.Id : 0;
            }
        }
    }

    /// <summary>How often it was started again.</summary>
    public int Restarts { get; private set; }

    /// <summary>Why it will not be started again; null while it will.</summary>
    public string? GaveUp { get; private set; }

    /// <summary>Begins its first life.</summary>
    public void Start()
    {
        _process = Begin();
        _watch = WatchAsync(_process);
    }

    /// <summary>Ends this life as a power cut would; the next begins by itself.</summary>
    public Task KillAsync() => _process?.KillAsync() ?? Task.CompletedTask;

    /// <summary>Ends this life likewise; there is no next one.</summary>
    public async Task KillForGoodAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _watch.ConfigureAwait(false);
        await KillAsync().ConfigureAwait(false);
    }

    /// <summary>Ends it for good: asks it to, and waits.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        // From here on nobody starts it again.
        await _watch.ConfigureAwait(false);
        if (_process is { } process)
        {
            if (!await process.StopAsync(TimeToStop).ConfigureAwait(false))
                line($"{plan.Name} | did not stop within {TimeToStop.TotalSeconds} s and was killed");
            await process.DisposeAsync().ConfigureAwait(false);
        }
        _stop.Dispose();
    }

    private ChildProcess Begin() => program.Start(plan.Name, _settings, line);

    private async Task WatchAsync(ChildProcess process)
    {
        TimeSpan pause = FirstPause;
        while (true)
        {
            long began = time.GetTimestamp();
            await process.UntilExitedAsync(_stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_stop.IsCancellationRequested)
                return;
            if (process.ExitCode == ExitCodes.Usage)
            {
                GaveUp = $"{plan.Name} says that its settings make no sense";
                return;
            }
            if (time.GetElapsedTime(began) >= LongLife)
                pause = FirstPause;
            line($"{plan.Name} | ended with code {process.ExitCode}; started again in {pause.TotalSeconds} s");
            ChildProcess? next = null;
            while (next is null)
            {
                await Task.Delay(pause, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (_stop.IsCancellationRequested)
                    return;
                pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, LongestPause.Ticks));
                next = TryBegin(pause);
            }
            ChildProcess before = process;
            _process = process = next;
            Restarts++;
            await before.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The next life; null where the machine has no room for it just now, which is said.</summary>
    private ChildProcess? TryBegin(TimeSpan pause)
    {
        try
        {
            return Begin();
        }
        catch (Exception e) when (e is InvalidOperationException or IOException)
        {
            line($"{plan.Name} | could not be started: {e.Message}; tried again in {pause.TotalSeconds} s");
            return null;
        }
    }
}
