using RecallCluster.Numerics;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Retrieval.Tuning;

namespace RecallCluster.Retrieval.Tests.Guided;

public class SearchTunerTests
{
    private readonly TestModel _model = new(3_000);
    private readonly TuningQuery[] _queries;

    public SearchTunerTests()
    {
        var random = new SeededRandom(40);
        _queries = [.. Enumerable.Range(0, 15).Select(_ =>
        {
            float[] user = TestModel.User(random);
            // The user chooses two of the best ads and one that the model does not expect.
            int[] best = _model.Best(user, 40);
            return new TuningQuery(user, [best[3], best[20], random.NextInt(_model.Count)]);
        })];
    }

    [Theory]
    [InlineData(TuningGoal.TopKOverlap)]
    [InlineData(TuningGoal.HeldOutRecall)]
    public void The_best_setting_reaches_the_wanted_recall_and_its_measure_can_be_repeated(TuningGoal goal)
    {
        var options = new TuningOptions { K = 30, WantedRecall = 0.9, Goal = goal, MaxScorings = 2_500 };
        TuningResult result = SearchTuner.Run(_model.Graph, _model.Scorer, _queries, options);
        Assert.True(result.Reached);
        Assert.True(result.Best.RelativeRecall >= 0.9);
        Assert.InRange(result.Best.ScoredFraction, 0, 0.8);

        var search = new GuidedSearch(_model.Graph, _model.Scorer, result.Best.Parameters);
        int hits = 0, exhaustive = 0, scorings = 0;
        foreach (TuningQuery query in _queries)
        {
            int[] best = _model.Best(query.UserState, 30);
            int[] wanted = goal == TuningGoal.TopKOverlap ? best : query.HeldOut;
            GuidedSearchResult found = search.Search(new GuidedRequest(query.UserState, 30));
            hits += found.Ordinals.Intersect(wanted).Count();
            exhaustive += best.Intersect(wanted).Count();
            scorings += found.Statistics.Scorings;
        }
        Assert.Equal((double)hits / exhaustive, result.Best.RelativeRecall, 9);
        Assert.Equal((double)scorings / _queries.Length, result.Best.Scorings, 9);
    }

    [Fact]
    public void The_frontier_rises_and_holds_nothing_that_the_best_setting_is_beaten_by()
    {
        var seen = new List<TunedPoint>();
        TuningResult result = SearchTuner.Run(
            _model.Graph, _model.Scorer, _queries, new TuningOptions { K = 30, WantedRecall = 0.9, MaxScorings = 2_500 },
            progress: new Collect(seen));
        for (int i = 1; i < result.Frontier.Count; i++)
        {
            Assert.True(result.Frontier[i].Scorings > result.Frontier[i - 1].Scorings);
            Assert.True(result.Frontier[i].RelativeRecall > result.Frontier[i - 1].RelativeRecall);
        }
        Assert.All(seen, point => Assert.Contains(
            result.Frontier, better => better.Scorings <= point.Scorings && better.RelativeRecall >= point.RelativeRecall));
        Assert.DoesNotContain(seen, point => point.RelativeRecall >= 0.9 && point.Scorings < result.Best.Scorings / 1.1);
    }

    [Fact]
    public void What_cannot_be_reached_is_said()
    {
        TuningResult result = SearchTuner.Run(
            _model.Graph, _model.Scorer, _queries, new TuningOptions { K = 30, WantedRecall = 1, MaxScorings = 60 });
        Assert.False(result.Reached);
        Assert.Equal(result.Frontier.Max(point => point.RelativeRecall), result.Best.RelativeRecall);
    }

    [Fact]
    public void Where_nothing_reaches_it_the_ways_are_improved_all_the_same()
    {
        var options = new TuningOptions { K = 30, WantedRecall = 1, MaxScorings = 300 };
        TuningResult result = SearchTuner.Run(_model.Graph, _model.Scorer, _queries, options);
        TuningResult fixedWay = SearchTuner.Run(
            _model.Graph, _model.Scorer, _queries, options with { UpperEfs = [48], Widths = [1], BottomEfFactors = [1] });
        Assert.True(result.Best.RelativeRecall > fixedWay.Best.RelativeRecall);
    }

    [Fact]
    public void Seeds_are_part_of_the_request()
    {
        var model = new TestModel(4_000, levelRatio: 32);
        var random = new SeededRandom(41);
        var options = new TuningOptions { K = 30, WantedRecall = 1, MaxScorings = 250 };
        TuningQuery[] plain = [.. Enumerable.Range(0, 15).Select(_ => new TuningQuery(TestModel.User(random), []))];
        TuningQuery[] seeded = [.. plain.Select(query => query with { Seeds = model.Best(query.UserState, 34)[30..] })];
        double without = SearchTuner.Run(model.Graph, model.Scorer, plain, options).Best.RelativeRecall;
        double with = SearchTuner.Run(model.Graph, model.Scorer, seeded, options).Best.RelativeRecall;
        Assert.True(with > without, $"{with} with seeds, {without} without");
    }

    [Fact]
    public void Misuse_is_named()
    {
        var options = new TuningOptions { K = 5 };
        Assert.Throws<ArgumentException>(() => SearchTuner.Run(_model.Graph, _model.Scorer, [], options));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => SearchTuner.Run(_model.Graph, _model.Scorer, _queries, options with { WantedRecall = 1.5 }));
        Assert.Throws<ArgumentException>(() => SearchTuner.Run(_model.Graph, _model.Scorer, _queries, options with { Widths = [] }));
        Assert.Throws<InvalidOperationException>(() => SearchTuner.Run(
            _model.Graph, _model.Scorer, [new TuningQuery(_queries[0].UserState, [])], options with { Goal = TuningGoal.HeldOutRecall }));
    }

    private sealed class Collect(List<TunedPoint> points) : IProgress<TunedPoint>
    {
        public void Report(TunedPoint value) => points.Add(value);
    }
}
