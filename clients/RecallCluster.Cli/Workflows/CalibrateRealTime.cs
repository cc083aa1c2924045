using RecallCluster.Calibration.Maps;
using RecallCluster.Calibration.RealTime;

namespace RecallCluster.Cli.Workflows;

/// <summary>Walks a log in time order as a serving process would: apply the last published map, count, publish when it is time.</summary>
internal static class CalibrateRealTime
{
    /// <summary>Window and cadence, in hours.</summary>
    public sealed record Schedule(double SlotHours, int Slots, double PublishHours);

    /// <summary>Calibrates every row with the map published last before it.</summary>
    public static void Apply(RealTimeWeightedSir fit, CalibrateLog log, Schedule schedule, Span<double> values)
    {
        if (log.Groups is null || log.Hours is null)
            throw new ArgumentException("RTW-BSIR needs groups and times.", nameof(log));
        int[] clusters = [.. log.GroupNames.Select(fit.ClusterOf)];
        var applied = new AppliedDistribution(fit, schedule.SlotHours, schedule.Slots);
        CalibrationMap map = fit.Publish(applied).Root;
        double nextPublication = double.NegativeInfinity;
        for (int i = 0; i < log.Count; i++)
        {
            if (log.Hours[i] >= nextPublication)
            {
                applied.Advance(log.Hours[i]);
                map = fit.Publish(applied).Root;
                nextPublication = (Math.Floor(log.Hours[i] / schedule.PublishHours) + 1) * schedule.PublishHours;
            }
            values[i] = map.Apply(log.Predictions[i]);
            applied.Record(log.Predictions[i], clusters[log.Groups[i]], log.Hours[i]);
        }
    }
}
