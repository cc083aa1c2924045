using RecallCluster.Serving.Hosting;

namespace RecallCluster.Serving.Tests;

public class BackgroundHealthTests
{
    [Fact]
    public void A_part_is_there_once_it_failed_and_says_whether_it_has_recovered()
    {
        var health = new BackgroundHealth();
        health.Succeeded("leases");
        Assert.Empty(health.Parts);

        var full = new IOException("the disk is full");
        health.Failed("leases", new IOException("first"));
        health.Failed("leases", full);
        health.Failed("clock", full);
        health.Succeeded("clock");

        Assert.Equal(
            [new BackgroundState("clock", 1, false, full), new BackgroundState("leases", 2, true, full)], health.Parts);
    }
}
