using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving.Devices;

namespace RecallCluster.TorchScoring.Tests;

/// <summary>Users' own modules: what they score, and what happens when they do not.</summary>
[Collection(SharedShard.Name)]
public sealed class ModuleTests(TrainedShard shard)
{
    [Theory]
    [InlineData("torch-cpu")]
    [InlineData("torch-cpu-walk")]
    public void A_module_scores_in_place_of_the_reference_model(string scorer)
    {
        using IDeviceShard device = Open("InnerProduct.pt", scorer);
        (float[] state, int[] seeds) = shard.Users[3];
        float[] scores = TrainedShard.Score(device.Scorer, state, shard.AllAds());
        int dim = shard.Index.Dim;
        foreach (int ad in new[] { 0, 17, shard.Index.Count - 1 })
        {
            double expected = Enumerable.Range(0, dim).Sum(i => (double)state[i] * shard.Index.Vectors[((long)ad * dim) + i]);
            Assert.Equal(expected, scores[ad], 1e-4 * (1 + Math.Abs(expected)));
        }
        if (device.Walker is null)
            return;
        Assert.True(device.Walker.TrySearch(new GuidedRequest(state, 20) { Seeds = seeds }, out GuidedSearchResult? found));
        GuidedSearchResult host = new GuidedSearch(shard.Index.Graph, device.Scorer).Search(new GuidedRequest(state, 20) { Seeds = seeds });
        Assert.InRange(host.Ordinals.Intersect(found.Ordinals).Count(), 19, 20);
    }

    [Theory]
    [InlineData("WrongShape.pt", "Float32 [2, 3, 1]")]
    [InlineData("WrongType.pt", "Float64 [2, 3]")]
    [InlineData("Throws.pt", "this module always fails")]
    [InlineData("NotThere.pt", "there is no such module")]
    [InlineData("make_modules.py", "does not load")]
    public void A_module_that_is_none_is_refused_when_it_is_loaded(string module, string why)
    {
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => Open(module, "torch-cpu"));
        Assert.Contains(module, error.Message, StringComparison.Ordinal);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Scores_that_are_not_numbers_are_counted_and_never_returned()
    {
        using IDeviceShard device = Open("NotANumber.pt", "torch-cpu-walk");
        var host = new GuidedSearch(shard.Index.Graph, device.Scorer);
        foreach ((float[] state, int[] seeds) in shard.Users.Skip(1).Take(8))
        {
            var request = new GuidedRequest(state, 100) { Seeds = seeds };
            GuidedSearchResult walked = host.Search(request);
            Assert.True(walked.Statistics.NanScores > 0);
            Assert.DoesNotContain(walked.Scores, float.IsNaN);
            // The device's walk may come short where the host's goes on.
            if (!device.Walker!.TrySearch(request, out GuidedSearchResult? found))
                continue;
            Assert.True(found.Statistics.NanScores > 0);
            Assert.DoesNotContain(found.Scores, float.IsNaN);
            Assert.All(found.Ordinals, ad => Assert.True(shard.Index.Vectors[(long)ad * shard.Index.Dim] >= 0));
        }
    }

    [Fact]
    public void A_module_that_throws_fails_the_batch_and_nothing_else()
    {
        using IDeviceShard device = Open("ThrowsLater.pt", "torch-cpu-walk");
        var bad = (float[])shard.Users[1].State.Clone();
        bad[0] = 1e6f;
        Exception error = Assert.ThrowsAny<Exception>(() => TrainedShard.Score(device.Scorer, bad, [1, 2]));
        Assert.Contains("this user cannot be scored", error.Message, StringComparison.Ordinal);
        Assert.ThrowsAny<Exception>(() => device.Walker!.TrySearch(new GuidedRequest(bad, 10), out _));
        Assert.False(device.Lost.IsCompleted);
        Assert.Equal(2, TrainedShard.Score(device.Scorer, shard.Users[1].State, [1, 2]).Length);
        Assert.True(device.Walker!.TrySearch(new GuidedRequest(shard.Users[1].State, 10), out _));
    }

    [Fact]
    public async Task A_device_that_is_lost_fails_every_call_from_then_on_and_says_so_once()
    {
        using IDeviceShard device = Open("LosesTheDevice.pt", "torch-cpu");
        float[] state = shard.Users[1].State;
        DeviceLostException error = Assert.Throws<DeviceLostException>(() => TrainedShard.Score(device.Scorer, state, [1]));
        Assert.Contains("illegal memory access", error.Message, StringComparison.Ordinal);
        Assert.Same(error, await device.Lost.WaitAsync(TimeSpan.FromMinutes(1)));
        Assert.Throws<DeviceLostException>(() => TrainedShard.Score(device.Scorer, new float[state.Length], [1]));
    }

    [Fact]
    public void A_device_that_is_full_is_not_lost()
    {
        using IDeviceShard device = Open("FillsTheDevice.pt", "torch-cpu");
        float[] state = shard.Users[1].State;
        Assert.Throws<DeviceMemoryException>(() => TrainedShard.Score(device.Scorer, state, [1]));
        Assert.False(device.Lost.IsCompleted);
        TrainedShard.Score(device.Scorer, new float[state.Length], [1]);
    }

    [Fact]
    public void A_shard_that_does_not_fit_is_refused_with_its_size_and_others_live()
    {
        using IDeviceShard other = shard.Open("torch-cpu");
        DeviceMemoryException error = Assert.Throws<DeviceMemoryException>(
            () => shard.Open("torch-cpu-walk", with: o => o with { MostTableBytes = 1 << 20 }));
        Assert.Contains("MiB", error.Message, StringComparison.Ordinal);
        Assert.Contains("shard-0.index", error.Message, StringComparison.Ordinal);
        TrainedShard.Score(other.Scorer, shard.Users[1].State, [1]);
    }

    private IDeviceShard Open(string module, string scorer) =>
        shard.Open(scorer, with: o => o with { ModulePath = TrainedShard.ModuleAt(module) });
}
