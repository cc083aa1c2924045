namespace RecallCluster.Cli.Workflows.Cluster;

/// <summary>
/// A silo that is started again whenever it ends: after a second, then two, four, … half a minute; a life of a minute begins the count
/// anew.
/// A silo that says that its settings make no sense is not.
/// </summary>
internal sealed class SupervisedSilo : IAsyncDisposable
{
    private const int WrongUsage = 2;

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1), LongestPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongLife = TimeSpan.FromMinutes(1), TimeToStop = TimeSpan.FromSeconds(40);

    private readonly SiloProgram _program;
    private readonly string[] _arguments;
    private readonly Action<string> _line;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private ChildProcess? _process;
    private Task _watch = Task.CompletedTask;

    public SupervisedSilo(SiloProgram program, SiloPlan plan, IEnumerable<string> arguments, Action<string> line, TimeProvider time)
    {
        (_program, Plan, _line, _time) = (program, plan, line, time);
        _arguments = ["exec", program.Library, .. arguments];
    }

    /// <summary>What it is.</summary>
    public SiloPlan Plan { get; }

    /// <summary>Its process; 0 between two lives.</summary>
    public int ProcessId => _process is { HasExited: false } process ? process.Id : 0;

    /// <summary>How often it was started again.</summary>
    public int Restarts { get; private set; }

    /// <summary>Why it will not be started again; null while it will.</summary>
    public string? GaveUp { get; private set; }

    /// <summary>Begins its first life.</summary>
    public void Start()
    {
        Begin();
        _watch = WatchAsync();
    }

    /// <summary>Ends this life as a power cut would; the next begins by itself.</summary>
    public Task KillAsync() => _process?.KillAsync() ?? Task.CompletedTask;

    /// <summary>Ends it for good: asks it to, and waits.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        if (_process is { } process && !await process.StopAsync(TimeToStop).ConfigureAwait(false))
            _line($"{Plan.Name} | did not stop within {TimeToStop.TotalSeconds} s and was killed");
        await _watch.ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        if (_process is not null)
            await _process.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
    }

    private void Begin()
    {
        lock (_lock)
        {
            if (!_stop.IsCancellationRequested)
                _process = ChildProcess.Start(Plan.Name, _program.Host, _arguments, _line);
        }
    }

    private async Task WatchAsync()
    {
        TimeSpan pause = FirstPause;
        while (!_stop.IsCancellationRequested && _process is { } process)
        {
            long began = _time.GetTimestamp();
            await process.UntilExitedAsync(CancellationToken.None).ConfigureAwait(false);
            if (_stop.IsCancellationRequested)
                return;
            if (process.ExitCode == WrongUsage)
            {
                GaveUp = $"{Plan.Name} says that its settings make no sense";
                return;
            }
            if (_time.GetElapsedTime(began) >= LongLife)
                pause = FirstPause;
            _line($"{Plan.Name} | ended with code {process.ExitCode}; started again in {pause.TotalSeconds} s");
            await Task.Delay(pause, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, LongestPause.Ticks));
            await process.DisposeAsync().ConfigureAwait(false);
            Restarts++;
            Begin();
        }
    }
}
