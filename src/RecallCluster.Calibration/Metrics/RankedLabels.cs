namespace RecallCluster.Calibration.Metrics;

/// <summary>
/// Labels in ascending order of a score, ties marked: AUC in one pass, and again with other weights without sorting anew.
/// </summary>
internal sealed class RankedLabels
{
    private readonly int[] _rows;
    private readonly bool[] _lastOfTie;
    private readonly byte[] _labels;
    private readonly double[] _weights;

    public RankedLabels(ReadOnlySpan<double> scores, ReadOnlySpan<byte> labels, ReadOnlySpan<double> weights)
    {
        int count = scores.Length;
        double[] sorted = scores.ToArray();
        _rows = new int[count];
        for (int i = 0; i < count; i++)
            _rows[i] = i;
        Array.Sort(sorted, _rows);
        _lastOfTie = new bool[count];
        _labels = new byte[count];
        _weights = new double[count];
        for (int i = 0; i < count; i++)
        {
            _lastOfTie[i] = i == count - 1 || sorted[i] != sorted[i + 1];
            _labels[i] = labels[_rows[i]];
            _weights[i] = weights.IsEmpty ? 1 : weights[_rows[i]];
        }
    }

    /// <summary>Whether other scores rank the same rows in the same way, ties included.</summary>
    public bool RankedAlike(ReadOnlySpan<double> scores)
    {
        for (int i = 0; i + 1 < _rows.Length; i++)
        {
            double here = scores[_rows[i]], next = scores[_rows[i + 1]];
            if (_lastOfTie[i] ? !(here < next) : here != next)
                return false;
        }
        return true;
    }

    public double Auc() => Auc([], []);

    /// <summary>AUC with each row's weight multiplied by its block's multiplicity (empty: 1 each).</summary>
    public double Auc(ReadOnlySpan<ushort> blockOfRow, ReadOnlySpan<double> multiplicities)
    {
        double wins = 0, negativesBelow = 0, positives = 0, tiedPositives = 0, tiedNegatives = 0;
        for (int i = 0; i < _rows.Length; i++)
        {
            double weight = multiplicities.IsEmpty ? _weights[i] : _weights[i] * multiplicities[blockOfRow[_rows[i]]];
            if (_labels[i] != 0)
                tiedPositives += weight;
            else
                tiedNegatives += weight;
            if (!_lastOfTie[i])
                continue;
            wins += tiedPositives * (negativesBelow + (0.5 * tiedNegatives));
            positives += tiedPositives;
            negativesBelow += tiedNegatives;
            tiedPositives = tiedNegatives = 0;
        }
        return positives > 0 && negativesBelow > 0 ? wins / (positives * negativesBelow) : double.NaN;
    }
}
