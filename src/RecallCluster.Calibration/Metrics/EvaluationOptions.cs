namespace RecallCluster.Calibration.Metrics;

/// <summary>How a sample is scored.</summary>
/// <param name="Clusters">N of Cal-N: most clusters of the raw score.</param>
/// <param name="ClustersPerGroup">N of the Cal-N inside each group of GC-N.</param>
/// <param name="Replicates">Bootstrap replicates; 0 for no intervals.</param>
/// <param name="Seed">Seed of the resampling.</param>
public sealed record EvaluationOptions(int Clusters = 20, int ClustersPerGroup = 5, int Replicates = 200, ulong Seed = 1);
