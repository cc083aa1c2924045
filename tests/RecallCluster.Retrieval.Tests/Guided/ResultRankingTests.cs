using RecallCluster.Numerics;
using RecallCluster.Retrieval.Guided;

namespace RecallCluster.Retrieval.Tests.Guided;

public class ResultRankingTests
{
    [Theory]
    [InlineData(VisitedKind.Bitmap, null)]
    [InlineData(VisitedKind.HashSet, 1)]
    public void With_ef_of_all_ads_the_result_is_the_best_of_all_by_value(VisitedKind visited, int? entryLayer)
    {
        var random = new SeededRandom(21);
        foreach (int count in new[] { 1, 3, 100, 700 })
        {
            var model = new TestModel(count, (ulong)count);
            var search = new GuidedSearch(model.Graph, model.Scorer, new GuidedSearchParameters
            {
                Layers = [new(count, int.MaxValue), new(8, 4)],
                Visited = visited,
                EntryLayer = entryLayer,
            });
            var ranking = new TimesBid(count, random);
            foreach (int k in new[] { 1, 10, 1_000 })
            {
                float[] user = TestModel.User(random);
                GuidedSearchResult result = search.Search(new GuidedRequest(user, k) { Ranking = ranking });
                int[] best = Best(model, ranking, user, k);
                Assert.Equal(best.Select(i => ranking.ValueOf(i, model.Score(user, i))), result.Values);
                Assert.Equal(best.Order(), result.Ordinals.Order());
                Assert.Equal(result.Ordinals.Select(i => model.Score(user, i)), result.Scores);
            }
        }
    }

    [Fact]
    public void Ads_without_a_value_are_walked_through_but_never_returned()
    {
        var model = new TestModel(2_000);
        var random = new SeededRandom(4);
        // Every second ad: neither half of the graph is a graph.
        var ranking = new TimesBid(2_000, random, i => i % 2 == 0);
        var search = new GuidedSearch(model.Graph, model.Scorer, new GuidedSearchParameters { Layers = [new(400, 40), new(20, 3)] });
        double found = 0;
        for (int query = 0; query < 20; query++)
        {
            float[] user = TestModel.User(random);
            GuidedSearchResult result = search.Search(new GuidedRequest(user, 20) { Ranking = ranking });
            Assert.All(result.Ordinals, i => Assert.Equal(0, i % 2));
            Assert.Equal(20, result.Ordinals.Length);
            found += result.Ordinals.Intersect(Best(model, ranking, user, 20)).Count();
        }
        Assert.True(found / (20 * 20) > 0.9, $"found {found / 4:F0} % of the best");
    }

    [Fact]
    public void A_ranking_changes_what_is_kept_and_not_what_is_scored()
    {
        var plain = new FunctionScorerOf(new TestModel(3_000));
        var ranked = new FunctionScorerOf(new TestModel(3_000));
        float[] user = TestModel.User(new SeededRandom(8));

        plain.Search.Search(new GuidedRequest(user, 30));
        ranked.Search.Search(new GuidedRequest(user, 30) { Ranking = new TimesBid(3_000, new SeededRandom(9)) });

        Assert.Equal(plain.Scored, ranked.Scored);
    }

    [Theory]
    [InlineData(VisitedKind.Bitmap)]
    [InlineData(VisitedKind.HashSet)]
    public void With_a_bound_of_ads_per_group_the_result_is_the_best_under_it_of_all_that_was_scored(VisitedKind visited)
    {
        var random = new SeededRandom(31);
        foreach (int count in new[] { 2, 90, 3_000 })
        {
            var scorer = new FunctionScorerOf(new TestModel(count), visited);
            foreach ((int k, int groups, int most) in new[] { (1, 3, 1), (20, 4, 2), (40, 40, 1), (200, 500, 2), (5_000, 7, 3) })
            {
                var ranking = new Grouped(new TimesBid(count, random, i => i % 5 != 0), groups, most, random);
                float[] user = TestModel.User(random);
                scorer.Forget();

                GuidedSearchResult result = scorer.Search.Search(new GuidedRequest(user, k) { Ranking = ranking });

                var had = new int[groups];
                int[] wanted = [.. scorer.Scored
                    .Select(i => (Ad: i, Value: ranking.ValueOf(i, scorer.Model.Score(user, i))))
                    .Where(x => !float.IsNaN(x.Value))
                    .OrderByDescending(x => x.Value)
                    .Where(x => had[ranking.GroupOf(x.Ad)]++ < most)
                    .Take(k)
                    .Select(x => x.Ad)];
                Assert.Equal(wanted, result.Ordinals);
                Assert.Equal(wanted.Select(i => scorer.Model.Score(user, i)), result.Scores);
            }
        }
    }

    [Fact]
    public void A_ranking_that_steers_leads_to_other_ads_and_keeps_by_the_scores_of_the_model()
    {
        var model = new TestModel(3_000);
        var plain = new FunctionScorerOf(model);
        var bent = new FunctionScorerOf(model);
        float[] user = TestModel.User(new SeededRandom(8));
        var ranking = new Steering(new TimesBid(3_000, new SeededRandom(9)));

        plain.Search.Search(new GuidedRequest(user, 30));
        GuidedSearchResult result = bent.Search.Search(new GuidedRequest(user, 30) { Ranking = ranking });

        Assert.NotEqual(plain.Scored.Order(), bent.Scored.Order());
        int[] wanted = [.. bent.Scored.OrderByDescending(i => ranking.ValueOf(i, model.Score(user, i))).Take(30)];
        Assert.Equal(wanted, result.Ordinals);
        Assert.Equal(wanted.Select(i => model.Score(user, i)), result.Scores);
    }

    [Fact]
    public void A_filter_and_a_ranking_hold_together()
    {
        var model = new TestModel(1_000);
        var random = new SeededRandom(14);
        var ranking = new TimesBid(1_000, random, i => i % 3 != 0);
        var filter = new EligibilityFilter(1_000);
        for (int i = 0; i < 1_000; i += 10)
            filter[i] = true;
        var search = new GuidedSearch(model.Graph, model.Scorer);

        GuidedSearchResult result = search.Search(new GuidedRequest(TestModel.User(random), 500) { Ranking = ranking, Filter = filter });

        Assert.Equal(StopReason.ScannedEligible, result.Statistics.StopReason);
        Assert.Equal(Enumerable.Range(0, 1_000).Where(i => i % 10 == 0 && i % 3 != 0), result.Ordinals.Order());
        Assert.Equal(result.Values.OrderDescending(), result.Values);
    }

    [Fact]
    public void Where_nothing_has_a_value_nothing_is_scored()
    {
        var model = new TestModel(500);

        GuidedSearchResult result = new GuidedSearch(model.Graph, model.Scorer).Search(
            new GuidedRequest(new float[TestModel.Dim], 5) { Ranking = new TimesBid(500, new SeededRandom(1), _ => false) });

        Assert.Empty(result.Ordinals);
        Assert.Equal(0, result.Statistics.Scorings);
    }

    [Fact]
    public void Without_room_for_values_the_same_ads_come()
    {
        var model = new TestModel(400);
        var search = new GuidedSearch(model.Graph, model.Scorer);
        var request = new GuidedRequest(TestModel.User(new SeededRandom(3)), 10) { Ranking = new TimesBid(400, new SeededRandom(2)) };
        GuidedSearchResult whole = search.Search(request);
        int[] ordinals = new int[10];
        float[] scores = new float[10];

        int found = search.Search(request, new GuidedSearchScratch(), ordinals, scores, out _);

        Assert.Equal(10, found);
        Assert.Equal(whole.Ordinals, ordinals);
        Assert.Equal(whole.Scores, scores);
    }

    private static int[] Best(TestModel model, TimesBid ranking, float[] user, int k) =>
        [.. Enumerable.Range(0, model.Count)
            .Select(i => (Ad: i, Value: ranking.ValueOf(i, model.Score(user, i))))
            .Where(x => !float.IsNaN(x.Value))
            .OrderByDescending(x => x.Value)
            .Take(k)
            .Select(x => x.Ad)];

    private sealed class FunctionScorerOf
    {
        public FunctionScorerOf(TestModel model, VisitedKind visited = VisitedKind.Bitmap)
        {
            Model = model;
            var scorer = new FunctionScorer(model.Count, TestModel.Dim, model.Score) { Batches = [] };
            Search = new GuidedSearch(model.Graph, scorer, new GuidedSearchParameters { Layers = [new(60, 5), new(20, 3)], Visited = visited });
            Scorer = scorer;
        }

        public TestModel Model { get; }

        public GuidedSearch Search { get; }

        public void Forget() => Scorer.Batches!.Clear();

        public IEnumerable<int> Scored => Scorer.Batches!.SelectMany(b => b);

        private FunctionScorer Scorer { get; }
    }

    /// <summary>Prefers the way over every third ad.</summary>
    private sealed class Steering(TimesBid bids) : IResultRanking
    {
        public int RankableCount => bids.RankableCount;

        public float ValueOf(int ordinal, float score) => bids.ValueOf(ordinal, score);

        public void Rank(ReadOnlySpan<int> ordinals, ReadOnlySpan<float> scores, Span<float> values) => bids.Rank(ordinals, scores, values);

        public void Steer(ReadOnlySpan<int> ordinals, Span<float> scores)
        {
            for (int i = 0; i < ordinals.Length; i++)
                scores[i] += ordinals[i] % 3 == 0 ? 5 : 0;
        }
    }

    /// <summary>Ads in groups, of which a result may hold but a few each.</summary>
    private sealed class Grouped : IResultRanking
    {
        private readonly TimesBid _bids;
        private readonly int[] _groupOf;

        public Grouped(TimesBid bids, int groups, int most, SeededRandom random)
        {
            (_bids, GroupCount, MostPerGroup) = (bids, groups, most);
            _groupOf = new int[bids.Count];
            foreach (ref int group in _groupOf.AsSpan())
                group = random.NextInt(groups);
        }

        public int RankableCount => _bids.RankableCount;

        public int MostPerGroup { get; }

        public int GroupCount { get; }

        public int GroupOf(int ordinal) => _groupOf[ordinal];

        public float ValueOf(int ordinal, float score) => _bids.ValueOf(ordinal, score);

        public void Rank(ReadOnlySpan<int> ordinals, ReadOnlySpan<float> scores, Span<float> values) => _bids.Rank(ordinals, scores, values);
    }

    /// <summary>Score times a bid that has nothing to do with where the ad stands.</summary>
    private sealed class TimesBid : IResultRanking
    {
        private readonly float[] _bids;

        public TimesBid(int count, SeededRandom random, Func<int, bool>? eligible = null)
        {
            _bids = new float[count];
            for (int i = 0; i < count; i++)
            {
                float bid = (float)Math.Exp(random.NextGaussian());
                _bids[i] = eligible is null || eligible(i) ? bid : float.NaN;
            }
            RankableCount = _bids.Count(b => !float.IsNaN(b));
        }

        public int RankableCount { get; }

        public int Count => _bids.Length;

        public float ValueOf(int ordinal, float score) => score * _bids[ordinal];

        public void Rank(ReadOnlySpan<int> ordinals, ReadOnlySpan<float> scores, Span<float> values)
        {
            for (int i = 0; i < ordinals.Length; i++)
                values[i] = ValueOf(ordinals[i], scores[i]);
        }
    }
}
