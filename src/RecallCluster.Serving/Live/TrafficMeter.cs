using System.Numerics;

namespace RecallCluster.Serving.Live;

/// <summary>
/// Requests of the last ten seconds: counts, latency as a histogram, time by stage. A slice for each second, reused when its second comes
/// round again; a request costs a few atomic additions and no lock but once a second.
/// </summary>
internal sealed class TrafficMeter(TimeProvider time)
{
    /// <summary>Seconds that are looked back on.</summary>
    public const int Seconds = 10;

    private static readonly string[] StageNames = ["user", "search", "rank", "bid", "auction"];
    private readonly Slice[] _slices = [.. Enumerable.Range(0, Seconds + 1).Select(_ => new Slice())];
    private readonly Lock _turning = new();

    /// <summary>A request was answered.</summary>
    /// <param name="answer">With what.</param>
    /// <param name="ads">Ads in all.</param>
    public void Answered(AdAnswer answer, long ads)
    {
        Slice slice = Current();
        LoopTimings timings = answer.Timings;
        Interlocked.Increment(ref slice.Answered);
        Interlocked.Increment(ref slice.Latency[LatencyBuckets.Of(timings.Total)]);
        Interlocked.Add(ref slice.Stages[0], timings.User.Ticks);
        Interlocked.Add(ref slice.Stages[1], timings.Search.Ticks);
        Interlocked.Add(ref slice.Stages[2], timings.Rank.Ticks);
        Interlocked.Add(ref slice.Stages[3], timings.Bid.Ticks);
        Interlocked.Add(ref slice.Stages[4], timings.Auction.Ticks);
        Interlocked.Add(ref slice.Coverage, (long)(answer.Coverage * Slice.ShareUnits));
        Interlocked.Add(ref slice.Scored, ads == 0 ? 0 : (long)((double)answer.Scorings / ads * Slice.ShareUnits));
    }

    /// <summary>A request failed.</summary>
    public void Failed() => Interlocked.Increment(ref Current().Failed);

    /// <summary>A request was turned away.</summary>
    public void Shed() => Interlocked.Increment(ref Current().Shed);

    /// <summary>The last ten full seconds, or fewer just after the start.</summary>
    public (LiveTraffic Traffic, double ScoredShare, double Coverage) Read()
    {
        long second = SecondNow();
        var sum = new Slice();
        foreach (Slice slice in _slices)
        {
            if (slice.Second < second && slice.Second >= second - Seconds)
                sum.Add(slice);
        }
        double answered = Math.Max(1, sum.Answered);
        var stages = new Dictionary<string, double>(StringComparer.Ordinal);
        for (int i = 0; i < StageNames.Length; i++)
            stages[StageNames[i]] = TimeSpan.FromTicks(sum.Stages[i]).TotalMilliseconds / answered;
        var traffic = new LiveTraffic(
            (double)sum.Answered / Seconds, (double)sum.Failed / Seconds, (double)sum.Shed / Seconds,
            LatencyBuckets.Quantile(sum.Latency, 0.5), LatencyBuckets.Quantile(sum.Latency, 0.99), stages);
        return (traffic, sum.Scored / answered / Slice.ShareUnits, sum.Answered == 0 ? 1 : sum.Coverage / answered / Slice.ShareUnits);
    }

    private Slice Current()
    {
        long second = SecondNow();
        Slice slice = _slices[second % _slices.Length];
        if (Volatile.Read(ref slice.Second) == second)
            return slice;
        lock (_turning)
        {
            if (slice.Second != second)
                slice.Begin(second);
        }
        return slice;
    }

    // From one on, so that a slice that was never used is of no second.
    private long SecondNow() => (time.GetTimestamp() / time.TimestampFrequency) + Seconds + 1;

    private sealed class Slice
    {
        public const double ShareUnits = 1e6;
        public readonly long[] Stages = new long[StageNames.Length];
        public readonly long[] Latency = new long[LatencyBuckets.Count];
        public long Second, Answered, Failed, Shed, Coverage, Scored;

        public void Begin(long second)
        {
            Array.Clear(Stages);
            Array.Clear(Latency);
            (Answered, Failed, Shed, Coverage, Scored) = (0, 0, 0, 0, 0);
            Volatile.Write(ref Second, second);
        }

        public void Add(Slice other)
        {
            (Answered, Failed, Shed) = (Answered + other.Answered, Failed + other.Failed, Shed + other.Shed);
            (Coverage, Scored) = (Coverage + other.Coverage, Scored + other.Scored);
            for (int i = 0; i < Stages.Length; i++)
                Stages[i] += other.Stages[i];
            for (int i = 0; i < Latency.Length; i++)
                Latency[i] += other.Latency[i];
        }
    }
}

/// <summary>Buckets of latency, sixteen to a doubling, from a microsecond to an hour: a quantile is off by three per cent at most.</summary>
internal static class LatencyBuckets
{
    private const int PerDoubling = 16;
    private const int PerDoublingBits = 4;

    /// <summary>Number of buckets.</summary>
    public const int Count = 32 * PerDoubling;

    /// <summary>The bucket of a time.</summary>
    public static int Of(TimeSpan latency)
    {
        ulong micros = (ulong)Math.Max(1, latency.Ticks / TimeSpan.TicksPerMicrosecond);
        int doubling = BitOperations.Log2(micros);
        int within = (int)((doubling >= PerDoublingBits ? micros >> (doubling - PerDoublingBits) : micros << (PerDoublingBits - doubling)) & (PerDoubling - 1));
        return Math.Min(Count - 1, (doubling * PerDoubling) + within);
    }

    /// <summary>A quantile in milliseconds; 0 without any.</summary>
    public static double Quantile(ReadOnlySpan<long> counts, double quantile)
    {
        long all = 0;
        foreach (long count in counts)
            all += count;
        if (all == 0)
            return 0;
        long rank = (long)Math.Ceiling(quantile * all), seen = 0;
        int bucket = 0;
        while (bucket < counts.Length - 1 && (seen += counts[bucket]) < rank)
            bucket++;
        // The middle of the bucket.
        double micros = Math.Pow(2, bucket / PerDoubling) * (1 + (((bucket % PerDoubling) + 0.5) / PerDoubling));
        return micros / 1000;
    }
}
