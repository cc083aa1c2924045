using RecallCluster.Calibration.Counts;

namespace RecallCluster.Serving.Calibration;

/// <summary>A fit of click maps that was published.</summary>
/// <param name="Number">Its number, from 1 on in each life of who fits.</param>
/// <param name="Version">The version of the calibrator that made it.</param>
/// <param name="At">When, by the business clock.</param>
/// <param name="Impressions">Impressions that it was made from.</param>
/// <param name="Clicks">Clicks that it was made from.</param>
public sealed record CalibratorFit(long Number, string Version, DateTimeOffset At, long Impressions, long Clicks)
{
    internal static CalibratorFit Of(long number, string version, DateTimeOffset at, CalibrationData data)
    {
        CellSummary[] cells = data.Raw.Total().Summarise();
        return new CalibratorFit(
            number, version, at, (long)Math.Round(cells.Sum(cell => cell.Weight)), (long)Math.Round(cells.Sum(cell => cell.Positives)));
    }
}
