using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Tests.State;

public class SteadyClockTests
{
    [Fact]
    public void A_clock_that_goes_back_stands_still_until_it_has_caught_up()
    {
        var inner = new ManualClock(ManualClock.Morning);
        var clock = new SteadyClock(inner);
        clock.Reach(ManualClock.Morning.AddMinutes(1));
        Assert.Equal(ManualClock.Morning.AddMinutes(1), clock.GetUtcNow());

        inner.Advance(TimeSpan.FromHours(1));
        Assert.Equal(ManualClock.Morning.AddHours(1), clock.GetUtcNow());
        Assert.Equal(TimeSpan.Zero, clock.Lag);

        inner.Advance(TimeSpan.FromMinutes(-20));
        Assert.Equal(ManualClock.Morning.AddHours(1), clock.GetUtcNow());
        Assert.Equal(TimeSpan.FromMinutes(20), clock.Lag);

        inner.Advance(TimeSpan.FromMinutes(21));
        Assert.Equal(ManualClock.Morning.AddMinutes(61), clock.GetUtcNow());
    }
}
