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

/// <summary>
/// Feeds changed inputs to everything that reads what strangers send (OpenRTB, our own bodies, tokens, frames of shards) or what stands in
/// files (journal, snapshots, state, indexes). Each target runs in a thread of its own under a watchdog, so that an input that never comes
/// to an end is reported, and ends its target only.
/// </summary>
public sealed class FuzzRunner
{
    private const int MostFailures = 100;
    private readonly ulong _seed;

    /// <summary>A run.</summary>
    /// <param name="seed">The same seed makes the same inputs.</param>
    public FuzzRunner(ulong seed) => _seed = seed;

    /// <summary>Names of the targets.</summary>
    public static IReadOnlyList<string> TargetNames { get; } =
    [
        "openrtb", "native", "candidates", "events", "campaigns", "experiments", "ads", "tokens", "state", "journal", "snapshots", "index",
        "shards", "stateFile",
    ];

    /// <summary>Runs inputs, shared by the targets so that each takes about the same time.</summary>
    /// <param name="count">Inputs in all.</param>
    /// <param name="progress">Gets the share that is done, in [0, 1].</param>
    /// <param name="cancellation">Ends the run early, with what there is.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is less than one input for each target.</exception>
    public FuzzReport Run(long count, Action<double>? progress = null, CancellationToken cancellation = default)
    {
        using var stateFile = new StateFileTarget();
        IFuzzTarget[] targets =
        [
            new OpenRtbTarget(), BodyTargets.Native(), BodyTargets.Candidates(), BodyTargets.Events(), BodyTargets.Campaigns(),
            BodyTargets.Experiments(), BodyTargets.Ads(), new TokenTarget(), new StateTarget(), new JournalTarget(), new SnapshotTarget(), new IndexTarget(),
            new ShardFrameTarget(), stateFile,
        ];
        ArgumentOutOfRangeException.ThrowIfLessThan(count, targets.Length);
        long[] shares = Shares(targets, count);
        var rows = new FuzzRow[targets.Length];
        var failures = new List<FuzzFailure>();
        for (int i = 0; i < targets.Length; i++)
        {
            int done = i;
            var lane = new FuzzLane(targets[i], new SeededRandom(_seed), shares[i]);
            rows[i] = lane.Run(part => progress?.Invoke((done + part) / targets.Length), cancellation);
            failures.AddRange(lane.Failures.Take(MostFailures - failures.Count));
        }
        return new FuzzReport(rows, failures);
    }

    private static long[] Shares(IFuzzTarget[] targets, long count)
    {
        double whole = targets.Sum(target => 1.0 / target.Cost);
        long[] shares = [.. targets.Select(target => Math.Max(1, (long)(count / target.Cost / whole)))];
        shares[0] += count - shares.Sum();
        return shares;
    }
}
