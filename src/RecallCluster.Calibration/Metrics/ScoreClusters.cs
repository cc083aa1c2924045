using RecallCluster.Calibration.Counts;

namespace RecallCluster.Calibration.Metrics;

/// <summary>
/// The partition that Cal-N and ECE are taken over: equal-frequency clusters of the raw score, the same for every method. Equal scores
/// share a cluster.
/// </summary>
public sealed class ScoreClusters
{
    private readonly int[] _clusterOf;

    /// <summary>Clusters of <paramref name="raw"/>.</summary>
    /// <param name="raw">Raw scores in [0, 1].</param>
    /// <param name="weights">As many weights in [0, 2^20], or empty for 1 each.</param>
    /// <param name="clusters">Most clusters.</param>
    /// <exception cref="ArgumentException">The spans differ in length.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public ScoreClusters(ReadOnlySpan<double> raw, ReadOnlySpan<double> weights, int clusters)
    {
        if (weights.Length != 0 && weights.Length != raw.Length)
            throw new ArgumentException($"{raw.Length} scores but {weights.Length} weights.");
        var counts = new CalibrationCounts();
        for (int i = 0; i < raw.Length; i++)
            counts.Add(raw[i], 0, weights.IsEmpty ? 1 : weights[i]);
        int[] clusterOfCell = OfCells(counts, clusters, out int count);
        Count = count;
        _clusterOf = new int[raw.Length];
        for (int i = 0; i < raw.Length; i++)
            _clusterOf[i] = clusterOfCell[LogitGrid.CellOf(raw[i])];
    }

    /// <summary>Number of clusters; at most what was asked for.</summary>
    public int Count { get; }

    /// <summary>The cluster of every row, ascending with the raw score.</summary>
    public ReadOnlySpan<int> ClusterOf => _clusterOf;

    internal static int[] OfCells(CalibrationCounts counts, int clusters, out int count)
    {
        Bin[] bins = EqualFrequencyBins.Derive(counts, clusters);
        count = Math.Max(1, bins.Length);
        var clusterOfCell = new int[LogitGrid.Cells];
        int bin = 0;
        for (int cell = 0; cell < LogitGrid.Cells; cell++)
        {
            while (bin < bins.Length - 1 && cell > bins[bin].LastCell)
                bin++;
            clusterOfCell[cell] = bin;
        }
        return clusterOfCell;
    }
}
