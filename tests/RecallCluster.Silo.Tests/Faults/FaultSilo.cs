using RecallCluster.Silo.Tests.Support;

namespace RecallCluster.Silo.Tests.Faults;

/// <summary>A silo that is started again a second after it has ended, as a supervisor does.</summary>
internal sealed class FaultSilo : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly SiloSeat _seat;
    private readonly string[] _settings;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _keeping;
    private readonly List<RunningSilo> _past = [];
    private volatile RunningSilo _life;
    private volatile bool _isDoomed;
    private int _fell;

    /// <summary>Begins its first life.</summary>
    /// <param name="seat">Where it sits.</param>
    /// <param name="door">Where its front door listens; null for none.</param>
    /// <param name="settings">What it is told.</param>
    public FaultSilo(SiloSeat seat, Uri? door, string[] settings)
    {
        (_seat, _settings, Door) = (seat, settings, door);
        _life = RunningSilo.Start(_seat, _settings);
        _keeping = KeepUpAsync();
    }

    /// <summary>Its name.</summary>
    public string Name => _seat.Name;

    /// <summary>Where its front door listens; null for none.</summary>
    public Uri? Door { get; }

    /// <summary>Lives that ended though nobody ended them.</summary>
    public int Fell => Volatile.Read(ref _fell);

    /// <summary>What it writes in this life.</summary>
    public string Output => _life.Output;

    /// <summary>What is missing until it is ready among so many; null for nothing.</summary>
    public async Task<string?> MissingAsync(int silos)
    {
        if (await _life.ReadAsync() is not { } told)
            return $"{Name} does not answer";
        if (told.GetProperty("status").GetString() != "ready")
            return $"{Name}: {told.GetProperty("missing")}";
        int seen = told.GetProperty("silos").GetInt32();
        return seen == silos ? null : $"{Name} sees {seen} silos";
    }

    /// <summary>Ends this life as a power cut would.</summary>
    public Task KillAsync()
    {
        _isDoomed = true;
        return _life.KillAsync();
    }

    /// <summary>Ends this life in good order.</summary>
    /// <returns>Its exit code.</returns>
    public Task<int> TerminateAsync()
    {
        _isDoomed = true;
        return _life.TerminateAsync();
    }

    /// <summary>Stops it where it stands. When it goes on it finds itself dead, and ends.</summary>
    public void Freeze()
    {
        _isDoomed = true;
        _life.Freeze();
    }

    /// <summary>Lets it go on.</summary>
    public void Thaw() => _life.Thaw();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (!_life.HasExited)
            await _life.KillAsync();
        await _keeping;
        foreach (RunningSilo life in (RunningSilo[])[.. _past, _life])
            await life.DisposeAsync();
        _stop.Dispose();
    }

    private async Task KeepUpAsync()
    {
        while (true)
        {
            await _life.EndedAsync();
            if (!_isDoomed && !_stop.IsCancellationRequested)
                Interlocked.Increment(ref _fell);
            await Task.Delay(Pause, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_stop.IsCancellationRequested)
                return;
            // Whoever ended it may still want to know how it ended.
            _past.Add(_life);
            _isDoomed = false;
            _life = RunningSilo.Start(_seat, _settings);
            // Whoever stops this may have looked at the life before.
            if (_stop.IsCancellationRequested)
                await _life.KillAsync();
        }
    }
}
