using RecallCluster.Learning.Scoring;
using RecallCluster.Retrieval.Building;
using RecallCluster.Retrieval.Files;
using RecallCluster.Serving.Indexes;

namespace RecallCluster.Serving.Tests;

public sealed class IndexBuildTests
{
    [Fact]
    public void With_one_thread_the_files_are_the_same_every_time()
    {
        using HandMadeModel first = new(500), again = new(500);
        string one = first.Index(2), other = again.Index(2);
        for (int shard = 0; shard < 2; shard++)
            Assert.Equal(
                File.ReadAllBytes(IndexDirectory.ShardPath(one, shard)), File.ReadAllBytes(IndexDirectory.ShardPath(other, shard)));
    }

    [Fact]
    public void Every_ad_is_found_under_its_id_wherever_locality_puts_it()
    {
        using var made = new HandMadeModel(500);
        using AdIndex index = AdIndex.Open(IndexDirectory.ShardPath(made.Index(1), 0), IndexCheck.All);
        using TargetVectors targets = TargetVectors.Compute(made.Model, made.Dataset.Items);
        int moved = 0;
        for (int row = 0; row < targets.Count; row++)
        {
            Assert.True(index.TryOrdinalOf(made.Dataset.Items.Ids[row], out int ordinal));
            Assert.Equal(
                targets.Vectors.Span((long)row * targets.Width, targets.Width).ToArray(),
                index.Vectors.Span((long)ordinal * index.Dim, index.Dim).ToArray());
            moved += ordinal == row ? 0 : 1;
        }
        Assert.True(moved > targets.Count / 2);
        Assert.Equal(Enumerable.Range(0, index.Count), LocalityOrder.Find(index.Graph));
    }
}
