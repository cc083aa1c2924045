namespace RecallCluster.Grains.Shards;

/// <summary>
/// Room that came free on a device, for versions that found none when they were loaded. Whatever is loaded now comes first: room mostly
/// comes free because a new version is on its way, which takes a while to ask for it. So those that went without are let at it once nothing
/// is being loaded and nothing has asked for some seconds. One pass at a time. Thread-safe.
/// </summary>
/// <param name="loads">Loads under way.</param>
/// <param name="pass">Lets those that went without at the room; whether some of it came free again meanwhile.</param>
/// <param name="time">The clock.</param>
internal sealed class FreedRoom(Func<Task[]> loads, Func<bool> pass, TimeProvider time)
{
    /// <summary>How long nothing may have asked.</summary>
    internal static readonly TimeSpan Rest = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private bool _isDue, _isPassing;
    private int _asked;

    /// <summary>A load asks for room.</summary>
    public void Asked() => Interlocked.Increment(ref _asked);

    /// <summary>Room came free. Does not wait for what comes of it.</summary>
    public void Offer()
    {
        lock (_lock)
        {
            _isDue = true;
            if (_isPassing)
                return;
            _isPassing = true;
        }
        _ = Task.Run(PassAsync);
    }

    private async Task PassAsync()
    {
        while (IsDue())
        {
            await LoadedAsync().ConfigureAwait(false);
            // What comes free from here on may come too late for this pass.
            lock (_lock)
                _isDue = false;
            if (pass())
                Offer();
        }
    }

    private bool IsDue()
    {
        lock (_lock)
            return _isPassing = _isDue;
    }

    private async Task LoadedAsync()
    {
        int asked;
        do
        {
            // Those that fail are done, too.
            await Task.WhenAll(loads()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            asked = Volatile.Read(ref _asked);
            await Task.Delay(Rest, time).ConfigureAwait(false);
        }
        while (asked != Volatile.Read(ref _asked) || loads().Length > 0);
    }
}
