namespace RecallCluster.Grains.Hosting;

/// <summary>The clock of budgets, flights, ticks and caps on this silo.</summary>
/// <param name="Business">The clock.</param>
public sealed record ClusterClock(TimeProvider Business);
