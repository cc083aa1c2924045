using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Maps;

namespace RecallCluster.Calibration.Methods;

/// <summary>
/// Fits another method to each context on its own counts alone, without any prior; contexts without counts fall back to the map over
/// everything. What one does before one smooths: the comparison that shows what Bayes-SIR is for.
/// </summary>
/// <param name="inner">The method to fit.</param>
public sealed class PerContext(ICalibrator inner) : ICalibrator
{
    /// <inheritdoc/>
    public string Name => inner.Name + "-per-context";

    /// <inheritdoc/>
    public CalibrationModel Fit(ContextCounts counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        var maps = new Dictionary<string, CalibrationMap>(StringComparer.Ordinal);
        foreach ((string context, CalibrationCounts own) in counts.RollUp())
        {
            if (context.Length == 0 || own.IsEmpty)
                continue;
            var alone = new ContextCounts();
            alone.At(ContextCounts.Root).Merge(own);
            maps[context] = inner.Fit(alone).Root;
        }
        return new CalibrationModel(Name, inner.Fit(counts).Root, maps);
    }
}
