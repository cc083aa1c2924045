namespace RecallCluster.Serving.ValueRanking;

/// <summary>
/// The ads of a shard by class: ads of one campaign and one facet are eligible together and bid alike, so that a request decides once per
/// class what it would else decide per ad. Ads that were put in since belong to a class that must not be shown: their ordinals are beyond
/// <see cref="AdCount"/>, and stand for <see cref="AdCount"/> itself.
/// </summary>
internal sealed class PlacementClasses
{
    private readonly int[] _classOf;
    private readonly int[] _ads;
    private readonly int[] _starts;

    public PlacementClasses(ShardPlacements placements)
    {
        ReadOnlySpan<int> campaigns = placements.CampaignOf.Span, facets = placements.FacetOf.Span;
        var numbers = new Dictionary<(int Campaign, int Facet), int>();
        var classes = new List<(int Campaign, int Facet)>();
        AdCount = campaigns.Length;
        _classOf = new int[AdCount + 1];
        for (int ad = 0; ad <= AdCount; ad++)
        {
            (int, int) key = ad == AdCount || campaigns[ad] < 0 ? (-1, 0) : (campaigns[ad], facets[ad]);
            if (!numbers.TryGetValue(key, out int number))
            {
                number = classes.Count;
                numbers.Add(key, number);
                classes.Add(key);
            }
            _classOf[ad] = number;
        }
        CampaignOf = [.. classes.Select(c => c.Campaign)];
        FacetOf = [.. classes.Select(c => c.Facet)];
        _starts = new int[classes.Count + 1];
        foreach (int number in _classOf.AsSpan(0, AdCount))
            _starts[number + 1]++;
        for (int number = 0; number < classes.Count; number++)
            _starts[number + 1] += _starts[number];
        _ads = new int[AdCount];
        int[] next = [.. _starts];
        for (int ad = 0; ad < AdCount; ad++)
            _ads[next[_classOf[ad]]++] = ad;
        Revision = placements.Revision;
    }

    /// <summary>The revision that these were made of.</summary>
    public long Revision { get; }

    /// <summary>Campaign number of each class; -1 for ads that must not be shown.</summary>
    public int[] CampaignOf { get; }

    /// <summary>Facet number of each class.</summary>
    public int[] FacetOf { get; }

    /// <summary>Number of classes.</summary>
    public int Count => CampaignOf.Length;

    /// <summary>Class of each ad, and behind them the class of all ads that were put in since.</summary>
    public ReadOnlySpan<int> ClassOf => _classOf;

    /// <summary>Number of ads.</summary>
    public int AdCount { get; }

    /// <summary>The ads of a class, ascending.</summary>
    public ReadOnlySpan<int> AdsOf(int number) => _ads.AsSpan(_starts[number].._starts[number + 1]);

    /// <summary>Number of ads of a class.</summary>
    public int SizeOf(int number) => _starts[number + 1] - _starts[number];
}
