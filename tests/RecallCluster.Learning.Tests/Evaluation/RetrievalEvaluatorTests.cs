using RecallCluster.Data;
using RecallCluster.Learning.Evaluation;
using RecallCluster.Learning.Scoring;
using RecallCluster.Learning.Tests.Training;
using RecallCluster.Numerics;
using RecallCluster.Retrieval;

namespace RecallCluster.Learning.Tests.Evaluation;

public class RetrievalEvaluatorTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Recall_is_the_share_of_held_out_items_among_the_k_best(int threads)
    {
        // Ads score by their number: the three best of ten are 9, 8 and 7.
        var items = FeatureTable.OfIds(TinyWorld.Ids("ad", 10));
        var users = FeatureTable.OfIds(TinyWorld.Ids("user", 4));
        var dataset = new Dataset("hand", items, users, false,
            TinyWorld.Log([[1], [2], [3], [4]]), EventLog.Empty(4), TinyWorld.Log([[9], [0, 8], [], [1, 2]]));
        using var team = new WorkerTeam(threads);
        var evaluator = new RetrievalEvaluator(dataset, team);
        Assert.Equal([0, 1, 3], evaluator.TestUsers());
        double[] recalls = evaluator.TestRecalls(evaluator.TestUsers(), 3, new NoEncoder(), new ExhaustiveRetriever(new OrdinalScorer(10)));
        Assert.Equal([1, 0.5, 0], recalls);
    }

    [Fact]
    public void Behaviour_at_test_time_is_training_then_validation()
    {
        var items = FeatureTable.OfIds(TinyWorld.Ids("ad", 10));
        var users = FeatureTable.OfIds(TinyWorld.Ids("user", 1));
        var dataset = new Dataset("hand", items, users, true, TinyWorld.Log([[1, 4]]), TinyWorld.Log([[2]]), TinyWorld.Log([[9]]));
        var evaluator = new RetrievalEvaluator(dataset);
        var encoder = new NoEncoder();
        evaluator.TestRecalls([0], 1, encoder, new ExhaustiveRetriever(new OrdinalScorer(10)));
        Assert.Equal([1, 4, 2], encoder.LastBehaviour);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(5000, 7)]
    [InlineData(5000, 5000)]
    [InlineData(3, 10)]
    [InlineData(0, 4)]
    public void Scoring_every_ad_equals_sorting(int count, int k)
    {
        var scorer = new OrdinalScorer(count, seed: 5);
        var retriever = new ExhaustiveRetriever(scorer);
        var found = new int[k];
        (int length, int scorings) = retriever.Retrieve([], [], retriever.NewWorkspace(), found);
        int[] expected = [.. Enumerable.Range(0, count).OrderByDescending(scorer.ScoreOf).Take(k)];
        Assert.Equal(expected, found[..length]);
        Assert.Equal(count, scorings);
    }

    [Fact]
    public void A_paired_interval_is_narrow_where_methods_agree_on_what_is_hard()
    {
        var random = new SeededRandom(1);
        double[] second = [.. Enumerable.Range(0, 4000).Select(_ => random.NextDouble())];
        double[] first = [.. second.Select(value => value + 0.01 + (0.02 * random.NextGaussian()))];
        PairedComparison comparison = PairedComparison.Of(first, second);
        Assert.True(comparison.Difference.IsPositive);
        Assert.InRange(comparison.Difference.Mean, 0.009, 0.011);
        Assert.InRange(comparison.Difference.High - comparison.Difference.Low, 0.001, 0.0014);
        Assert.Equal(comparison.First / comparison.Second, comparison.Relative, 1e-12);
        Assert.False(PairedComparison.Of(second, first).Difference.IsPositive);
    }

    [Fact]
    public void Normal_and_bootstrap_intervals_agree()
    {
        var random = new SeededRandom(2);
        double[] values = [.. Enumerable.Range(0, 2000).Select(_ => random.NextDouble() < 0.3 ? 1.0 : 0.0)];
        MeanInterval normal = MeanInterval.Normal(values), bootstrap = MeanInterval.Bootstrap(values, new SeededRandom(3));
        Assert.Equal(normal.Mean, bootstrap.Mean, 1e-12);
        Assert.Equal(normal.Low, bootstrap.Low, 0.004);
        Assert.Equal(normal.High, bootstrap.High, 0.004);
        double error = Math.Sqrt(normal.Mean * (1 - normal.Mean) / values.Length);
        Assert.Equal(normal.Mean - (1.96 * error), normal.Low, 1e-4);
    }

    [Fact]
    public void What_cannot_be_compared_is_refused()
    {
        Assert.Throws<ArgumentException>(() => PairedComparison.Of([1, 2], [1]));
        Assert.Throws<ArgumentException>(() => PairedComparison.Of([], []));
        Assert.Throws<ArgumentException>(() => MeanInterval.Normal([]));
        Assert.Throws<ArgumentException>(() => MeanInterval.Bootstrap([], new SeededRandom(1)));
    }

    /// <summary>Scores by ordinal, or by a fixed random number each.</summary>
    private sealed class OrdinalScorer(int count, ulong? seed = null) : IScorer
    {
        private readonly float[] _scores = Scores(count, seed);

        public int ItemCount => count;

        public int UserStateLength => 0;

        public float ScoreOf(int ordinal) => _scores[ordinal];

        public void Score(ReadOnlySpan<float> userState, ReadOnlySpan<int> ordinals, Span<float> scores)
        {
            for (int i = 0; i < ordinals.Length; i++)
                scores[i] = _scores[ordinals[i]];
        }

        private static float[] Scores(int count, ulong? seed)
        {
            var random = new SeededRandom(seed ?? 0);
            return [.. Enumerable.Range(0, count).Select(ordinal => seed == null ? ordinal : (float)random.NextGaussian())];
        }
    }

    private sealed class NoEncoder : IUserEncoder
    {
        public int[] LastBehaviour { get; private set; } = [];

        public int UserStateLength => 0;

        public int ProfileFieldCount => 0;

        public int SequenceLimit => 50;

        public void Encode(ReadOnlySpan<int> profile, ReadOnlySpan<int> behaviour, Span<float> state) =>
            LastBehaviour = behaviour.ToArray();
    }
}
