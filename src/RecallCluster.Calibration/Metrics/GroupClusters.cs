using RecallCluster.Calibration.Counts;

namespace RecallCluster.Calibration.Metrics;

/// <summary>Clusters of the raw score inside each group (campaign, say), for GC-N: groups and clusters numbered through.</summary>
internal sealed class GroupClusters
{
    private readonly int[] _start;

    public GroupClusters(ReadOnlySpan<double> raw, ReadOnlySpan<int> groups, ReadOnlySpan<double> weights, int clustersPerGroup)
    {
        int groupCount = 0;
        foreach (int group in groups)
            groupCount = Math.Max(groupCount, group + 1);
        var counts = new CalibrationCounts[groupCount];
        GroupWeights = new double[groupCount];
        for (int i = 0; i < raw.Length; i++)
        {
            double weight = weights.IsEmpty ? 1 : weights[i];
            (counts[groups[i]] ??= new CalibrationCounts()).Add(raw[i], 0, weight);
            GroupWeights[groups[i]] += weight;
        }
        _start = new int[groupCount + 1];
        var clusterOfCell = new int[groupCount][];
        for (int group = 0; group < groupCount; group++)
        {
            clusterOfCell[group] = ScoreClusters.OfCells(counts[group] ?? new CalibrationCounts(), clustersPerGroup, out int clusters);
            _start[group + 1] = _start[group] + clusters;
        }
        SlotOf = new int[raw.Length];
        for (int i = 0; i < raw.Length; i++)
            SlotOf[i] = _start[groups[i]] + clusterOfCell[groups[i]][LogitGrid.CellOf(raw[i])];
    }

    /// <summary>The slot (group and cluster) of every row.</summary>
    public int[] SlotOf { get; }

    public double[] GroupWeights { get; }

    public int SlotCount => _start[^1];

    /// <summary>
    /// GC-N of sums by slot: Cal-N of each group, weighted by the group's impressions; groups without positives are left out.
    /// </summary>
    public double GcN(ReadOnlySpan<double> predicted, ReadOnlySpan<double> positives, ReadOnlySpan<double> weights, out int leftOut)
    {
        leftOut = 0;
        double sum = 0, total = 0;
        for (int group = 0; group < GroupWeights.Length; group++)
        {
            int start = _start[group], length = _start[group + 1] - start;
            double weight = 0;
            foreach (double slot in weights.Slice(start, length))
                weight += slot;
            if (weight <= 0)
                continue;
            double error = CalibrationMetrics.CalN(
                predicted.Slice(start, length), positives.Slice(start, length), weights.Slice(start, length), out _);
            if (double.IsPositiveInfinity(error))
            {
                leftOut++;
                continue;
            }
            sum += weight * error;
            total += weight;
        }
        return total > 0 ? sum / total : double.PositiveInfinity;
    }
}
