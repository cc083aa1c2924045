using RecallCluster.Calibration.Counts;
using RecallCluster.Calibration.Maps;
using RecallCluster.Calibration.Methods;
using RecallCluster.Numerics;
using RecallCluster.Retrieval;
using RecallCluster.Serving;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Cli.Workflows;

/// <summary>
/// Who bids what for a data set's ads, so that retrieval can be measured by value. Bids and calibration are a bid book's; where the book
/// comes without calibration, pCTR is the model's score through Platt scaling on held-out clicks, with the odds shifted to a given click
/// rate of the ads that interest puts first.
/// </summary>
internal sealed class ValueMarket
{
    // Enough to place the slope to a few per cent; drawn evenly from all ads.
    private const int NegativesPerUser = 200;

    private readonly int[] _campaignOf;
    private readonly ClickScale _scale;
    private CalibrationMap[] _maps = [];

    /// <param name="campaignOf">Campaign number of each ad; -1 for an ad that is not for sale.</param>
    /// <param name="book">What campaigns bid.</param>
    /// <param name="isCalibrated">Whether the book's maps are of this model's clicks; else they are fitted.</param>
    /// <param name="scale">From the model's scores to raw click probabilities.</param>
    public ValueMarket(int[] campaignOf, BidBook book, bool isCalibrated, ClickScale scale)
    {
        (_campaignOf, _scale, IsCalibrated) = (campaignOf, scale, isCalibrated);
        Use(book);
    }

    /// <summary>
    /// A market that has nothing to do with where ads stand: every ad belongs to a campaign drawn evenly, every campaign bids for a click a
    /// log-normal draw of median 1.
    /// </summary>
    /// <param name="ads">Number of ads.</param>
    /// <param name="campaigns">Number of campaigns.</param>
    /// <param name="spread">Standard deviation of the logarithm of the bids.</param>
    /// <param name="scale">From the model's scores to raw click probabilities.</param>
    /// <param name="random">Source of the draws.</param>
    public static ValueMarket Drawn(int ads, int campaigns, double spread, ClickScale scale, SeededRandom random)
    {
        var campaignOf = new int[ads];
        foreach (ref int campaign in campaignOf.AsSpan())
            campaign = random.NextInt(campaigns);
        var entries = new BidBookEntry[campaigns];
        for (int campaign = 0; campaign < campaigns; campaign++)
            entries[campaign] = new BidBookEntry(campaign + 1, "", Math.Exp(spread * random.NextGaussian()), 0, double.MaxValue);
        return new ValueMarket(campaignOf, new BidBook(1, entries, new CalibrationModel("raw", CalibrationMap.Identity)), false, scale);
    }

    /// <summary>What campaigns bid.</summary>
    public BidBook Book { get; private set; } = null!;

    /// <summary>Whether the book's maps are in force, and not to be fitted.</summary>
    public bool IsCalibrated { get; }

    /// <summary>What a unit of the model's score adds to the logit of a click; NaN where maps differ by campaign.</summary>
    public double ClickSlope => Book.Click.Root is LogisticMap map && !IsCalibrated ? map.A * _scale.Slope : double.NaN;

    /// <summary>Every campaign is eligible.</summary>
    public ValueQuery Query
    {
        get
        {
            ulong[] all = new ulong[(Book.Campaigns.Length / 64) + 1];
            Array.Fill(all, ulong.MaxValue);
            return new ValueQuery(all, all) { Scale = _scale };
        }
    }

    /// <summary>Campaign of an ad.</summary>
    public int CampaignOf(int ad) => _campaignOf[ad];

    /// <summary>The value of an impression: the bid at the calibrated click probability; 0 for an ad that is not for sale.</summary>
    public double ValueOf(int ad, float score)
    {
        int campaign = _campaignOf[ad];
        return campaign < 0 ? 0 : Book.Campaigns[campaign].Bid(_maps[campaign].Apply(_scale.Probability(score)));
    }

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
                counts.Add(null, _scale.Probability(scores[i]), i < clicked.Length ? 1 : 0);
        }
        Use(new PlattScaling().Fit(counts).Root as LogisticMap
            ?? throw new InvalidDataException("No held-out click tells how likely clicks are."));
    }

    /// <summary>Shifts the odds so that the mean click probability of <paramref name="scores"/> is <paramref name="rate"/>.</summary>
    public void ShiftTo(double rate, IReadOnlyCollection<float> scores)
    {
        var map = (LogisticMap)Book.Click.Root;
        double low = -60, high = 60;
        for (int step = 0; step < 60; step++)
        {
            double middle = (low + high) / 2;
            if (scores.Average(score => new ClickScale(map.A, middle).Probability((float)_scale.Logit(score))) < rate)
                low = middle;
            else
                high = middle;
        }
        Use(new LogisticMap(map.A, map.A, low));
    }

    private void Use(LogisticMap map) => Use(new BidBook(Book.Version + 1, Book.Campaigns.ToArray(), new CalibrationModel("platt", map)));

    private void Use(BidBook book)
    {
        Book = book;
        _maps = [.. book.Campaigns.ToArray().Select(entry => book.Click.For(entry.Context))];
    }
}
