using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Maps;
using RecallCluster.Calibration.Methods;
using RecallCluster.Numerics;
using RecallCluster.Retrieval;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Cli.Workflows;

/// <summary>
/// Who bids what for a data set's ads, so that retrieval can be measured by value: every ad belongs to a campaign drawn evenly, every
/// campaign bids for a click a log-normal draw of median 1 that has nothing to do with where its ads stand, and pCTR is the model's logit
/// through Platt scaling on held-out clicks, with the odds shifted to a given click rate of the ads that interest puts first.
/// </summary>
internal sealed class ValueMarket
{
    // Enough to place the slope to a few per cent; drawn evenly from all ads.
    private const int NegativesPerUser = 200;

    private readonly int[] _campaignOf;
    private readonly double[] _bids;

    /// <param name="ads">Number of ads.</param>
    /// <param name="campaigns">Number of campaigns.</param>
    /// <param name="spread">Standard deviation of the logarithm of the bids.</param>
    /// <param name="random">Source of the draws.</param>
    public ValueMarket(int ads, int campaigns, double spread, SeededRandom random)
    {
        _campaignOf = new int[ads];
        foreach (ref int campaign in _campaignOf.AsSpan())
            campaign = random.NextInt(campaigns);
        _bids = new double[campaigns];
        foreach (ref double bid in _bids.AsSpan())
            bid = Math.Exp(spread * random.NextGaussian());
    }

    /// <summary>Slope and shift of pCTR = sigmoid(slope · logit + shift).</summary>
    public LogisticMap ClickMap { get; private set; } = new(1, 1, 0);

    /// <summary>Every campaign is eligible.</summary>
    public ValueQuery Query
    {
        get
        {
            ulong[] all = new ulong[(_bids.Length / 64) + 1];
            Array.Fill(all, ulong.MaxValue);
            return new ValueQuery(all, all);
        }
    }

    /// <summary>The value of an impression: bid for a click times its probability.</summary>
    public double ValueOf(int ad, float logit) => _bids[_campaignOf[ad]] * ClickRateOf(logit, ClickMap.C);

    /// <summary>The bids of all campaigns.</summary>
    public BidBook Book() => new(
        1,
        [.. _bids.Select((bid, campaign) => new BidBookEntry(campaign + 1, "", bid, 0, double.MaxValue))],
        new CalibrationModel("platt", ClickMap));

    /// <summary>Whose the ads of a shard are.</summary>
    /// <param name="version">The shard's version.</param>
    /// <param name="rows">The ad of each ordinal.</param>
    public ShardPlacements Placements(string version, int[] rows) =>
        new(version, 1, Array.ConvertAll(rows, row => _campaignOf[row]), new int[rows.Length]);

    /// <summary>Fits the slope on users' held-out clicks against evenly drawn ads.</summary>
    /// <param name="scorer">The model over all ads.</param>
    /// <param name="users">State and held-out ads of each user.</param>
    /// <param name="random">Source of the draws.</param>
    public void FitClicks(IScorer scorer, IEnumerable<(float[] State, int[] Clicked)> users, SeededRandom random)
    {
        var counts = new ContextCounts();
        foreach ((float[] state, int[] clicked) in users)
        {
            int[] drawn = new int[NegativesPerUser];
            foreach (ref int ad in drawn.AsSpan())
                ad = random.NextInt(_campaignOf.Length);
            int[] shown = [.. clicked, .. drawn];
            var scores = new float[shown.Length];
            scorer.Score(state, shown, scores);
            for (int i = 0; i < shown.Length; i++)
                counts.Add(null, 1 / (1 + Math.Exp(-scores[i])), i < clicked.Length ? 1 : 0);
        }
        ClickMap = new PlattScaling().Fit(counts).Root as LogisticMap
            ?? throw new InvalidDataException("No held-out click tells how likely clicks are.");
    }

    /// <summary>Shifts the odds so that the mean click probability of <paramref name="logits"/> is <paramref name="rate"/>.</summary>
    public void ShiftTo(double rate, IReadOnlyCollection<float> logits)
    {
        double low = -60, high = 60;
        for (int step = 0; step < 60; step++)
        {
            double middle = (low + high) / 2;
            if (logits.Average(logit => ClickRateOf(logit, middle)) < rate)
                low = middle;
            else
                high = middle;
        }
        ClickMap = new LogisticMap(ClickMap.A, ClickMap.A, low);
    }

    private double ClickRateOf(float logit, double shift) => 1 / (1 + Math.Exp(-((ClickMap.A * logit) + shift)));
}
