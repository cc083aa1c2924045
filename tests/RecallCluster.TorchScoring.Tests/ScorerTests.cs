using RecallCluster.Numerics;
using RecallCluster.Retrieval;
using RecallCluster.Serving.Devices;

namespace RecallCluster.TorchScoring.Tests;

[Collection(SharedShard.Name)]
public sealed class ScorerTests(TrainedShard shard)
{
    [Theory]
    [MemberData(nameof(Scorers.Places), MemberType = typeof(Scorers))]
    public void In_single_precision_scores_are_those_of_the_host(string place)
    {
        using IDeviceShard device = shard.Open(place);
        int[] ads = shard.AllAds();
        new SeededRandom(1).Shuffle(ads.AsSpan());
        foreach ((float[] state, _) in shard.Users)
        {
            float[] expected = TrainedShard.Score(shard.Host, state, ads), scores = TrainedShard.Score(device.Scorer, state, ads);
            for (int i = 0; i < ads.Length; i++)
                Assert.True(Math.Abs(expected[i] - scores[i]) <= 1e-4 * (1 + Math.Abs(expected[i])), $"{scores[i]} for {expected[i]}");
        }
    }

    [Fact]
    public void Matches_with_the_users_history_count()
    {
        // Or the equality above says nothing of the lookups.
        (float[] state, int[] seeds) = shard.Users[1];
        var without = (float[])state.Clone();
        var weights = Learning.Scoring.ModelFolder.Weights(shard.Model);
        without.AsSpan(weights.MatchOffset).Clear();
        Assert.NotEqual(TrainedShard.Score(shard.Host, state, seeds), TrainedShard.Score(shard.Host, without, seeds));
    }

    [Fact]
    public void In_half_precision_the_best_are_the_best() => AssertKeepsTheBest("torch-cpu", ScorerPrecision.Bf16);

    [CudaFact]
    public void In_half_precision_the_best_are_the_best_on_cuda()
    {
        AssertKeepsTheBest("cuda:0", ScorerPrecision.Bf16);
        AssertKeepsTheBest("cuda:0", ScorerPrecision.Fp16);
    }

    [Theory]
    [MemberData(nameof(Scorers.Places), MemberType = typeof(Scorers))]
    public async Task Calls_of_many_threads_become_batches_and_each_gets_its_own_scores(string place)
    {
        using IDeviceShard device = shard.Open(place);
        await Task.WhenAll(Enumerable.Range(0, 12).Select(thread => Task.Factory.StartNew(
            () =>
            {
                var random = new SeededRandom((ulong)thread);
                for (int call = 0; call < 10; call++)
                {
                    float[] state = shard.Users[random.NextInt(shard.Users.Count)].State;
                    int count = 1 + random.NextInt(call % 5 == 0 ? 9_000 : 300);
                    int[] ads = [.. Enumerable.Range(0, count).Select(_ => random.NextInt(shard.Index.Count))];
                    float[] expected = TrainedShard.Score(shard.Host, state, ads), scores = TrainedShard.Score(device.Scorer, state, ads);
                    for (int i = 0; i < ads.Length; i++)
                        Assert.Equal(expected[i], scores[i], 1e-4 * (1 + Math.Abs(expected[i])));
                }
            },
            TaskCreationOptions.LongRunning)));
        DeviceFigures figures = device.Figures;
        Assert.InRange(figures.Batches, 1, figures.Requests - 1);
        Assert.InRange(figures.Scorings, 12 * 10, figures.Places);
    }

    [Fact]
    public void Misuse_is_named()
    {
        using IDeviceShard device = shard.Open("torch-cpu");
        IScorer scorer = device.Scorer;
        float[] state = shard.Users[0].State;
        Assert.Throws<ArgumentOutOfRangeException>(() => scorer.Score(state, [shard.Index.Count], new float[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => scorer.Score(state, [-1], new float[1]));
        Assert.Throws<ArgumentException>(() => scorer.Score(state.AsSpan(1), [0], new float[1]));
        Assert.Throws<ArgumentException>(() => scorer.Score(state, [0, 1], new float[1]));
        scorer.Score(state, [], []);
    }

    [Fact]
    public void A_scorer_that_was_closed_says_so()
    {
        IDeviceShard device = shard.Open("torch-cpu");
        device.Dispose();
        Assert.Throws<ObjectDisposedException>(() => device.Scorer.Score(shard.Users[0].State, [0], new float[1]));
    }

    private void AssertKeepsTheBest(string place, ScorerPrecision precision)
    {
        const int K = 1_500;
        using IDeviceShard device = shard.Open(place, precision);
        int[] ads = shard.AllAds();
        double overlap = 0;
        foreach ((float[] state, _) in shard.Users)
        {
            HashSet<int> best = [.. Best(TrainedShard.Score(shard.Host, state, ads), K)];
            overlap += (double)Best(TrainedShard.Score(device.Scorer, state, ads), K).Count(best.Contains) / K / shard.Users.Count;
        }
        Assert.InRange(overlap, 0.99, 1);
    }

    private static int[] Best(float[] scores, int k) =>
        [.. Enumerable.Range(0, scores.Length).OrderByDescending(i => scores[i]).Take(k)];
}
