namespace RecallCluster.Calibration.Metrics;

/// <summary>The figures of one replicate that follow from sums.</summary>
internal readonly record struct BlockFigures(
    double Positives, double Pcoc, double CalN, double Ece, double Brier, double LogLoss, double Distance, int MergedClusters);

/// <summary>Sums by bootstrap block (and cluster): a replicate costs blocks x clusters, whatever the number of rows.</summary>
internal sealed class BlockSums(int blocks, int clusters)
{
    private readonly double[] _predicted = new double[blocks * clusters];
    private readonly double[] _positives = new double[blocks * clusters];
    private readonly double[] _weights = new double[blocks * clusters];
    private readonly double[] _squares = new double[blocks];
    private readonly double[] _losses = new double[blocks];
    private readonly double[] _distances = new double[blocks];

    public void Add(int block, int cluster, double p, byte y, double weight, double truth)
    {
        int slot = (block * clusters) + cluster;
        _predicted[slot] += weight * p;
        _positives[slot] += weight * y;
        _weights[slot] += weight;
        _squares[block] += weight * CalibrationMetrics.Square(p - y);
        _losses[block] += weight * CalibrationMetrics.LogLoss(p, y);
        _distances[block] += weight * Math.Abs(p - truth);
    }

    public BlockFigures Figures(double[] multiplicities)
    {
        double[] predicted = new double[clusters], positives = new double[clusters], weights = new double[clusters];
        double squares = 0, losses = 0, distances = 0;
        for (int block = 0; block < blocks; block++)
        {
            double times = multiplicities[block];
            if (times == 0)
                continue;
            int slot = block * clusters;
            for (int cluster = 0; cluster < clusters; cluster++, slot++)
            {
                predicted[cluster] += times * _predicted[slot];
                positives[cluster] += times * _positives[slot];
                weights[cluster] += times * _weights[slot];
            }
            squares += times * _squares[block];
            losses += times * _losses[block];
            distances += times * _distances[block];
        }
        double total = weights.Sum(), clicks = positives.Sum();
        double calN = CalibrationMetrics.CalN(predicted, positives, weights, out int merged);
        return new BlockFigures(
            clicks, CalibrationMetrics.Pcoc(predicted.Sum(), clicks), calN, CalibrationMetrics.Ece(predicted, positives, weights),
            squares / total, losses / total, distances / total, merged);
    }
}
