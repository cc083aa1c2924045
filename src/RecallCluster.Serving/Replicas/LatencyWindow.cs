namespace RecallCluster.Serving.Replicas;

/// <summary>A quantile of the latest answers' times. Thread-safe; the quantile is computed anew every few answers.</summary>
/// <param name="quantile">Which quantile, in (0, 1).</param>
internal sealed class LatencyWindow(double quantile)
{
    private const int Size = 512;
    private const int Refresh = 32;

    private readonly Lock _lock = new();
    private readonly long[] _times = new long[Size];
    private readonly long[] _sorted = new long[Size];
    private int _count;
    private long _value;

    /// <summary>The quantile, or null while too few answers are known.</summary>
    public TimeSpan? Value => Volatile.Read(ref _count) < Refresh ? null : new TimeSpan(Volatile.Read(ref _value));

    /// <summary>Notes an answer.</summary>
    public void Add(TimeSpan time)
    {
        lock (_lock)
        {
            // The count runs on in the upper half of the window once it is full, so that it cannot overflow.
            _times[_count % Size] = time.Ticks;
            int count = _count + 1;
            if (count % Refresh == 0)
            {
                int filled = Math.Min(count, Size);
                Span<long> sorted = _sorted.AsSpan(0, filled);
                _times.AsSpan(0, filled).CopyTo(sorted);
                sorted.Sort();
                Volatile.Write(ref _value, sorted[Math.Min(filled - 1, (int)(quantile * filled))]);
            }
            Volatile.Write(ref _count, count == 2 * Size ? Size : count);
        }
    }
}
