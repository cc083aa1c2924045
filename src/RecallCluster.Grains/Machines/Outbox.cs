using RecallCluster.Wire.State;

namespace RecallCluster.Grains.Machines;

/// <summary>Tells one follower what it follows, in order.</summary>
/// <param name="follower">Its key.</param>
/// <param name="source">The machine that applied the records.</param>
/// <param name="records">The records, in order.</param>
/// <returns>Completes when the follower has made them durable; it passes over those that it knows.</returns>
internal delegate Task TellFollower(string follower, string source, IReadOnlyList<FollowedRecord> records);

/// <summary>
/// What a machine applied and its followers have not confirmed. Each follower is told in order, one batch at a time, for as long as it
/// takes; a follower that cannot be reached holds up nobody else. Used by one thread at a time, as the turns of a grain are.
/// </summary>
internal sealed class Outbox(string source, TellFollower tell, MachineHostOptions options, TimeProvider time)
{
    private readonly Dictionary<string, Line> _lines = new(StringComparer.Ordinal);
    private bool _closed;

    /// <summary>Records that wait, over all followers.</summary>
    public int Count => _lines.Values.Sum(line => line.Waiting.Count);

    /// <summary>What waits, by follower.</summary>
    public IReadOnlyDictionary<string, FollowedRecord[]> Untold => _lines.Where(line => line.Value.Waiting.Count > 0)
        .ToDictionary(line => line.Key, line => line.Value.Waiting.Select(entry => entry.Record).ToArray());

    /// <summary>Puts a record in.</summary>
    /// <returns>Completes when the follower has confirmed it; cancelled when it will not be told from here any more.</returns>
    public Task Put(string follower, FollowedRecord record)
    {
        if (!_lines.TryGetValue(follower, out Line? line))
            _lines[follower] = line = new Line();
        var entry = new Entry(record);
        line.Waiting.Enqueue(entry);
        if (line.Running.IsCompleted)
            line.Running = RunAsync(follower, line);
        return entry.Told.Task;
    }

    /// <summary>Tells nobody any more; what waits is told again by whoever opens the machine next.</summary>
    public void Close() => _closed = true;

    private async Task RunAsync(string follower, Line line)
    {
        // What is put in by the same turn goes along.
        await Task.Yield();
        while (line.Waiting.Count > 0 && !_closed)
        {
            Entry[] batch = [.. line.Waiting.Take(options.MaxBatch)];
            try
            {
                await tell(follower, source, Array.ConvertAll(batch, entry => entry.Record)).ConfigureAwait(true);
            }
            // Whatever keeps the follower from taking it, the record is durable here and will be told.
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                line.Failures++;
                await Task.Delay(PauseAfter(line.Failures), time).ConfigureAwait(true);
                continue;
            }
            line.Failures = 0;
            for (int i = 0; i < batch.Length; i++)
                line.Waiting.Dequeue().Told.TrySetResult();
        }
        foreach (Entry entry in line.Waiting)
            entry.Told.TrySetCanceled();
        if (line.Waiting.Count == 0)
            _lines.Remove(follower);
    }

    private TimeSpan PauseAfter(int failures) => options.Pause * Math.Min(1 << Math.Min(failures, 6), 50);

    private sealed class Line
    {
        public Queue<Entry> Waiting { get; } = new();

        public Task Running { get; set; } = Task.CompletedTask;

        public int Failures { get; set; }
    }

    private sealed record Entry(FollowedRecord Record)
    {
        public TaskCompletionSource Told { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
