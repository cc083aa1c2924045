using System.Diagnostics;
using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Maps;
using RecallCluster.Calibration.Methods;
using RecallCluster.Numerics;

namespace RecallCluster.Cli.Benches;

/// <summary>What <see cref="CalibrateBench"/> measures.</summary>
internal sealed record CalibrateBenchOptions
{
    /// <summary>Samples of the SIR fit and of the sort beside it.</summary>
    public int Samples { get; init; } = 10_000_000;

    /// <summary>Samples of isotonic regression, ours and scikit-learn's.</summary>
    public int PavSamples { get; init; } = 1_000_000;

    /// <summary>Rounds; the fastest of each counts, ours and the yardstick taking turns.</summary>
    public int Rounds { get; init; } = 5;

    public ulong Seed { get; init; } = 1;
}

/// <summary>Fit of a method: from samples to a map. Milliseconds.</summary>
internal sealed record CalibrateFitFigure(string Method, double CountMs, double FitMs, double OverSort);

/// <summary>Apply of a map, nanoseconds a prediction.</summary>
internal sealed record CalibrateApplyFigure(string Map, int Knots, double ScalarNs, double SpanNs);

/// <summary>
/// Isotonic regression beside scikit-learn's on the same samples; the peer's are null where it is not installed. Milliseconds.
/// </summary>
internal sealed record CalibratePavFigure(string What, int Samples, double Ms, double? PeerMs, double? PeerOverOurs);

/// <summary>The report of <see cref="CalibrateBench"/>.</summary>
internal sealed record CalibrateBenchReport(
    int Samples, string Simd, double SortMs, string? Peer, IReadOnlyList<CalibrateFitFigure> Fits,
    IReadOnlyList<CalibrateApplyFigure> Applies,
    IReadOnlyList<CalibratePavFigure> Pav, double? LargestDifference);

/// <summary>
/// Speed of calibration: SIR's fit beside one sort of the same array, apply one by one and over spans, isotonic regression beside
/// scikit-learn's. Fastest of several short rounds, because a shared machine only ever adds time.
/// </summary>
internal static class CalibrateBench
{
    private const int ApplyChunk = 100_000;

    public static CalibrateBenchReport Run(CalibrateBenchOptions options, IProgress<string>? progress)
    {
        ArgumentNullException.ThrowIfNull(options);
        (double[] p, byte[] y) = Samples(options.Samples, options.Seed);
        progress?.Report("fit and sort");
        double sortMs = double.PositiveInfinity, countMs = double.PositiveInfinity;
        var counts = new ContextCounts();
        for (int round = 0; round < options.Rounds; round++)
        {
            double[] copy = (double[])p.Clone();
            sortMs = Math.Min(sortMs, TimeMs(() => Array.Sort(copy)));
            counts = new ContextCounts();
            countMs = Math.Min(countMs, TimeMs(() => counts.At(null).Add(p, y)));
        }
        ICalibrator[] methods =
        [
            new SmoothedIsotonicRegression(), new BayesianSir(), new IsotonicCalibration(), new HistogramBinning(), new PlattScaling(),
            new BetaCalibration(),
        ];
        var fits = new List<CalibrateFitFigure>();
        var applies = new List<CalibrateApplyFigure>();
        foreach (ICalibrator method in methods)
        {
            progress?.Report(method.Name);
            CalibrationMap map = method.Fit(counts).Root;
            double fitMs = Enumerable.Range(0, options.Rounds).Min(_ => TimeMs(() => method.Fit(counts)));
            fits.Add(new CalibrateFitFigure(method.Name, countMs, fitMs, (countMs + fitMs) / sortMs));
            applies.Add(Apply(method.Name, map, p));
        }
        progress?.Report("isotonic regression beside scikit-learn");
        (CalibratePavFigure[] pav, string? peer, double? difference) = Pav(options, p, y);
        if (peer is null)
            progress?.Report("no Python with scikit-learn: the peer's columns are empty");
        return new CalibrateBenchReport(options.Samples, Simd.Path.ToString(), sortMs, peer, fits, applies, pav, difference);
    }

    private static (double[] P, byte[] Y) Samples(int count, ulong seed)
    {
        var random = new SeededRandom(seed);
        var p = new double[count];
        var y = new byte[count];
        for (int i = 0; i < count; i++)
        {
            p[i] = 1 / (1 + Math.Exp(4 - random.NextGaussian()));
            y[i] = (byte)(random.NextDouble() < 0.8 * p[i] ? 1 : 0);
        }
        return (p, y);
    }

    private static CalibrateApplyFigure Apply(string method, CalibrationMap map, double[] p)
    {
        var results = new double[ApplyChunk];
        double scalar = double.PositiveInfinity, span = double.PositiveInfinity;
        int chunks = Math.Min(40, p.Length / ApplyChunk);
        for (int chunk = 0; chunk < chunks; chunk++)
        {
            int start = chunk * ApplyChunk;
            span = Math.Min(span, TimeMs(() => map.Apply(p.AsSpan(start, ApplyChunk), results)));
            scalar = Math.Min(scalar, TimeMs(() =>
            {
                for (int i = 0; i < results.Length; i++)
                    results[i] = map.Apply(p[start + i]);
            }));
        }
        int knots = map switch { PiecewiseLinearMap lines => lines.X.Length, StepMap steps => steps.Edges.Length, _ => 0 };
        return new CalibrateApplyFigure(method, knots, scalar * 1e6 / ApplyChunk, span * 1e6 / ApplyChunk);
    }

    private static (CalibratePavFigure[] Figures, string? Peer, double? Difference) Pav(CalibrateBenchOptions options, double[] p, byte[] y)
    {
        int count = Math.Min(options.PavSamples, p.Length);
        double[] x = p[..count], labels = new double[count], ones = new double[count];
        for (int i = 0; i < count; i++)
            (labels[i], ones[i]) = (y[i], 1);
        double[] sorted = (double[])x.Clone(), ordered = (double[])labels.Clone();
        Array.Sort(sorted, ordered);
        SklearnPeer? peer = SklearnPeer.TryRun(x, labels, options.Rounds);
        double whole = double.PositiveInfinity, alone = double.PositiveInfinity;
        CalibrationMap map = CalibrationMap.Identity;
        for (int round = 0; round < options.Rounds; round++)
        {
            whole = Math.Min(whole, TimeMs(() => map = IsotonicRegression.Fit(x, labels)));
            double[] values = (double[])ordered.Clone();
            alone = Math.Min(alone, TimeMs(() => PoolAdjacentViolators.Fit(values, ones)));
        }
        return (
            [
                new CalibratePavFigure("fit of unsorted samples (sort and pool)", count, whole, peer?.FitMs, peer?.FitMs / whole),
                new CalibratePavFigure("pool sorted samples", count, alone, peer?.PoolMs, peer?.PoolMs / alone),
            ],
            peer?.Name,
            peer?.LargestDifference(map));
    }

    private static double TimeMs(Action work)
    {
        long started = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }
}
