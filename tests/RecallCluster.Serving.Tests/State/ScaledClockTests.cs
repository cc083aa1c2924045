using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Tests.State;

public class ScaledClockTests
{
    private static readonly DateTimeOffset Business = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Business_time_is_a_function_of_real_time_alone()
    {
        var real = new ManualClock(ManualClock.Morning);
        var clock = new ScaledClock(real, real.Now, Business, 60);
        long stamp = clock.GetTimestamp();
        real.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(Business.AddHours(2), clock.GetUtcNow());
        Assert.Equal(TimeSpan.FromHours(2), clock.GetElapsedTime(stamp));
        Assert.Equal(clock.GetUtcNow(), new ScaledClock(real, ManualClock.Morning, Business, 60).GetUtcNow());
        Assert.Equal(TimeSpan.FromMinutes(1), clock.ToReal(TimeSpan.FromHours(1)));
    }

    [Fact]
    public async Task Timers_run_on_business_time()
    {
        var clock = new ScaledClock(TimeProvider.System, DateTimeOffset.UtcNow, Business, 100_000);
        using var timer = new PeriodicTimer(TimeSpan.FromHours(1), clock);
        Assert.True(await timer.WaitForNextTickAsync());
        // A timer may come a millisecond or two early by another clock: some three minutes here.
        Assert.True(clock.GetUtcNow() >= Business.AddMinutes(50));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(1e9)]
    public void A_speed_has_to_make_sense(double speed) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new ScaledClock(TimeProvider.System, default, default, speed));
}
