using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Maps;

namespace RecallCluster.Calibration.Methods;

/// <summary>
/// A way to fit a calibration model from merged counts. Deterministic: equal counts give equal models, however the log was split.
/// Without any counts every method returns the identity: no evidence, no change.
/// </summary>
public interface ICalibrator
{
    /// <summary>Short name of the method, as it appears in tables and in stored models.</summary>
    string Name { get; }

    /// <summary>Fits a model.</summary>
    CalibrationModel Fit(ContextCounts counts);
}
