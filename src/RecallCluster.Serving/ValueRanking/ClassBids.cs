using RecallCluster.Calibration.Maps;

namespace RecallCluster.Serving.ValueRanking;

/// <summary>One bid book spread over the classes of one shard: what each class bids, as columns. Immutable.</summary>
internal sealed class ClassBids
{
    private const double OrdinaryClickProbability = 0.01;

    // Fifty times the middle bid: beyond it, a bid is rather a mistake than a direction.
    private const float MostLogBid = 4;

    public ClassBids(PlacementClasses classes, BidBook book)
    {
        Classes = classes;
        Book = book;
        Slope = new float[classes.Count];
        Offset = new float[classes.Count];
        Cap = new float[classes.Count];
        Curve = new int[classes.Count];
        LogBid = new float[classes.Count];
        var numbers = new Dictionary<CalibrationMap, int>(ReferenceEqualityComparer.Instance);
        var curves = new List<float[]>();
        for (int number = 0; number < classes.Count; number++)
        {
            int campaign = classes.CampaignOf[number];
            // A campaign younger than the book bids nothing until the next book.
            if ((uint)campaign >= (uint)book.Campaigns.Length)
                continue;
            BidBookEntry entry = book.Campaigns[campaign];
            Slope[number] = (float)entry.Slope;
            Offset[number] = (float)entry.Offset;
            Cap[number] = (float)entry.Cap;
            LogBid[number] = LogBidOf(in entry);
            CalibrationMap map = book.Click.For(entry.Context);
            if (!numbers.TryGetValue(map, out int curve))
            {
                curve = curves.Count;
                numbers.Add(map, curve);
                curves.Add(ClickCurves.Of(map));
            }
            Curve[number] = curve * ClickCurves.Length;
        }
        CentreLogBids();
        Curves = new float[Math.Max(1, curves.Count) * ClickCurves.Length];
        foreach ((int curve, float[] points) in curves.Index())
            points.CopyTo(Curves, curve * ClickCurves.Length);
    }

    /// <summary>The classes.</summary>
    public PlacementClasses Classes { get; }

    /// <summary>The book.</summary>
    public BidBook Book { get; }

    /// <summary>Cost per click that each class is ready to pay.</summary>
    public float[] Slope { get; }

    /// <summary>Cost that does not depend on the click.</summary>
    public float[] Offset { get; }

    /// <summary>Highest bid of each class; 0 where it must not bid.</summary>
    public float[] Cap { get; }

    /// <summary>
    /// Logarithm of what each class bids for an ordinary click probability, over that of the middle one; 0 where it bids nothing.
    /// </summary>
    public float[] LogBid { get; }

    /// <summary>Where in <see cref="Curves"/> the curve of each class begins.</summary>
    public int[] Curve { get; }

    /// <summary>The distinct curves, one after the other.</summary>
    public float[] Curves { get; }

    private static float LogBidOf(in BidBookEntry entry) =>
        entry.Bid(OrdinaryClickProbability) is var bid and > 0 ? (float)Math.Log(bid) : float.NaN;

    private void CentreLogBids()
    {
        float[] bidding = [.. LogBid.Where((bid, number) => Cap[number] > 0 && !float.IsNaN(bid)).Order()];
        float middle = bidding.Length > 0 ? bidding[bidding.Length / 2] : 0;
        for (int number = 0; number < LogBid.Length; number++)
        {
            bool bids = Cap[number] > 0 && !float.IsNaN(LogBid[number]);
            LogBid[number] = bids ? Math.Clamp(LogBid[number] - middle, -MostLogBid, MostLogBid) : 0;
        }
    }
}
