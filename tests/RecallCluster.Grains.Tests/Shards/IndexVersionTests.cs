using RecallCluster.Grains.Contracts;

namespace RecallCluster.Grains.Tests.Shards;

public sealed class IndexVersionTests
{
    [Theory]
    [InlineData("3f9a.9", 9)]
    [InlineData("3f9a.10", 10)]
    [InlineData("3f9a", 0)]
    [InlineData("", 0)]
    public void Which_one_is_newer_is_in_the_name(string name, int number) =>
        Assert.Equal(number, new IndexVersion(name, "model", "index", 1, 1).Number);
}
