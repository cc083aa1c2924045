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
    public void A_gateway_that_is_opening_the_version_is_waited_for_as_long_as_it_says_so()
    {
        var reports = new GatewayReports(_time);
        reports.Forgot();
        GatewayReport opening = new("slow", "v1", null, null, null) { Opening = "v2" }, quick = new("quick", "v1", "v2", null, null);
        for (_time.Seconds = 0; _time.Seconds < 120; _time.Seconds += 12)
        {
            reports.Take(quick);
            reports.Take(opening);
            InvalidOperationException wait = Assert.Throws<InvalidOperationException>(() => reports.Judge("v2", ShadowLimits.None));
            Assert.Equal("Gateway slow is opening it.", wait.Message);
            Assert.NotNull(reports.WhoRuns("v1"));
        }

        // It does not say so any more: it is gone.
        _time.Seconds += 4;
        reports.Take(quick);
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
