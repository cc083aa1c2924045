namespace RecallCluster.Calibration.Metrics;

/// <summary>All figures of one set of calibrated predictions, with 95 % bootstrap intervals.</summary>
/// <param name="Count">Rows.</param>
/// <param name="Positives">Weighted positives.</param>
/// <param name="Pcoc">Predicted over observed positives.</param>
/// <param name="CalN">Cal-N over the clusters of the raw score.</param>
/// <param name="GcN">GC-N over the groups; null without groups.</param>
/// <param name="Ece">Expected calibration error over the same clusters.</param>
/// <param name="Brier">Mean squared error.</param>
/// <param name="LogLoss">Mean log loss, nats.</param>
/// <param name="Auc">Area under the ROC curve.</param>
/// <param name="DistanceToTruth">Mean absolute error to the true probability; null where that is unknown.</param>
/// <param name="MergedClusters">Clusters of Cal-N without positives, merged with a neighbour.</param>
/// <param name="GroupsWithoutPositives">Groups that GC-N leaves out.</param>
public sealed record CalibrationScores(
    int Count, double Positives, Interval Pcoc, Interval CalN, Interval? GcN, Interval Ece, Interval Brier, Interval LogLoss, Interval Auc,
    Interval? DistanceToTruth, int MergedClusters, int GroupsWithoutPositives);
