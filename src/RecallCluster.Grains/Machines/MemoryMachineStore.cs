namespace RecallCluster.Grains.Machines;

/// <summary>
/// A store in this process' memory, for development and tests: it is gone with the process. Of a machine it holds all or nothing, so that
/// none is ever torn. Thread-safe.
/// </summary>
public sealed class MemoryMachineStore : IMachineStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, StoredMachine> _machines = new(StringComparer.Ordinal);

    /// <summary>Forgets everything, as a store does that restarts empty.</summary>
    public void Clear()
    {
        lock (_lock)
            _machines.Clear();
    }

    /// <inheritdoc/>
    public Task<StoredMachine> LoadAsync(string key, CancellationToken cancellation)
    {
        lock (_lock)
            return Task.FromResult(_machines.GetValueOrDefault(key) ?? new StoredMachine(0, default, []));
    }

    /// <inheritdoc/>
    public Task<StoreOutcome> AppendAsync(
        string key, long after, IReadOnlyList<ReadOnlyMemory<byte>> records, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(records);
        lock (_lock)
        {
            StoredMachine known = _machines.GetValueOrDefault(key) ?? new StoredMachine(0, default, []);
            if (known.Last != after)
                return Task.FromResult(known.Last > after ? StoreOutcome.Conflict : StoreOutcome.Lost);
            _machines[key] = known with { Tail = [.. known.Tail, .. records.Select(Copy)] };
            return Task.FromResult(StoreOutcome.Done);
        }
    }

    /// <inheritdoc/>
    public Task<StoreOutcome> SnapshotAsync(string key, long at, ReadOnlyMemory<byte> snapshot, CancellationToken cancellation)
    {
        lock (_lock)
        {
            StoredMachine known = _machines.GetValueOrDefault(key) ?? new StoredMachine(0, default, []);
            if (at <= known.SnapshotAt)
                return Task.FromResult(known.Last > at ? StoreOutcome.Conflict : StoreOutcome.Done);
            int held = (int)Math.Min(at - known.SnapshotAt, known.Tail.Count);
            _machines[key] = new StoredMachine(at, Copy(snapshot), [.. known.Tail.Skip(held)]);
            return Task.FromResult(known.Last > at ? StoreOutcome.Conflict : StoreOutcome.Done);
        }
    }

    private static ReadOnlyMemory<byte> Copy(ReadOnlyMemory<byte> bytes) => bytes.ToArray();
}
