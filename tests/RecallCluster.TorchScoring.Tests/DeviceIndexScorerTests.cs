using RecallCluster.Numerics;
using RecallCluster.Retrieval;
using RecallCluster.Serving.Devices;

namespace RecallCluster.TorchScoring.Tests;

public sealed class DeviceIndexScorerTests
{
    private const int Indexed = 10, All = 16, Dim = 3;

    [Fact]
    public void The_device_scores_what_was_indexed_and_the_host_what_came_later()
    {
        using var vectors = new NativeBlock<float>(All * Dim);
        for (int i = 0; i < vectors.Length; i++)
            vectors[i] = i % 11;
        using var negative = new NativeBlock<float>(All * Dim);
        for (int i = 0; i < negative.Length; i++)
            negative[i] = -vectors[i];
        var device = new InnerProductScorer(vectors, Indexed, Dim);
        IScorer grown = DeviceIndexScorer.Growing(device, (records, count) => new InnerProductScorer(records, count, Dim))(negative, All);
        float[] user = [1, 2, 3];
        int[] mixed = [3, 15, 0, 10, 9, 12];

        float[] scores = TrainedShard.Score(grown, user, mixed);

        Assert.Equal(All, grown.ItemCount);
        for (int i = 0; i < mixed.Length; i++)
        {
            float product = Enumerable.Range(0, Dim).Sum(k => user[k] * vectors[(mixed[i] * Dim) + k]);
            Assert.Equal(mixed[i] < Indexed ? product : -product, scores[i], 1e-4);
        }
        Assert.Equal(TrainedShard.Score(device, user, [4, 5]), TrainedShard.Score(grown, user, [4, 5]));
        Assert.Equal(TrainedShard.Score(device, user, [4]), TrainedShard.Score(new DeviceIndexScorer(device), user, [4]));
    }
}
