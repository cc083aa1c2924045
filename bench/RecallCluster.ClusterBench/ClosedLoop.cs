using System.Diagnostics;

namespace RecallCluster.ClusterBench;

/// <summary>What so many callers met, each of whom calls again when the last call is over.</summary>
/// <param name="PerSecond">Calls a second.</param>
/// <param name="P50Us">Median time of a call, microseconds.</param>
/// <param name="P99Us">99th percentile.</param>
/// <param name="CpuUs">Processor time of both processes for a call, microseconds.</param>
internal sealed record CallRate(double PerSecond, double P50Us, double P99Us, double CpuUs);

/// <summary>Calls in a closed loop.</summary>
internal static class ClosedLoop
{
    /// <summary>Runs for a while.</summary>
    /// <param name="callers">Callers.</param>
    /// <param name="duration">How long.</param>
    /// <param name="call">A call, by caller and its number.</param>
    /// <param name="other">The process at the other end.</param>
    public static async Task<CallRate> RunAsync(int callers, TimeSpan duration, Func<int, int, Task> call, Process other)
    {
        TimeSpan before = CpuOf(other);
        long began = Stopwatch.GetTimestamp();
        List<double>[] times = await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            var own = new List<double>(1 << 14);
            for (int number = 0; Stopwatch.GetElapsedTime(began) < duration; number++)
            {
                long start = Stopwatch.GetTimestamp();
                await call(caller, number).ConfigureAwait(false);
                own.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
            }
            return own;
        }))).ConfigureAwait(false);
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        double[] all = [.. times.SelectMany(own => own).Order()];
        return new CallRate(
            all.Length / seconds, all[all.Length / 2], all[(int)(all.Length * 0.99)],
            (CpuOf(other) - before).TotalMicroseconds / all.Length);
    }

    /// <summary>The middle one by rate.</summary>
    public static CallRate Median(IReadOnlyList<CallRate> rounds) => rounds.OrderBy(round => round.PerSecond).ElementAt(rounds.Count / 2);

    private static TimeSpan CpuOf(Process other)
    {
        using var own = Process.GetCurrentProcess();
        other.Refresh();
        return own.TotalProcessorTime + other.TotalProcessorTime;
    }
}
