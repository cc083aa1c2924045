using RecallCluster.Numerics;
using RecallCluster.Retrieval.Guided;

namespace RecallCluster.Retrieval.Tests.Guided;

public class GuidedSearchTests
{
    private static GuidedSearchParameters Everything(int count, VisitedKind visited = VisitedKind.Bitmap) => new()
    {
        Layers = [new(Math.Max(1, count), int.MaxValue), new(8, 4)],
        Visited = visited,
    };

    [Theory]
    [InlineData(VisitedKind.Bitmap, null)]
    [InlineData(VisitedKind.HashSet, null)]
    [InlineData(VisitedKind.Bitmap, 1)]
    [InlineData(VisitedKind.Bitmap, 9)]
    public void With_ef_of_all_ads_it_equals_exhaustive_scoring(VisitedKind visited, int? entryLayer)
    {
        var random = new SeededRandom(5);
        foreach (int count in new[] { 1, 2, 3, 17, 100, 700 })
        {
            var model = new TestModel(count, (ulong)count);
            var search = new GuidedSearch(model.Graph, model.Scorer, Everything(count, visited) with { EntryLayer = entryLayer });
            foreach (int k in new[] { 1, 10, 100, 1_000 })
            {
                float[] user = TestModel.User(random);
                GuidedSearchResult result = search.Search(new GuidedRequest(user, k));
                Assert.Equal(model.Best(user, k), result.Ordinals);
                Assert.Equal(result.Ordinals.Select(i => model.Score(user, i)), result.Scores);
                Assert.Equal(count, result.Statistics.Scorings);
                Assert.Equal(StopReason.FrontierEmpty, result.Statistics.StopReason);
            }
        }
    }

    [Fact]
    public void An_empty_graph_gives_an_empty_result()
    {
        var model = new TestModel(0);
        GuidedSearchResult result = new GuidedSearch(model.Graph, model.Scorer).Search(new GuidedRequest(new float[TestModel.Dim], 5));
        Assert.Empty(result.Ordinals);
        Assert.Empty(result.Scores);
        Assert.Equal(0, result.Statistics.Scorings);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(64)]
    public void With_ef_of_all_ads_any_width_equals_exhaustive_scoring(int width)
    {
        var random = new SeededRandom(15);
        var model = new TestModel(700, 7);
        var search = new GuidedSearch(model.Graph, model.Scorer, new GuidedSearchParameters { Layers = [new(700, int.MaxValue, width)] });
        for (int query = 0; query < 5; query++)
        {
            float[] user = TestModel.User(random);
            GuidedSearchResult result = search.Search(new GuidedRequest(user, 50));
            Assert.Equal(model.Best(user, 50), result.Ordinals);
            Assert.Equal(700, result.Statistics.Scorings);
        }
    }

    [Fact]
    public void A_small_width_finds_more_for_the_same_budget()
    {
        var model = new TestModel(4_000, levelRatio: 32);
        var random = new SeededRandom(2);
        int Found(int width)
        {
            var search = new GuidedSearch(model.Graph, model.Scorer, new GuidedSearchParameters
            {
                Layers = [new(50, int.MaxValue, width), new(20, 3)],
                EntryLayer = 1,
                MaxScorings = 600,
            });
            int found = 0;
            for (int query = 0; query < 40; query++)
            {
                float[] user = TestModel.User(random);
                found += search.Search(new GuidedRequest(user, 50)).Ordinals.Intersect(model.Best(user, 50)).Count();
            }
            return found;
        }
        int narrow = Found(8), whole = Found(int.MaxValue);
        Assert.True(narrow > whole, $"width 8 found {narrow}, the whole frontier {whole}");
    }

    [Theory]
    [InlineData(VisitedKind.Bitmap)]
    [InlineData(VisitedKind.HashSet)]
    public void Seeds_are_scored_once_and_change_nothing_where_all_is_scored(VisitedKind visited)
    {
        var random = new SeededRandom(25);
        var model = new TestModel(700, 7);
        var scorer = new FunctionScorer(700, TestModel.Dim, model.Score) { Batches = [] };
        var search = new GuidedSearch(model.Graph, scorer, Everything(700, visited));
        float[] user = TestModel.User(random);
        // Twice the same, one that the upper layers meet too, and two that name no ad.
        GuidedSearchResult result = search.Search(new GuidedRequest(user, 50) { Seeds = [5, 600, 5, model.Graph.EntryPoint, -1, 700] });
        Assert.Equal(model.Best(user, 50), result.Ordinals);
        Assert.Equal(700, result.Statistics.Scorings);
        Assert.Equal(700, scorer.Batches.SelectMany(batch => batch).Distinct().Count());
    }

    [Fact]
    public void A_seed_that_the_frontier_has_no_room_for_is_not_scored_again()
    {
        var model = new TestModel(700, 7);
        var scorer = new FunctionScorer(700, TestModel.Dim, model.Score) { Batches = [] };
        var search = new GuidedSearch(model.Graph, scorer, new GuidedSearchParameters { Layers = [new(3, int.MaxValue), new(8, 4)] });
        search.Search(new GuidedRequest(TestModel.User(new SeededRandom(26)), 3) { Seeds = [.. Enumerable.Range(0, 60)] });
        int[] scored = [.. scorer.Batches.SelectMany(batch => batch)];
        Assert.Equal(scored.Length, scored.Distinct().Count());
    }

    [Fact]
    public void Seeds_near_good_ads_find_more_for_the_same_budget()
    {
        var model = new TestModel(4_000, levelRatio: 32);
        var random = new SeededRandom(27);
        var search = new GuidedSearch(
            model.Graph, model.Scorer, new GuidedSearchParameters { Layers = [new(50, int.MaxValue, 8), new(16, 3)], MaxScorings = 400 });
        int with = 0, without = 0;
        for (int query = 0; query < 40; query++)
        {
            float[] user = TestModel.User(random);
            int[] best = model.Best(user, 56);
            int[] wanted = best[..50];
            without += search.Search(new GuidedRequest(user, 50)).Ordinals.Intersect(wanted).Count();
            with += search.Search(new GuidedRequest(user, 50) { Seeds = best.AsSpan(50, 6) }).Ordinals.Intersect(wanted).Count();
        }
        Assert.True(with > without, $"{with} with seeds, {without} without");
    }

    [Fact]
    public void An_entry_point_that_the_seeds_push_out_is_neither_scored_nor_returned_again()
    {
        var model = new TestModel(60, 7, levelRatio: 1_000_000);
        Assert.Equal(0, model.Graph.MaxLevel);
        int entry = model.Graph.EntryPoint;
        // The best ads are not eligible: as seeds they fill W, and push out the entry point, the best of those that are.
        int[] seeds = [.. Enumerable.Range(0, 60).Where(i => i != entry).Take(30)];
        var filter = new EligibilityFilter(60, allowed: true);
        foreach (int seed in seeds)
            filter[seed] = false;
        var scorer = new FunctionScorer(60, TestModel.Dim, (_, ordinal) => ordinal == entry ? 1 : filter[ordinal] ? -ordinal : 2 + ordinal)
        {
            Batches = [],
        };
        var search = new GuidedSearch(
            model.Graph, scorer, new GuidedSearchParameters { Layers = [new(4, int.MaxValue)], ScanFactor = 1, MaxScorings = 200 });
        GuidedSearchResult result = search.Search(new GuidedRequest(new float[TestModel.Dim], 4) { Filter = filter, Seeds = seeds });
        int[] scored = [.. scorer.Batches.SelectMany(batch => batch)];
        Assert.NotEqual(StopReason.ScannedEligible, result.Statistics.StopReason);
        Assert.Equal(scored.Length, scored.Distinct().Count());
        Assert.Equal(entry, result.Ordinals[0]);
        Assert.Equal(4, result.Ordinals.Distinct().Count());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_seed_whose_score_is_NaN_is_counted_and_the_walk_goes_on(bool oneLayer)
    {
        var model = new TestModel(700, 7, oneLayer ? 1_000_000 : 8);
        int entry = model.Graph.EntryPoint;
        var scorer = new FunctionScorer(700, TestModel.Dim, (user, ordinal) => ordinal == entry ? float.NaN : model.Score(user, ordinal));
        var search = new GuidedSearch(model.Graph, scorer, Everything(700));
        float[] user = TestModel.User(new SeededRandom(28));
        GuidedSearchResult result = search.Search(new GuidedRequest(user, 20) { Seeds = [entry] });
        Assert.Equal(model.Best(user, 20, ordinal => ordinal != entry), result.Ordinals);
        Assert.Equal(1, result.Statistics.NanScores);
        Assert.Equal(entry, result.Statistics.NanOrdinal);
        Assert.Equal(0, result.Statistics.ScannedScorings);
    }

    [Fact]
    public void Seeds_are_within_the_budget()
    {
        var model = new TestModel(700, 7);
        var search = new GuidedSearch(model.Graph, model.Scorer);
        GuidedSearchResult result = search.Search(
            new GuidedRequest(TestModel.User(new SeededRandom(28)), 10) { Seeds = [.. Enumerable.Range(0, 700)], MaxScorings = 300 });
        Assert.Equal(300, result.Statistics.Scorings);
        Assert.Equal(StopReason.Budget, result.Statistics.StopReason);
    }

    [Fact]
    public void A_part_of_the_ads_scored_finds_most_of_the_best()
    {
        var model = new TestModel(4_000);
        var random = new SeededRandom(2);
        var search = new GuidedSearch(model.Graph, model.Scorer, new GuidedSearchParameters
        {
            Layers = [new(120, 8), new(60, 3)],
            EntryLayer = 1,
        });
        int found = 0, scorings = 0;
        for (int query = 0; query < 20; query++)
        {
            float[] user = TestModel.User(random);
            GuidedSearchResult result = search.Search(new GuidedRequest(user, 50));
            found += result.Ordinals.Intersect(model.Best(user, 50)).Count();
            scorings += result.Statistics.Scorings;
        }
        Assert.True(found >= 0.95 * 20 * 50, $"found {found} of {20 * 50}");
        Assert.True(scorings <= 0.6 * 20 * 4_000, $"{scorings} scorings");
    }

    [Theory]
    [InlineData(null)]
    [InlineData(1)]
    [InlineData(2)]
    public void No_ad_is_scored_twice_and_each_hop_is_one_batch(int? entryLayer)
    {
        var model = new TestModel(3_000, levelRatio: 4);
        var scorer = new FunctionScorer(model.Count, TestModel.Dim, model.Score) { Batches = [] };
        var search = new GuidedSearch(
            model.Graph, scorer, new GuidedSearchParameters { Layers = [new(100, 5), new(40, 4)], EntryLayer = entryLayer });
        GuidedSearchResult result = search.Search(new GuidedRequest(TestModel.User(new SeededRandom(4)), 20));
        int[] scored = [.. scorer.Batches.SelectMany(batch => batch)];
        Assert.Equal(scored.Length, scored.Distinct().Count());
        Assert.Equal(scored.Length, result.Statistics.Scorings);
        Assert.True(result.Statistics.ReusedScores > 0);
        Assert.InRange(scorer.Calls, 1, result.Statistics.Hops + 1);
        Assert.Equal(scored.OrderByDescending(i => result.Ordinals.Contains(i)).Take(20).Order(), result.Ordinals.Order());
    }

    [Fact]
    public void The_bottom_layer_keeps_at_least_K()
    {
        var model = new TestModel(500);
        var search = new GuidedSearch(model.Graph, model.Scorer, new GuidedSearchParameters { Layers = [new(1, 1)] });
        float[] user = TestModel.User(new SeededRandom(8));
        foreach (int k in new[] { 1, 30, 200, 500, 10_000 })
            Assert.Equal(Math.Min(k, 500), search.Search(new GuidedRequest(user, k)).Ordinals.Length);
    }

    [Fact]
    public void The_budget_is_never_exceeded_and_is_reported()
    {
        var model = new TestModel(2_000);
        float[] user = TestModel.User(new SeededRandom(6));
        var search = new GuidedSearch(model.Graph, model.Scorer, new GuidedSearchParameters { Layers = [new(300, 20), new(50, 5)] });
        int unlimited = search.Search(new GuidedRequest(user, 40)).Statistics.Scorings;
        foreach (int budget in new[] { 1, 2, 30, 100, 399, unlimited - 1, unlimited })
        {
            GuidedSearchResult result = search.Search(new GuidedRequest(user, 40) { MaxScorings = budget });
            Assert.InRange(result.Statistics.Scorings, 1, budget);
            Assert.Equal(budget < unlimited, result.Statistics.StopReason == StopReason.Budget);
            Assert.Equal(Math.Min(40, result.Statistics.Scorings), result.Ordinals.Length);
        }
        GuidedSearchParameters limited = search.Parameters with { MaxScorings = 100, EntryLayer = 1 };
        Assert.Equal(100, search.With(limited).Search(new GuidedRequest(user, 40)).Statistics.Scorings);
    }

    [Fact]
    public void A_budget_spends_its_last_scorings_on_the_neighbours_of_the_best()
    {
        var model = new TestModel(3_000);
        var scorer = new FunctionScorer(model.Count, TestModel.Dim, model.Score) { Batches = [] };
        var search = new GuidedSearch(
            model.Graph, scorer, new GuidedSearchParameters { Layers = [new(200, 9), new(50, 3)], EntryLayer = 2 });
        float[] user = TestModel.User(new SeededRandom(12));
        search.Search(new GuidedRequest(user, 100));
        int[] whole = scorer.Batches[^1];
        int before = scorer.Batches.SkipLast(1).Sum(batch => batch.Length);
        scorer.Batches.Clear();
        int left = Math.Max(1, whole.Length / 2);
        search.Search(new GuidedRequest(user, 100) { MaxScorings = before + left });
        int[] cut = scorer.Batches[^1];
        Assert.Equal(left, cut.Length);
        Assert.Empty(cut.Except(whole));

        // The first one found hangs on the best of the frontier: on the best scored node that neighbours any of the batch.
        int[] scored = [.. scorer.Batches.SkipLast(1).SelectMany(batch => batch)];
        int best = scored.Where(
            node => model.Graph.Neighbors(node, 0).ToArray().Intersect(whole).Any()).MaxBy(node => model.Score(user, node));
        Assert.Contains(cut[0], model.Graph.Neighbors(best, 0).ToArray());
    }

    [Fact]
    public void A_deadline_that_has_passed_stops_the_search()
    {
        var model = new TestModel(1_000);
        var clock = new ManualClock();
        var scorer = new FunctionScorer(model.Count, TestModel.Dim, (user, ordinal) =>
        {
            clock.Ticks++;
            return model.Score(user, ordinal);
        });
        var search = new GuidedSearch(model.Graph, scorer, new GuidedSearchParameters { Layers = [new(1_000, 100)] }, time: clock);
        float[] user = TestModel.User(new SeededRandom(1));
        GuidedSearchResult whole = search.Search(new GuidedRequest(user, 10));
        Assert.Equal(StopReason.FrontierEmpty, whole.Statistics.StopReason);
        Assert.Equal(1_000, whole.Statistics.ScoreTicks);

        clock.Ticks = 0;
        GuidedSearchResult cut = search.Search(new GuidedRequest(user, 10) { Deadline = 100 });
        Assert.Equal(StopReason.Deadline, cut.Statistics.StopReason);
        Assert.InRange(cut.Statistics.Scorings, 101, 999);
        Assert.Equal(10, cut.Ordinals.Length);

        GuidedSearchResult none = search.Search(new GuidedRequest(user, 10) { Deadline = -1 });
        Assert.Equal(StopReason.Deadline, none.Statistics.StopReason);
        Assert.Empty(none.Ordinals);
    }

    [Theory]
    [InlineData(0.5, 0)]
    [InlineData(0.01, 0)]
    [InlineData(0.5, 8)]
    [InlineData(0.01, 8)]
    public void A_filter_still_gives_K_eligible_ads_and_mostly_the_best(double pass, double scanFactor)
    {
        var model = new TestModel(3_000);
        var random = new SeededRandom(21);
        var search = new GuidedSearch(model.Graph, model.Scorer, new GuidedSearchParameters
        {
            Layers = [new(60, 10), new(40, 3)],
            EntryLayer = 1,
            ScanFactor = scanFactor,
        });
        int found = 0, wanted = 0;
        for (int query = 0; query < 10; query++)
        {
            var filter = new EligibilityFilter(model.Count);
            for (int i = 0; i < model.Count; i++)
                filter[i] = random.NextDouble() < pass;
            float[] user = TestModel.User(random);
            GuidedSearchResult result = search.Search(new GuidedRequest(user, 20) { Filter = filter });
            int[] best = model.Best(user, 20, i => filter[i]);
            Assert.Equal(best.Length, result.Ordinals.Length);
            Assert.All(result.Ordinals, i => Assert.True(filter[i]));
            if (result.Statistics.StopReason == StopReason.ScannedEligible)
                Assert.Equal(best, result.Ordinals);
            found += result.Ordinals.Intersect(best).Count();
            wanted += best.Length;
        }
        Assert.True(found >= 0.9 * wanted, $"found {found} of {wanted}");
    }

    [Fact]
    public void Few_eligible_ads_are_scanned_and_no_others_are_scored()
    {
        var model = new TestModel(2_000);
        var scorer = new FunctionScorer(model.Count, TestModel.Dim, model.Score) { Batches = [] };
        var filter = new EligibilityFilter(model.Count);
        for (int i = 3; i < model.Count; i += 100)
            filter[i] = true;
        float[] user = TestModel.User(new SeededRandom(3));
        GuidedSearchResult result = new GuidedSearch(model.Graph, scorer).Search(new GuidedRequest(user, 7) { Filter = filter });
        Assert.Equal(StopReason.ScannedEligible, result.Statistics.StopReason);
        Assert.Equal(20, result.Statistics.Scorings);
        Assert.All(scorer.Batches.SelectMany(batch => batch), i => Assert.True(filter[i]));
        Assert.Equal(model.Best(user, 7, i => filter[i]), result.Ordinals);
    }

    [Fact]
    public void A_filter_under_a_budget_below_the_eligible_still_finds_good_ads()
    {
        var model = new TestModel(4_000);
        var random = new SeededRandom(22);
        var search = new GuidedSearch(model.Graph, model.Scorer, new GuidedSearchParameters
        {
            Layers = [new(40, 50), new(40, 3)],
            EntryLayer = 1,
            MaxScorings = 1_500,
        });
        int found = 0;
        for (int query = 0; query < 10; query++)
        {
            var filter = new EligibilityFilter(model.Count);
            for (int i = 0; i < model.Count; i++)
                filter[i] = random.NextInt(2) == 0;
            float[] user = TestModel.User(random);
            GuidedSearchResult result = search.Search(new GuidedRequest(user, 20) { Filter = filter });
            Assert.Equal(20, result.Ordinals.Length);
            Assert.All(result.Ordinals, i => Assert.True(filter[i]));
            Assert.InRange(result.Statistics.Scorings, 1, 1_500);
            found += result.Ordinals.Intersect(model.Best(user, 20, i => filter[i])).Count();
        }
        Assert.True(found >= 0.75 * 200, $"found {found} of 200");
    }

    [Fact]
    public void A_filter_that_passes_nothing_gives_nothing()
    {
        var model = new TestModel(100);
        GuidedSearchResult result = new GuidedSearch(model.Graph, model.Scorer)
            .Search(new GuidedRequest(new float[TestModel.Dim], 7) { Filter = new EligibilityFilter(100) });
        Assert.Empty(result.Ordinals);
        Assert.Equal(0, result.Statistics.Scorings);
    }

    [Fact]
    public void Ads_that_the_graph_does_not_reach_fill_a_short_result()
    {
        // Nodes 0 to 4 are linked, 5 to 9 are islands.
        HnswGraph graph = GraphOf([[1, 2], [3], [4], [], [], [], [], [], [], []]);
        var scorer = new FunctionScorer(10, 1, (_, ordinal) => ordinal);
        GuidedSearchResult result = new GuidedSearch(graph, scorer).Search(new GuidedRequest([0f], 8));
        Assert.Equal(8, result.Ordinals.Length);
        Assert.True(result.Statistics.ScannedScorings >= 3);
        GuidedSearchResult five = new GuidedSearch(graph, scorer).Search(new GuidedRequest([0f], 5));
        Assert.Equal([4, 3, 2, 1, 0], five.Ordinals);
        Assert.Equal(0, five.Statistics.ScannedScorings);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Ads_whose_score_is_NaN_are_counted_and_never_returned(bool filtered)
    {
        var model = new TestModel(600);
        var scorer = new FunctionScorer(
            600, TestModel.Dim, (user, i) => i % 3 == 0 || i == model.Graph.EntryPoint ? float.NaN : model.Score(user, i));
        float[] user = TestModel.User(new SeededRandom(3));
        EligibilityFilter? filter = filtered ? new EligibilityFilter(600, allowed: true) : null;
        var search = new GuidedSearch(model.Graph, scorer, Everything(600) with { ScanFactor = 0 });
        GuidedSearchResult result = search.Search(new GuidedRequest(user, 600) { Filter = filter });
        Assert.Equal(
            Enumerable.Range(0, 600).Where(i => i % 3 != 0 && i != model.Graph.EntryPoint).OrderByDescending(i => model.Score(user, i)),
            result.Ordinals);
        Assert.Equal(600 - result.Ordinals.Length, result.Statistics.NanScores);
        int nan = Assert.NotNull(result.Statistics.NanOrdinal);
        Assert.True(nan % 3 == 0 || nan == model.Graph.EntryPoint);
    }

    [Fact]
    public void A_team_finds_the_same_as_one_thread()
    {
        var model = new TestModel(5_000);
        using var team = new WorkerTeam(3);
        var random = new SeededRandom(17);
        var parameters = new GuidedSearchParameters { Layers = [new(400, 6), new(100, 3)], EntryLayer = 1, MaxScorings = 2_500 };
        var alone = new GuidedSearch(model.Graph, model.Scorer, parameters);
        var together = new GuidedSearch(model.Graph, model.Scorer, parameters, team);
        for (int query = 0; query < 10; query++)
        {
            float[] user = TestModel.User(random);
            GuidedSearchResult expected = alone.Search(new GuidedRequest(user, 100));
            GuidedSearchResult actual = together.Search(new GuidedRequest(user, 100));
            Assert.Equal(expected.Ordinals, actual.Ordinals);
            Assert.Equal(expected.Scores, actual.Scores);
            Assert.Equal(expected.Statistics.Scorings, actual.Statistics.Scorings);
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void A_search_allocates_nothing(bool filtered, bool teamed)
    {
        var model = new TestModel(3_000);
        var scorer = new DistanceScorer(model.Vectors, model.Count);
        using WorkerTeam? team = teamed ? new WorkerTeam(2) : null;
        EligibilityFilter? filter = filtered ? new EligibilityFilter(3_000, allowed: true) : null;
        if (filter is not null)
            filter[17] = false;
        var search = new GuidedSearch(
            model.Graph, scorer, new GuidedSearchParameters { Layers = [new(300, 8), new(50, 3)], EntryLayer = 1 }, team);
        var scratch = new GuidedSearchScratch();
        var ordinals = new int[200];
        var scores = new float[200];
        float[] user = TestModel.User(new SeededRandom(9));
        int[] seeds = [5, 5, 600, 2_999, -1];
        search.Search(new GuidedRequest(user, 200) { Filter = filter, Seeds = seeds }, scratch, ordinals, scores, out _);
        long before = GC.GetAllocatedBytesForCurrentThread();
        int hops = 0, found = 0;
        for (int query = 0; query < 50; query++)
        {
            found += search.Search(
                new GuidedRequest(user, 200) { Filter = filter, Seeds = seeds }, scratch, ordinals, scores,
                out GuidedSearchStatistics statistics);
            hops += statistics.Hops;
        }
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(hops > 100);
        Assert.Equal(50 * 200, found);
        Assert.Equal(0, allocated);
    }

    [Fact]
    public async Task One_search_serves_many_threads()
    {
        var model = new TestModel(2_000);
        var search = new GuidedSearch(model.Graph, model.Scorer, new GuidedSearchParameters { Layers = [new(200, 6), new(50, 3)] });
        float[][] users = [.. Enumerable.Range(0, 8).Select(i => TestModel.User(new SeededRandom((ulong)i)))];
        int[][] expected = [.. users.Select(user => search.Search(new GuidedRequest(user, 50)).Ordinals)];
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(() =>
        {
            for (int round = 0; round < 40; round++)
            {
                int query = (worker + round) % users.Length;
                Assert.Equal(expected[query], search.Search(new GuidedRequest(users[query], 50)).Ordinals);
            }
        })));
    }

    [Fact]
    public void Misuse_is_named()
    {
        var model = new TestModel(50);
        var search = new GuidedSearch(model.Graph, model.Scorer);
        var user = new float[TestModel.Dim];
        Assert.Contains(
            "K is 0", Assert.Throws<ArgumentException>(() => search.Search(new GuidedRequest(user, 0))).Message, StringComparison.Ordinal);
        Assert.Contains(
            "3 floats", Assert.Throws<ArgumentException>(() => search.Search(new GuidedRequest(new float[3], 1))).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(
            () => search.Search(new GuidedRequest(user, 5), new GuidedSearchScratch(), new int[4], new float[5], out _));
        Assert.Throws<ArgumentException>(() => new GuidedSearch(model.Graph, new FunctionScorer(49, 1, (_, _) => 0)));
        Assert.Throws<ArgumentException>(() => search.With(new GuidedSearchParameters { Layers = [] }));
        Assert.Throws<ArgumentException>(() => search.With(new GuidedSearchParameters { Layers = [new(0, 1)] }));
        Assert.Throws<ArgumentException>(() => search.With(new GuidedSearchParameters { EntryLayer = 0 }));
        Assert.Throws<ArgumentException>(() => search.With(new GuidedSearchParameters { MaxScorings = 0 }));
    }

    [Fact]
    public void Rows_are_the_ragged_tensor_of_the_source()
    {
        HnswGraph graph = GraphOf([[7, 8, 10], [12, 15, 5], [6, 3]]);
        Assert.Equal([0, 3, 6, 8], graph.BaseSplits.Span(0, 4).ToArray());
        Assert.Equal([7, 8, 10, 12, 15, 5, 6, 3], graph.BaseNeighbors.Span(0, 8).ToArray());
        Assert.Equal([7, 8, 10], graph.Neighbors(0, 0).ToArray());
        Assert.Equal([12, 15, 5], graph.Neighbors(1, 0).ToArray());
        Assert.Equal([6, 3], graph.Neighbors(2, 0).ToArray());
        var view = new FrozenGraphView(graph, new LayerMembers(graph.Levels, graph.Count));
        Assert.Equal([12, 15, 5], view.Neighbors(1, 0).ToArray());
    }

    /// <summary>A graph of one layer with the given rows.</summary>
    private static HnswGraph GraphOf(int[][] rows)
    {
        var splits = new NativeBlock<int>(rows.Length + 1);
        var neighbors = new NativeBlock<int>(rows.Sum(row => row.Length));
        for (int row = 0; row < rows.Length; row++)
        {
            splits[row + 1] = splits[row] + rows[row].Length;
            rows[row].CopyTo(neighbors.Span(splits[row], rows[row].Length));
        }
        var upperRows = new NativeBlock<int>(rows.Length);
        upperRows.Span(0, rows.Length).Fill(-1);
        return new HnswGraph(
            rows.Length, 8, 16, 0, new NativeBlock<byte>(rows.Length), splits, neighbors, upperRows, new NativeBlock<int>(1),
            new NativeBlock<int>(0));
    }

    private sealed class ManualClock : TimeProvider
    {
        public long Ticks { get; set; }

        public override long GetTimestamp() => Ticks;
    }

    /// <summary>Nearness to the user; unlike <see cref="FunctionScorer"/> it allocates nothing.</summary>
    private sealed class DistanceScorer(NativeBlock<float> vectors, int count) : IScorer
    {
        public int ItemCount => count;

        public int UserStateLength => TestModel.Dim;

        public void Score(ReadOnlySpan<float> userState, ReadOnlySpan<int> ordinals, Span<float> scores)
        {
            for (int i = 0; i < ordinals.Length; i++)
            {
                float distance = 0;
                for (int j = 0; j < userState.Length; j++)
                {
                    float difference = vectors[((long)ordinals[i] * userState.Length) + j] - userState[j];
                    distance += difference * difference;
                }
                scores[i] = -distance;
            }
        }
    }
}
