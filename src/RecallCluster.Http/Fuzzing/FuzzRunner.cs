using System.Diagnostics;
using RecallCluster.Numerics;

namespace RecallCluster.Http.Fuzzing;

/// <summary>What fuzzing found.</summary>
/// <param name="Targets">Figures of each target.</param>
/// <param name="Failures">Inputs that did what none may; at most a hundred.</param>
public sealed record FuzzReport(IReadOnlyList<FuzzRow> Targets, IReadOnlyList<FuzzFailure> Failures);

/// <summary>Figures of a target.</summary>
/// <param name="Target">Its name.</param>
/// <param name="Inputs">Inputs that it got.</param>
/// <param name="Accepted">Those that made sense to it; the others were refused as documented.</param>
/// <param name="Failures">Those that broke it.</param>
/// <param name="SlowestMs">The longest that it took for one.</param>
/// <param name="PerSecond">Inputs a second, making them included.</param>
public sealed record FuzzRow(string Target, long Inputs, long Accepted, long Failures, double SlowestMs, double PerSecond);

/// <summary>An input that broke its reader.</summary>
/// <param name="Target">The target.</param>
/// <param name="Number">Number of the input: the same seed makes the same one again.</param>
/// <param name="Problem">The exception, or that it took too long.</param>
/// <param name="Input">The input, base64.</param>
public sealed record FuzzFailure(string Target, long Number, string Problem, string Input);

/// <summary>Feeds changed inputs to everything that reads what strangers send: OpenRTB, our own bodies, tokens, state files.</summary>
public sealed class FuzzRunner
{
    private const int MostFailures = 100;
    private static readonly TimeSpan TooLong = TimeSpan.FromSeconds(5);
    private readonly ulong _seed;
    private readonly List<FuzzFailure> _failures = [];

    /// <summary>A run.</summary>
    /// <param name="seed">The same seed makes the same inputs.</param>
    public FuzzRunner(ulong seed) => _seed = seed;

    /// <summary>Names of the targets.</summary>
    public static IReadOnlyList<string> TargetNames { get; } = [.. Targets().Select(t => t.Name)];

    /// <summary>Runs inputs, shared evenly by the targets.</summary>
    /// <param name="count">Inputs in all.</param>
    /// <param name="progress">Gets the share that is done, in [0, 1].</param>
    /// <param name="cancellation">Ends the run early, with what there is.</param>
    public FuzzReport Run(long count, Action<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        IFuzzTarget[] targets = [.. Targets()];
        var rows = new FuzzRow[targets.Length];
        for (int i = 0; i < targets.Length; i++)
        {
            int done = i;
            rows[i] = Run(
                targets[i], (count / targets.Length) + (i < count % targets.Length ? 1 : 0), share => progress?.Invoke((done + share) / targets.Length), cancellation);
        }
        return new FuzzReport(rows, _failures);
    }

    private static IEnumerable<IFuzzTarget> Targets() =>
    [
        new OpenRtbTarget(), BodyTargets.Native(), BodyTargets.Events(), BodyTargets.Campaigns(), BodyTargets.Ads(), new TokenTarget(), new StateTarget(),
    ];

    private FuzzRow Run(IFuzzTarget target, long count, Action<double> progress, CancellationToken cancellation)
    {
        var random = new SeededRandom(_seed);
        long begin = Stopwatch.GetTimestamp(), inputs = 0, accepted = 0, failed = 0;
        TimeSpan slowest = TimeSpan.Zero;
        for (; inputs < count && !cancellation.IsCancellationRequested; inputs++)
        {
            byte[] input = target.Next(random.Split((ulong)inputs));
            long start = Stopwatch.GetTimestamp();
            string? problem = null;
            try
            {
                if (target.Accepts(input))
                    accepted++;
            }
            // Whatever it is, it is what is being looked for.
            catch (Exception e)
            {
                problem = e.ToString();
            }
            TimeSpan took = Stopwatch.GetElapsedTime(start);
            slowest = took > slowest ? took : slowest;
            if (took > TooLong)
                problem ??= $"It took {took.TotalSeconds:F1} s.";
            if (problem is not null)
            {
                failed++;
                if (_failures.Count < MostFailures)
                    _failures.Add(new FuzzFailure(target.Name, inputs, problem, Convert.ToBase64String(input)));
            }
            if (inputs % 1000 == 0)
                progress((double)inputs / count);
        }
        return new FuzzRow(
            target.Name, inputs, accepted, failed, slowest.TotalMilliseconds, inputs / Math.Max(1e-9, Stopwatch.GetElapsedTime(begin).TotalSeconds));
    }
}
