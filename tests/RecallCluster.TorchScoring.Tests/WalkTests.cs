using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving.Devices;

namespace RecallCluster.TorchScoring.Tests;

/// <summary>The walk on the device finds what the host's finds. Scores may differ in their last bits, so ties may fall otherwise.</summary>
[Collection(SharedShard.Name)]
public sealed class WalkTests(TrainedShard shard)
{
    public static TheoryData<string, int, bool> Walks => new()
    {
        // From the entry point, hops that end by themselves.
        { "entry point", 200, false },
        { "entry point, seeds", 200, true },
        // From a whole layer, narrow hops, until the budget ends them.
        { "layer, budget", 200, true },
        { "layer, budget", 1_000, true },
        { "budget that ends on the first layer", 50, true },
        { "frontier that empties", 100, true },
        // Above the bottom too, the walk ends with its frontier and not with its hops.
        { "no end of hops on any layer", 100, true },
    };

    [Theory]
    [MemberData(nameof(Walks))]
    public void It_finds_what_the_host_finds(string walk, int k, bool seeded)
    {
        GuidedSearchParameters parameters = ParametersOf(walk, k);
        AssertFindsTheSame(shard, "torch-cpu-walk", parameters, k, seeded, batches => batches);
    }

    [CudaFact]
    public void On_cuda_it_finds_what_the_host_finds()
    {
        foreach (string walk in new[] { "entry point", "layer, budget", "frontier that empties" })
            AssertFindsTheSame(shard, "cuda-walk:0", ParametersOf(walk, 200), 200, seeded: true, batches => batches);
    }

    [Fact]
    public void With_few_places_a_hop_it_takes_more_hops_and_finds_as_good_ones()
    {
        GuidedSearchParameters parameters = ParametersOf("layer, budget", 200);
        using IDeviceShard narrow = shard.Open(
            "torch-cpu-walk", parameters, with: o => o with { Batches = o.Batches with { PlacesPerHop = 150 } });
        var host = new GuidedSearch(shard.Index.Graph, shard.Host, parameters);
        double hostScore = 0, score = 0;
        int hostHops = 0, hops = 0;
        foreach ((float[] state, int[] seeds) in shard.Users)
        {
            GuidedSearchResult expected = host.Search(new GuidedRequest(state, 200) { Seeds = seeds });
            Assert.True(narrow.Walker!.TrySearch(new GuidedRequest(state, 200) { Seeds = seeds }, out GuidedSearchResult? found));
            Assert.Equal(200, found.Ordinals.Distinct().Count());
            Assert.InRange(found.Statistics.Scorings, 0.8 * expected.Statistics.Scorings, parameters.MaxScorings);
            (hostScore, score) = (hostScore + expected.Scores.Average(), score + found.Scores.Average());
            (hostHops, hops) = (hostHops + expected.Statistics.Hops, hops + found.Statistics.Hops);
        }
        Assert.True(hops > hostHops, $"{hops} hops, the host's walk {hostHops}");
        Assert.True(score > hostScore - (0.02 * Math.Abs(hostScore)), $"{score}, the host's walk {hostScore}");
    }

    [Fact]
    public async Task Requests_at_once_become_batches_and_each_gets_its_own_answer()
    {
        GuidedSearchParameters parameters = ParametersOf("layer, budget", 200);
        using IDeviceShard device = shard.Open("torch-cpu-walk", parameters);
        GuidedSearchResult[] alone = [.. shard.Users.Select(user => Walk(device, user, 200))];
        DeviceFigures before = device.Figures;
        await Task.WhenAll(Enumerable.Range(0, 16).Select(thread => Task.Factory.StartNew(
            () =>
            {
                for (int i = thread; i < shard.Users.Count; i += 4)
                {
                    GuidedSearchResult found = Walk(device, shard.Users[i], 1 + (i * 4));
                    Assert.Equal(1 + (i * 4), found.Ordinals.Length);
                    // By score: of two that tie, either may stand first.
                    for (int ad = 0; ad < found.Scores.Length; ad++)
                        Assert.Equal(alone[i].Scores[ad], found.Scores[ad], 1e-4 * (1 + Math.Abs(found.Scores[ad])));
                }
            },
            TaskCreationOptions.LongRunning)));
        DeviceFigures figures = device.Figures.Since(before);
        Assert.InRange(figures.Batches, 1, figures.Requests - 1);
    }

    [Fact]
    public void What_the_device_does_not_walk_for_is_left_to_the_host()
    {
        using IDeviceShard device = shard.Open("torch-cpu-walk");
        (float[] state, int[] seeds) = shard.Users[2];
        var filter = new Retrieval.EligibilityFilter(shard.Index.Count, allowed: true);
        Assert.False(device.Walker!.TrySearch(new GuidedRequest(state, 10) { Filter = filter }, out _));
        Assert.False(device.Walker.TrySearch(new GuidedRequest(state, GuidedSearchParameters.Default[0].Ef + 1), out _));
        Assert.True(device.Walker.TrySearch(new GuidedRequest(state, 10) { Seeds = [.. seeds, -5, shard.Index.Count] }, out _));
        int most = shard.Model.Config.SequenceLimit;
        int[] many = [.. Enumerable.Range(0, most)];
        Assert.True(device.Walker.TrySearch(new GuidedRequest(state, 10) { Seeds = many }, out _));
        Assert.False(device.Walker.TrySearch(new GuidedRequest(state, 10) { Seeds = [.. many, most] }, out _));
        Assert.Throws<ArgumentException>(() => device.Walker.TrySearch(new GuidedRequest(state, 0), out _));
        Assert.Throws<ArgumentException>(() => device.Walker.TrySearch(new GuidedRequest(state.AsSpan(1), 10), out _));
    }

    [Fact]
    public void A_request_whose_time_is_over_is_not_walked_for()
    {
        using IDeviceShard device = shard.Open("torch-cpu-walk");
        Assert.True(device.Walker!.TrySearch(new GuidedRequest(shard.Users[1].State, 10) { Deadline = 0 }, out GuidedSearchResult? result));
        Assert.Equal(StopReason.Deadline, result.Statistics.StopReason);
        Assert.Equal(0, device.Figures.Batches);
    }

    [Fact]
    public void Walking_and_scoring_may_go_on_at_once()
    {
        using IDeviceShard device = shard.Open("torch-cpu-walk");
        Parallel.For(0, 8, i =>
        {
            (float[] State, int[] Seeds) user = shard.Users[i];
            GuidedSearchResult found = Walk(device, user, 50);
            float[] scores = TrainedShard.Score(device.Scorer, user.State, found.Ordinals);
            for (int ad = 0; ad < scores.Length; ad++)
                Assert.Equal(found.Scores[ad], scores[ad], 1e-4 * (1 + Math.Abs(scores[ad])));
        });
    }

    private static GuidedSearchParameters ParametersOf(string walk, int k) => walk switch
    {
        "layer, budget" => new()
        {
            Layers = [new(k + (k / 4), 1_000_000, Math.Max(8, k / 8)), new(64, 3)], EntryLayer = 1,
            MaxScorings = Math.Max(3_000, 4 * k),
        },
        "budget that ends on the first layer" => new() { Layers = [new(k, 4), new(16, 3)], EntryLayer = 1, MaxScorings = 200 },
        "frontier that empties" => new() { Layers = [new(k, 1_000_000, 16), new(4, 2)] },
        "no end of hops on any layer" => new() { Layers = [new(4 * k, 1_000_000, 16)] },
        _ => new() { Layers = [new(2 * k, 3), new(32, 2)] },
    };

    private static GuidedSearchResult Walk(IDeviceShard device, (float[] State, int[] Seeds) user, int k) =>
        device.Walker!.TrySearch(new GuidedRequest(user.State, k) { Seeds = user.Seeds }, out GuidedSearchResult? found)
            ? found
            : throw new InvalidOperationException("The device did not walk.");

    private static double Overlap(int[] expected, int[] found) =>
        expected.Length == 0 ? 1 : (double)found.Intersect(expected).Count() / expected.Length;

    private static void AssertFindsTheSame(
        TrainedShard shard, string place, GuidedSearchParameters parameters, int k, bool seeded, Func<DeviceBatches, DeviceBatches> with)
    {
        using IDeviceShard device = shard.Open(place, parameters, with: o => o with { Batches = with(o.Batches) });
        var host = new GuidedSearch(shard.Index.Graph, shard.Host, parameters);
        int same = 0;
        foreach ((float[] state, int[] all) in shard.Users)
        {
            int[] seeds = seeded ? all : [];
            GuidedSearchResult expected = host.Search(new GuidedRequest(state, k) { Seeds = seeds });
            Assert.True(device.Walker!.TrySearch(new GuidedRequest(state, k) { Seeds = seeds }, out GuidedSearchResult? found));
            Assert.Equal(found.Ordinals.Length, found.Ordinals.Distinct().Count());
            Assert.Equal(expected.Statistics.StopReason, found.Statistics.StopReason);
            Assert.InRange(Overlap(expected.Ordinals, found.Ordinals), 0.98, 1);
            Assert.InRange(found.Statistics.Scorings, expected.Statistics.Scorings * 0.98, expected.Statistics.Scorings * 1.02);
            for (int i = 1; i < found.Scores.Length; i++)
                Assert.True(found.Scores[i - 1] >= found.Scores[i]);
            bool isSame = expected.Statistics.Scorings == found.Statistics.Scorings
                && expected.Ordinals.ToHashSet().SetEquals(found.Ordinals);
            same += isSame ? 1 : 0;
        }
        Assert.True(same >= 0.9 * shard.Users.Count, $"{same} of {shard.Users.Count} walks are the host's");
    }
}
