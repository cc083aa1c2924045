namespace RecallCluster.Cli.Benches;

/// <summary>One competitor of <see cref="AnnBench"/>: something that answers all queries at a width and says how long that took.</summary>
/// <param name="search">Takes ef and room for queries x k row numbers; returns seconds.</param>
internal sealed class AnnSide(Func<int, int[], double> search)
{
    private const int LargestEf = 4096;
    private const double SecondsAtLeast = 3;
    private const int MostRounds = 500;
    private int[] _found = [];

    /// <summary>The width found by <see cref="Tune"/>.</summary>
    public int Ef { get; private set; }

    /// <summary>Recall at <see cref="Ef"/>.</summary>
    public double RecallReached { get; private set; }

    /// <summary>Finds the smallest ef that reaches a recall: doubling, then halving the gap down to one.</summary>
    public void Tune(AnnDataSet set, int k, double wanted)
    {
        _found = new int[set.QueryCount * k];
        int largest = Math.Min(LargestEf, Math.Max(k, set.Items));
        int low = k - 1, high = k;
        while (RecallAt(high) < wanted && high < largest)
        {
            low = high;
            high = Math.Min(2 * high, largest);
        }
        while (high - low > 1)
        {
            int middle = (low + high) / 2;
            if (RecallAt(middle) < wanted)
                low = middle;
            else
                high = middle;
        }
        Ef = high;
        RecallReached = RecallAt(high);

        double RecallAt(int ef)
        {
            search(ef, _found);
            return set.Recall(_found, k);
        }
    }

    /// <summary>
    /// Times both sides in turns, each round in the other order: <paramref name="rounds"/> of them, and more where they are so short that
    /// one interruption would spoil them.
    /// </summary>
    /// <returns>Median seconds of each side and the median over rounds of theirs / ours; nulls without a peer.</returns>
    public static (double Seconds, double? PeerSeconds, double? Ratio) Compare(
        AnnSide ours, AnnSide? theirs, int rounds, CancellationToken cancellationToken)
    {
        var seconds = new List<double>();
        var peerSeconds = new List<double>();
        var ratios = new List<double>();
        double spent = 0;
        for (int round = 0; round < rounds || (spent < SecondsAtLeast && round < MostRounds); round++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            bool first = round % 2 == 0;
            double mine = first ? ours.Time() : 0;
            if (theirs is not null)
                peerSeconds.Add(theirs.Time());
            mine = first ? mine : ours.Time();
            seconds.Add(mine);
            spent += mine;
            if (theirs is not null)
                ratios.Add(peerSeconds[^1] / mine);
        }
        return theirs is null ? (Median(seconds), null, null) : (Median(seconds), Median(peerSeconds), Median(ratios));
    }

    private double Time() => search(Ef, _found);

    private static double Median(List<double> values)
    {
        values.Sort();
        int middle = values.Count / 2;
        return values.Count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }
}
