using RecallCluster.Numerics;

namespace RecallCluster.Calibration.Metrics;

/// <summary>
/// Scores calibrated predictions against one labelled sample. Clusters, groups and bootstrap resamples are fixed once from the raw
/// score, so that methods are compared on the same ground.
/// </summary>
/// <remarks>
/// The bootstrap resamples blocks: rows are dealt at random into at most 1,000 blocks, a replicate draws as many blocks with
/// replacement. For up to 1,000 rows that is the ordinary bootstrap; above, blocks make replicates cheap and, rows being dealt at
/// random, estimate the same variance. Intervals are percentiles, centred on the figure (<see cref="Interval"/>). A replicate that leaves a
/// figure undefined (no positives) is left out.
/// </remarks>
public sealed class CalibrationEvaluator
{
    private const int MaxBlocks = 1000;

    private readonly byte[] _labels;
    private readonly double[] _weights;
    private readonly ScoreClusters _clusters;
    private readonly GroupClusters? _groups;
    private readonly ushort[] _blockOf;
    private readonly int _blocks;
    private readonly double[][] _multiplicities;
    private readonly RankedLabels _rawRanking;
    private Interval? _rawAuc;

    /// <summary>An evaluator of one sample.</summary>
    /// <param name="raw">Raw predictions in [0, 1].</param>
    /// <param name="labels">Labels, 0 or 1.</param>
    /// <param name="weights">Weights in [0, 2^20], or empty for 1 each.</param>
    /// <param name="groups">Group of each row, numbered from 0, or empty for no GC-N.</param>
    /// <param name="options">Clusters, replicates, seed.</param>
    /// <exception cref="ArgumentException">Lengths differ, there are no rows, or all weights are 0.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public CalibrationEvaluator(
        ReadOnlySpan<double> raw, ReadOnlySpan<byte> labels, ReadOnlySpan<double> weights = default, ReadOnlySpan<int> groups = default,
        EvaluationOptions? options = null)
    {
        CalibrationMetrics.Check(raw, labels, weights);
        if (groups.Length != 0 && groups.Length != raw.Length)
            throw new ArgumentException($"{raw.Length} predictions but {groups.Length} groups.");
        options ??= new EvaluationOptions();
        _labels = labels.ToArray();
        _weights = new double[raw.Length];
        for (int i = 0; i < raw.Length; i++)
            _weights[i] = weights.IsEmpty ? 1 : weights[i];
        _clusters = new ScoreClusters(raw, weights, options.Clusters);
        if (!groups.IsEmpty)
            _groups = new GroupClusters(raw, groups, weights, options.ClustersPerGroup);
        _blocks = Math.Min(raw.Length, MaxBlocks);
        var random = new SeededRandom(options.Seed);
        _blockOf = DealIntoBlocks(raw.Length, _blocks, random);
        _multiplicities = Draw(_blocks, options.Replicates, random);
        _rawRanking = new RankedLabels(raw, labels, weights);
    }

    /// <summary>Clusters that Cal-N and ECE are taken over.</summary>
    public int ClusterCount => _clusters.Count;

    /// <summary>Scores one set of calibrated predictions, in the rows' order.</summary>
    /// <param name="calibrated">Calibrated predictions in [0, 1].</param>
    /// <param name="truth">True probabilities, or empty.</param>
    /// <exception cref="ArgumentException">A length differs from the sample's.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A prediction is outside [0, 1].</exception>
    public CalibrationScores Evaluate(ReadOnlySpan<double> calibrated, ReadOnlySpan<double> truth = default)
    {
        if (calibrated.Length != _labels.Length || (truth.Length != 0 && truth.Length != _labels.Length))
            throw new ArgumentException(
                $"The sample has {_labels.Length} rows; got {calibrated.Length} predictions and {truth.Length} truths.");
        CalibrationMetrics.Check(calibrated, _labels, _weights);
        var sums = new BlockSums(_blocks, _clusters.Count);
        for (int i = 0; i < calibrated.Length; i++)
            sums.Add(_blockOf[i], _clusters.ClusterOf[i], calibrated[i], _labels[i], _weights[i], truth.IsEmpty ? double.NaN : truth[i]);
        BlockFigures whole = sums.Figures(Ones(_blocks));
        BlockFigures[] replicates = [.. _multiplicities.Select(sums.Figures)];
        Interval Of(Func<BlockFigures, double> figure) => Interval.FromReplicates(figure(whole), replicates.Select(figure).ToArray(), 0);
        int leftOut = 0;
        return new CalibrationScores(
            calibrated.Length, whole.Positives, Of(f => f.Pcoc), Of(f => f.CalN),
            _groups is null ? null : GcN(calibrated.ToArray(), out leftOut),
            Of(f => f.Ece), Of(f => f.Brier), Of(f => f.LogLoss), Auc(calibrated), truth.IsEmpty ? null : Of(f => f.Distance),
            whole.MergedClusters, leftOut);
    }

    /// <summary>
    /// Log loss of <paramref name="calibrated"/> minus that of <paramref name="reference"/>, over the same resamples: far sharper than two
    /// intervals side by side, because both see the same clicks. Below 0 is better than the reference.
    /// </summary>
    /// <exception cref="ArgumentException">A length differs from the sample's.</exception>
    public Interval LogLossChange(ReadOnlySpan<double> calibrated, ReadOnlySpan<double> reference)
    {
        if (calibrated.Length != _labels.Length || reference.Length != _labels.Length)
            throw new ArgumentException(
                $"The sample has {_labels.Length} rows; got {calibrated.Length} and {reference.Length} predictions.");
        double[] changes = new double[_blocks], weights = new double[_blocks];
        for (int i = 0; i < _labels.Length; i++)
        {
            double change = CalibrationMetrics.LogLoss(calibrated[i], _labels[i]) - CalibrationMetrics.LogLoss(reference[i], _labels[i]);
            changes[_blockOf[i]] += _weights[i] * change;
            weights[_blockOf[i]] += _weights[i];
        }
        double Mean(double[] multiplicities)
        {
            double sum = 0, total = 0;
            for (int block = 0; block < _blocks; block++)
            {
                sum += multiplicities[block] * changes[block];
                total += multiplicities[block] * weights[block];
            }
            return sum / total;
        }
        return Interval.FromReplicates(Mean(Ones(_blocks)), _multiplicities.Select(Mean).ToArray());
    }

    private Interval GcN(double[] calibrated, out int leftOut)
    {
        var replicates = new double[_multiplicities.Length];
        double value = GcN(calibrated, [], out leftOut);
        Parallel.For(0, replicates.Length, r => replicates[r] = GcN(calibrated, _multiplicities[r], out _));
        return Interval.FromReplicates(value, replicates, 0);
    }

    private double GcN(double[] calibrated, double[] multiplicities, out int leftOut)
    {
        int slots = _groups!.SlotCount;
        double[] predicted = new double[slots], positives = new double[slots], weights = new double[slots];
        for (int i = 0; i < calibrated.Length; i++)
        {
            double weight = multiplicities.Length == 0 ? _weights[i] : _weights[i] * multiplicities[_blockOf[i]];
            int slot = _groups.SlotOf[i];
            predicted[slot] += weight * calibrated[i];
            positives[slot] += weight * _labels[i];
            weights[slot] += weight;
        }
        return _groups.GcN(predicted, positives, weights, out leftOut);
    }

    private Interval Auc(ReadOnlySpan<double> calibrated)
    {
        if (_rawRanking.RankedAlike(calibrated))
            return _rawAuc ??= Auc(_rawRanking);
        return Auc(new RankedLabels(calibrated, _labels, _weights));
    }

    private Interval Auc(RankedLabels ranking)
    {
        var replicates = new double[_multiplicities.Length];
        Parallel.For(0, replicates.Length, r => replicates[r] = ranking.Auc(_blockOf, _multiplicities[r]));
        return Interval.FromReplicates(ranking.Auc(), replicates, 0);
    }

    private static ushort[] DealIntoBlocks(int rows, int blocks, SeededRandom random)
    {
        var blockOf = new ushort[rows];
        for (int i = 0; i < rows; i++)
            blockOf[i] = (ushort)(i % blocks);
        random.Shuffle<ushort>(blockOf);
        return blockOf;
    }

    private static double[][] Draw(int blocks, int replicates, SeededRandom random)
    {
        var draws = new double[replicates][];
        for (int r = 0; r < replicates; r++)
        {
            draws[r] = new double[blocks];
            for (int i = 0; i < blocks; i++)
                draws[r][random.NextInt(blocks)]++;
        }
        return draws;
    }

    private static double[] Ones(int count)
    {
        var ones = new double[count];
        Array.Fill(ones, 1);
        return ones;
    }
}
