namespace RecallCluster.Serving.State;

/// <summary>
/// Which machines have changed since their last snapshot, the one that has waited longest first, and how many bytes may be spent on
/// snapshots now.
/// </summary>
internal sealed class SnapshotQueue(StateMachines machines, JournalOptions options)
{
    // Bookkeeping and at least one page of the file.
    private const int Overhead = 4096;

    private readonly Dictionary<string, long> _firstUnseen = new(StringComparer.Ordinal);
    private readonly PriorityQueue<string, long> _order = new();
    private readonly List<(string Key, long First)> _taken = [];
    private double _credit;

    /// <summary>A record was applied to a machine.</summary>
    public void Changed(string key, long sequence)
    {
        if (_firstUnseen.TryAdd(key, sequence))
            _order.Enqueue(key, sequence);
    }

    /// <summary>
    /// The first record that no snapshot has seen, snapshots that are being taken counted; <paramref name="otherwise"/> when there is none.
    /// </summary>
    public long FirstUnseen(long otherwise)
    {
        DropStale();
        return _order.TryPeek(out _, out long first) ? first : otherwise;
    }

    /// <summary>Snapshots for the next transaction: those that were asked for, and as many more as the journal's growth pays for.</summary>
    public List<(string Key, byte[] State)> Take(List<string> wanted, int journalBytes)
    {
        var snapshots = new List<(string Key, byte[] State)>();
        foreach (string key in wanted.Distinct(StringComparer.Ordinal))
            snapshots.Add(TakeOne(key));
        _credit += journalBytes * options.SnapshotShare;
        DropStale();
        while (_credit > 0 && snapshots.Count < options.MaxSnapshotsPerBatch && _order.TryDequeue(out string? next, out _))
        {
            (string Key, byte[] State) snapshot = TakeOne(next);
            snapshots.Add(snapshot);
            _credit -= snapshot.State.Length + Overhead;
            DropStale();
        }
        if (_order.Count == 0)
            _credit = Math.Min(_credit, 0);
        return snapshots;
    }

    /// <summary>The snapshots taken are durable.</summary>
    public void Written() => _taken.Clear();

    /// <summary>The snapshots taken were not written.</summary>
    public void PutBack()
    {
        foreach ((string key, long first) in _taken)
        {
            _firstUnseen[key] = first;
            _order.Enqueue(key, first);
        }
        _taken.Clear();
    }

    private (string Key, byte[] State) TakeOne(string key)
    {
        if (_firstUnseen.Remove(key, out long first))
            _taken.Add((key, first));
        return (key, machines.Get(key).Snapshot());
    }

    // A machine whose snapshot was asked for still stands in line.
    private void DropStale()
    {
        while (_order.TryPeek(out string? key, out long first) && _firstUnseen.GetValueOrDefault(key, -1) != first)
            _order.Dequeue();
    }
}
