using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Shards;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Grains.Tests.Shards;

public sealed class GatewayReportsTests
{
    private readonly HandTime _time = new();

    [Fact]
    public void An_index_that_has_moved_waits_until_all_gateways_could_have_spoken()
    {
        var reports = new GatewayReports(_time);
        reports.Forgot();

        Assert.True(reports.MayMissSome);
        Assert.False(reports.Judge("v2", ShadowLimits.None).IsDecided);
        _time.Seconds = 3;
        reports.Take(new GatewayReport("quick", "v1", "v2", null, null));
        Assert.False(reports.Judge("v2", ShadowLimits.None).IsDecided);

        // One that is behind speaks late.
        _time.Seconds = 14;
        reports.Take(new GatewayReport("slow", "v0", null, null, null));
        _time.Seconds = 16;
        reports.Take(new GatewayReport("quick", "v1", "v2", null, null));
        Assert.False(reports.MayMissSome);
        Assert.False(reports.Judge("v2", ShadowLimits.None).IsDecided);
        Assert.Equal("slow", reports.WhoRuns("v0"));

        _time.Seconds = 18;
        reports.Take(new GatewayReport("slow", "v1", "v2", null, null));
        Assert.True(reports.Judge("v2", ShadowLimits.None).IsDecided);
    }

    [Fact]
    public void Before_the_first_version_there_is_nobody_to_wait_for()
    {
        var reports = new GatewayReports(_time);

        Assert.False(reports.MayMissSome);
        Assert.True(reports.Judge("v1", ShadowLimits.None).IsDecided);
    }

    private sealed class HandTime : TimeProvider
    {
        public long Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }
}
