using System.Collections.Concurrent;

namespace RecallCluster.Grains.Machines;

/// <summary>The machines that this silo's grains keep at this moment. Thread-safe.</summary>
internal sealed class OpenMachines : IStoreKeeper
{
    private const int WrittenAtOnce = 64;

    private readonly ConcurrentDictionary<Open, Func<Task>> _machines = new();

    /// <summary>A machine is open from now on.</summary>
    /// <param name="snapshot">Stores a snapshot of it, unless the store has a newer one.</param>
    /// <returns>To be disposed when it is closed.</returns>
    public IDisposable Add(Func<Task> snapshot)
    {
        var open = new Open(this);
        _machines[open] = snapshot;
        return open;
    }

    /// <inheritdoc/>
    public async Task WriteAgainAsync(CancellationToken cancellation)
    {
        var failures = new ConcurrentQueue<Exception>();
        foreach (Func<Task>[] some in _machines.Values.Chunk(WrittenAtOnce))
            await Task.WhenAll(some.Select(snapshot => TryAsync(snapshot, failures))).WaitAsync(cancellation).ConfigureAwait(false);
        if (failures.TryPeek(out Exception? first))
            throw new IOException($"{failures.Count} machine(s) could not be written again: {first.Message}", first);
    }

    /// <summary>One machine that cannot be written keeps no other from it.</summary>
    private static async Task TryAsync(Func<Task> snapshot, ConcurrentQueue<Exception> failures)
    {
        try
        {
            await snapshot().ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            failures.Enqueue(e);
        }
    }

    private sealed class Open(OpenMachines all) : IDisposable
    {
        public void Dispose() => all._machines.TryRemove(this, out _);
    }
}
