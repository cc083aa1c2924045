using RecallCluster.Calibration.Metrics;

namespace RecallCluster.Cli.Workflows;

/// <summary>One method's figures. Intervals are 95 %: over bootstrap resamples of a log, over seeds of a simulation.</summary>
/// <remarks>
/// Part: part of a scenario, null for a log. N: test rows, of all seeds together. HourlyVariance: variance of the hours' PCOC, null without
/// times. DistanceOnYoung: distance to the truth on campaigns with fewer than 200 training impressions, null elsewhere.
/// DistanceToBestMap: mean distance to what the best map of the prediction gives, null where the world does not tell.
/// LogLossChange: log loss minus the raw prediction's, paired over the same resamples; null for a scenario.
/// </remarks>
internal sealed record CalibrateRow(
    string? Part, string Method, long N, Interval Pcoc, Interval CalN, Interval? GcN, Interval Ece, Interval Brier, Interval LogLoss,
    Interval Auc, double FitMs, double ApplyNs, Interval? DistanceToTruth, Interval? DistanceOnYoung, Interval? HourlyVariance,
    Interval? DistanceToBestMap = null, Interval? LogLossChange = null);

/// <summary>A claim of the design, with the number that decides it.</summary>
/// <param name="Claim">What is claimed.</param>
/// <param name="Figure">The number and its interval over seeds.</param>
/// <param name="Wanted">What the number has to be.</param>
/// <param name="Holds">Whether the mean is as wanted.</param>
internal sealed record CalibrateFinding(string Claim, Interval Figure, string Wanted, bool Holds);

/// <summary>The report of <c>calibrate eval</c>.</summary>
/// <param name="Source">Log or scenario.</param>
/// <param name="TrainRows">Rows fitted on.</param>
/// <param name="TrainPositives">Positives among them.</param>
/// <param name="TestRows">Rows scored.</param>
/// <param name="TestPositives">Positives among them.</param>
/// <param name="Seeds">Seeds of a simulation; 1 for a log.</param>
/// <param name="Clusters">Clusters of Cal-N asked for.</param>
/// <param name="MergedClusters">Clusters without positives that were merged with a neighbour (of all seeds together).</param>
/// <param name="CountMs">Time to count the training rows into the grid.</param>
/// <param name="Rows">Methods.</param>
/// <param name="Findings">Claims decided; none for a log.</param>
/// <param name="Remarks">What the reader should know before believing the table.</param>
/// <param name="Plots">SVG files written.</param>
internal sealed record CalibrateReport(
    string Source, long TrainRows, double TrainPositives, long TestRows, double TestPositives, int Seeds, int Clusters, int MergedClusters,
    double CountMs, IReadOnlyList<CalibrateRow> Rows, IReadOnlyList<CalibrateFinding> Findings, IReadOnlyList<string> Remarks,
    IReadOnlyList<string> Plots);
