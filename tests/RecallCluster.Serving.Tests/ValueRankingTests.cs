using RecallCluster.Calibration.Maps;
using RecallCluster.Numerics;
using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Serving.Tests;

public sealed class ValueRankingTests : IDisposable
{
    private const int Campaigns = 6;
    private const int Facets = 3;
    private static readonly string[] Ids = [.. Enumerable.Range(0, 400).Select(i => $"ad{i}")];
    private static readonly float[] User = [1, -0.5f, 0.25f, 0, 0.3f, -1, 0.8f, 0.1f];

    private readonly TinyIndex _files = new();
    private readonly Shard _shard = new(TimeProvider.System);
    private readonly AdIndex _index;

    public ValueRankingTests()
    {
        _index = AdIndex.Open(_files.Write(Ids));
        _shard.Add(new ShardVersion(
            "v1", _index, new InnerProductScorer(_index.Vectors, _index.Count, TinyIndex.Dim),
            new GuidedSearchParameters { Layers = [new LayerBudget(400, 50)] }, null, TimeProvider.System));
    }

    public void Dispose()
    {
        _shard.Dispose();
        _files.Dispose();
    }

    [Theory]
    [InlineData(SimdPath.Portable)]
    [InlineData(SimdPath.Avx2)]
    public async Task The_ads_of_highest_calibrated_bid_among_the_eligible_come_best_first(SimdPath path)
    {
        using IDisposable? forced = path <= Simd.Best ? Simd.Force(path) : null;
        BidBook book = Book(1);
        _shard.Publish(book);
        _shard.Publish(Placements(1));
        // Campaigns 0, 2, 3, 5 and facets 0, 2.
        var query = new ValueQuery(new ulong[] { 0b101101 }, new ulong[] { 0b101 });

        ShardAnswer answer = await _shard.SearchAsync(new ShardQuery("v1", User, 12) { Value = query, Exclude = ["ad3"] }, default);

        (string Id, double Value)[] wanted = [.. Ids
            .Where(id => id != "ad3" && CampaignOf(id) is 0 or 2 or 3 or 5 && FacetOf(id) is 0 or 2)
            .Select(id => (id, ValueOf(book, id)))
            .Where(x => x.Item2 > 0)
            .OrderByDescending(x => x.Item2)
            .Take(12)];
        Assert.Equal(wanted.Select(x => x.Value), answer.Ads.Select(a => (double)a.Value), (a, b) => Math.Abs(a - b) <= 2e-3 * a);
        Assert.Equal(wanted.Select(x => x.Id).Order(), answer.Ads.Select(a => a.Id).Order());
        Assert.All(answer.Ads, ad => Assert.Equal(LogitOf(ad.Id), ad.Score, 1e-4));
    }

    [Theory]
    [InlineData(SimdPath.Portable)]
    [InlineData(SimdPath.Avx2)]
    public async Task Scores_are_ranked_by_on_the_scale_that_the_query_names(SimdPath path)
    {
        using IDisposable? forced = path <= Simd.Best ? Simd.Force(path) : null;
        BidBook book = Book(1);
        _shard.Publish(book);
        _shard.Publish(Placements(1));
        // Scores of a model that knows no measure: as logits, all of them would lie beyond the curves.
        var scale = new ClickScale(0.4, -3);

        ShardAnswer answer = await _shard.SearchAsync(new ShardQuery("v1", User, 15) { Value = All with { Scale = scale } }, default);

        double[] wanted = [.. Ids.Where(id => CampaignOf(id) >= 0).Select(Exact).Where(value => value > 0).OrderDescending().Take(15)];
        Assert.Equal(wanted, answer.Ads.Select(a => (double)a.Value), (a, b) => Math.Abs(a - b) <= 2e-3 * a);
        Assert.Equal(answer.Ads.Select(ad => Exact(ad.Id)), answer.Ads.Select(a => (double)a.Value), (a, b) => Math.Abs(a - b) <= 2e-3 * a);

        double Exact(string id) => book.Campaigns[CampaignOf(id)].Bid(
            book.Click.Apply(scale.Probability(LogitOf(id)), book.Campaigns[CampaignOf(id)].Context));
    }

    [Theory]
    [InlineData(SimdPath.Portable)]
    [InlineData(SimdPath.Avx2)]
    public async Task By_click_the_ads_of_highest_calibrated_pctr_come_best_first_whatever_their_campaigns_bid(SimdPath path)
    {
        using IDisposable? forced = path <= Simd.Best ? Simd.Force(path) : null;
        BidBook book = Book(1);
        // Campaign 1 bids nothing for any click; campaign 4 must not bid.
        book = new BidBook(2, [.. book.Campaigns.ToArray().Select((e, c) => c == 1 ? e with { Slope = 0, Offset = -1 } : e)], book.Click);
        _shard.Publish(book);
        _shard.Publish(Placements(1));
        ShardAnswer byValue = await _shard.SearchAsync(new ShardQuery("v1", User, 400) { Value = All }, default);
        Assert.DoesNotContain(byValue.Ads, ad => ad.Campaign == 1);

        ShardAnswer answer = await _shard.SearchAsync(new ShardQuery("v1", User, 400) { Value = All with { ByClick = true } }, default);

        double[] wanted = [.. Ids.Where(id => CampaignOf(id) is >= 0 and not 4).Select(Click).OrderDescending()];
        // Near a bend of its map a curve is a per cent or two off.
        Assert.Equal(wanted, answer.Ads.Select(a => (double)a.Value), (a, b) => Math.Abs(a - b) <= 2e-2 * a);
        Assert.Contains(answer.Ads, ad => ad.Campaign == 1);

        double Click(string id) => book.Click.Apply(1 / (1 + Math.Exp(-LogitOf(id))), book.Campaigns[CampaignOf(id)].Context);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public async Task No_campaign_has_more_ads_than_asked_for_and_the_rest_are_the_best(int most)
    {
        // The campaign that bids most owns the best ads by far.
        BidBook book = Book(1, slope: 0.02);
        book = new BidBook(2, [.. book.Campaigns.ToArray().Select((e, c) => c == 3 ? e with { Slope = 90 } : e)], book.Click);
        _shard.Publish(book);
        _shard.Publish(Placements(1));
        ShardAnswer unbound = await _shard.SearchAsync(new ShardQuery("v1", User, 10) { Value = All }, default);
        Assert.All(unbound.Ads, ad => Assert.Equal(3, ad.Campaign));

        ShardAnswer answer = await _shard.SearchAsync(
            new ShardQuery("v1", User, 10) { Value = All with { MostPerCampaign = most } }, default);
        ShardAnswer all = await _shard.SearchAsync(new ShardQuery("v1", User, 400) { Value = All }, default);

        var had = new Dictionary<int, int>();
        string[] wanted =
        [
            .. all.Ads.Where(ad => (had[ad.Campaign] = had.GetValueOrDefault(ad.Campaign) + 1) <= most).Take(10).Select(a => a.Id),
        ];
        Assert.Equal(wanted, answer.Ads.Select(a => a.Id));
        Assert.All(answer.Ads, ad => Assert.Equal(CampaignOf(ad.Id), ad.Campaign));
    }

    [Fact]
    public async Task Few_eligible_ads_are_all_found_whatever_their_interest()
    {
        _shard.Publish(Book(1));
        _shard.Publish(Placements(1));

        ShardAnswer answer = await _shard.SearchAsync(
            new ShardQuery("v1", User, 400) { Value = new ValueQuery(new ulong[] { 1 << 3 }, new ulong[] { 1 << 2 }), MaxScorings = 30 },
            default);

        Assert.Equal(Ids.Where(id => CampaignOf(id) == 3 && FacetOf(id) == 2).Order(), answer.Ads.Select(a => a.Id).Order());
        Assert.Equal(answer.Ads.Count, answer.Scorings);
    }

    [Fact]
    public async Task A_campaign_that_must_not_bid_and_an_ad_without_campaign_never_come()
    {
        _shard.Publish(Book(1));
        _shard.Publish(Placements(1));

        ShardAnswer answer = await _shard.SearchAsync(new ShardQuery("v1", User, 400) { Value = All }, default);

        Assert.NotEmpty(answer.Ads);
        Assert.DoesNotContain(answer.Ads, ad => CampaignOf(ad.Id) is 4 or -1);
    }

    [Fact]
    public async Task A_newer_book_replaces_the_bids_and_an_older_one_does_not()
    {
        _shard.Publish(Book(2, slope: 10));
        _shard.Publish(Placements(1));
        float high = (await _shard.SearchAsync(new ShardQuery("v1", User, 1) { Value = All }, default)).Ads[0].Value;
        _shard.Publish(Book(1, slope: 100));
        Assert.Equal(high, (await _shard.SearchAsync(new ShardQuery("v1", User, 1) { Value = All }, default)).Ads[0].Value);
        _shard.Publish(Book(3, slope: 1));

        Assert.True((await _shard.SearchAsync(new ShardQuery("v1", User, 1) { Value = All }, default)).Ads[0].Value < high);
    }

    [Fact]
    public async Task Without_book_or_placements_it_is_an_error_that_says_which()
    {
        var query = new ShardQuery("v1", User, 1) { Value = All };
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => _shard.SearchAsync(query, default));
        Assert.Contains("no bid book", error.Message);
        _shard.Publish(Book(1));
        error = await Assert.ThrowsAsync<InvalidOperationException>(() => _shard.SearchAsync(query, default));
        Assert.Contains("no placements of version v1 were", error.Message);
        _shard.Publish(Placements(1));

        Assert.Single((await _shard.SearchAsync(query, default)).Ads);
    }

    [Fact]
    public void Placements_must_fit_their_version()
    {
        Assert.Throws<ArgumentException>(() => _shard.Publish(new ShardPlacements("v9", 1, new int[400], new int[400])));
        Assert.Throws<ArgumentException>(() => _shard.Publish(new ShardPlacements("v1", 1, new int[399], new int[400])));
    }

    [Fact]
    public async Task A_later_revision_moves_an_ad_and_an_earlier_one_changes_nothing()
    {
        _shard.Publish(Book(1));
        _shard.Publish(Placements(1));
        string best = (await _shard.SearchAsync(new ShardQuery("v1", User, 1) { Value = All }, default)).Ads[0].Id;
        _shard.Publish(Placements(3, without: best));
        _shard.Publish(Placements(2));

        ShardAnswer answer = await _shard.SearchAsync(new ShardQuery("v1", User, 400) { Value = All }, default);

        Assert.DoesNotContain(best, answer.Ads.Select(a => a.Id));
    }

    [Fact]
    public void The_merge_orders_by_value()
    {
        ShardAnswer[] answers =
        [
            new([new ScoredAd("a", 1) { Value = 9 }, new ScoredAd("b", 5) { Value = 2 }], 2, SearchLimits.None),
            new([new ScoredAd("c", 9) { Value = 3 }, new ScoredAd("d", 8) { Value = float.NaN }], 2, SearchLimits.None),
        ];

        Assert.Equal(["a", "c", "b"], ShardMerge.Top(answers, 3).Select(a => a.Id));
    }

    private static ValueQuery All => new(new[] { ulong.MaxValue }, new[] { ulong.MaxValue });

    private static int CampaignOf(string id) => (int.Parse(id[2..]) % (Campaigns + 1)) - 1;

    private static int FacetOf(string id) => int.Parse(id[2..]) / 7 % Facets;

    private static BidBook Book(long version, double slope = 2) => new(
        version,
        [.. Enumerable.Range(0, Campaigns).Select(c => new BidBookEntry(
            c + 1, $"1/{c}", slope * (c + 1), c == 2 ? -0.4 : 0.01, c == 4 ? 0 : c == 5 ? 1.1 : 100))],
        new CalibrationModel("test", new LogisticMap(1, 1, -0.3), new Dictionary<string, CalibrationMap>
        {
            ["1/3"] = new PiecewiseLinearMap([0, 0.4, 1], [0.01, 0.1, 0.7]),
            ["1"] = new LogisticMap(0.7, 0.8, 0.1),
        }));

    private ShardPlacements Placements(long revision, string? without = null) => new(
        "v1", revision,
        Enumerable.Range(0, _index.Count).Select(i => _index.IdOf(i) is var id && id == without ? -1 : CampaignOf(id)).ToArray(),
        Enumerable.Range(0, _index.Count).Select(i => FacetOf(_index.IdOf(i))).ToArray());

    private float LogitOf(string id) => _files.Vectors[id].Zip(User, (a, b) => a * b).Sum();

    private double ValueOf(BidBook book, string id)
    {
        BidBookEntry entry = book.Campaigns[CampaignOf(id)];
        return entry.Bid(book.Click.Apply(1 / (1 + Math.Exp(-LogitOf(id))), entry.Context));
    }
}
