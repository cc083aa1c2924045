using System.Diagnostics;
using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Maps;
using RecallCluster.Numerics;

namespace RecallCluster.Cli.Workflows;

/// <summary>What <c>calibrate fit</c> did.</summary>
internal sealed record CalibrateFitReport(
    string Method, int Rows, double Positives, double PcocBefore, int Contexts, bool StrictlyIncreasing, double CountMs, double FitMs,
    string Out, long Bytes);

/// <summary><c>calibrate fit</c>: a log in, a map file out (JSON if the name ends in .json, else bytes).</summary>
internal static class CalibrateFit
{
    public static CalibrateFitReport Run(CalibrateLog log, string method, int bins, string path)
    {
        long started = Stopwatch.GetTimestamp();
        ContextCounts counts = CalibrateEval.Count(log);
        double countMs = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        started = Stopwatch.GetTimestamp();
        CalibrationModel model = CalibrateMethods.ByName(method, bins).Fit(counts);
        double fitMs = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        byte[] bytes = path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? ModelFormat.ToJson(model) : ModelFormat.ToBytes(model);
        AtomicFile.Write(path, bytes);
        CellSummary[] cells = counts.Total().Summarise();
        double positives = cells.Sum(cell => cell.Positives);
        return new CalibrateFitReport(
            model.Method, log.Count, positives, Calibration.Metrics.CalibrationMetrics.Pcoc(cells.Sum(cell => cell.Predictions), positives),
            model.Contexts.Count, model.Root.StrictlyIncreasing, countMs, fitMs, path, bytes.Length);
    }
}
