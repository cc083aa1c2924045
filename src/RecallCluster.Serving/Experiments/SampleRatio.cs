using RecallCluster.Numerics;

namespace RecallCluster.Serving.Experiments;

/// <summary>
/// Whether requests fell on the arms as their weights say: where they did not, something loses or repeats requests of an arm, and no other
/// figure can be trusted. Pearson's chi-square, divided by the mean design effect (Rao and Scott, The Annals of Statistics 12, 1984),
/// because requests come by users: the variance of each arm's share is taken from the scatter between blocks of users.
/// </summary>
internal static class SampleRatio
{
    // An arm with less of the weights expects nothing, however long it runs; shares next to zero would make infinities of it.
    private const double LeastShare = 1e-9;

    /// <summary>
    /// The probability of shares at least as far from the weights by chance; 1 before there is a request. Arms that expect nothing are left
    /// out.
    /// </summary>
    /// <param name="requests">Requests, by arm and block.</param>
    /// <param name="weights">Weights, by arm.</param>
    public static double PValue(IReadOnlyList<long[]> requests, IReadOnlyList<double> weights)
    {
        int blocks = requests[0].Length;
        var ofBlock = new double[blocks];
        foreach (long[] arm in requests)
        {
            for (int b = 0; b < blocks; b++)
                ofBlock[b] += arm[b];
        }
        double all = ofBlock.Sum(), weight = weights.Sum();
        if (all == 0)
            return 1;
        double chiSquare = 0, variances = 0;
        int arms = 0;
        for (int arm = 0; arm < requests.Count; arm++)
        {
            double share = weights[arm] / weight;
            if (share < LeastShare)
                continue;
            arms++;
            double off = requests[arm].Sum() - (share * all), squares = 0;
            for (int b = 0; b < blocks; b++)
            {
                double difference = requests[arm][b] - (share * ofBlock[b]) - (off / blocks);
                squares += difference * difference;
            }
            chiSquare += off * off / (share * all);
            variances += squares * blocks / (blocks - 1) / (share * all);
        }
        int degrees = arms - 1;
        return degrees == 0 ? 1 : SpecialFunctions.ChiSquareTail(chiSquare / Math.Max(1, variances / degrees), degrees);
    }
}
