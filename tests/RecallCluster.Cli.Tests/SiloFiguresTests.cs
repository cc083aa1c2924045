using RecallCluster.Cli.Workflows;

namespace RecallCluster.Cli.Tests;

public class SiloFiguresTests
{
    [Fact]
    public void Grains_of_shards_and_campaigns_are_counted_and_others_are_not()
    {
        SiloGrains grains = SiloFigures.Parse("""
            # TYPE orleans_grains gauge
            orleans_grains{type="RecallCluster.Grains.Shards.ShardGrain,RecallCluster.Grains"} 2
            orleans_grains{type="RecallCluster.Grains.Campaigns.CampaignGrain,RecallCluster.Grains"} 21
            orleans_grains{type="RecallCluster.Grains.Users.UserGrain,RecallCluster.Grains"} 900
            orleans_grains_latency{type="RecallCluster.Grains.Shards.ShardGrain,RecallCluster.Grains"} 7
            """);

        Assert.Equal(new SiloGrains(2, 21), grains);
    }

    [Fact]
    public void The_last_partial_answer_says_when_coverage_was_full_again()
    {
        var watch = new CoverageWatch();
        watch.Note(1);
        DateTimeOffset before = DateTimeOffset.MinValue;
        Assert.Equal(0, watch.SecondsToFull(before));
        watch.Note(0.5);
        watch.Note(1);

        Assert.Equal(new DemoCoverage(0.5, 1, 3, 1), watch.Coverage);
        Assert.True(watch.SecondsToFull(before) > 0);
        Assert.Equal(0, watch.SecondsToFull(DateTimeOffset.MaxValue));
    }
}
