using FsCheck;
using FsCheck.Fluent;
using RecallCluster.Bidding.Money;
using RecallCluster.Numerics;

namespace RecallCluster.Bidding.Tests.Money;

public class FrequencyCapsTests
{
    private static readonly DateTimeOffset Noon = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly FrequencyRule[] Rules = [new(2, TimeSpan.FromHours(1)), new(3, TimeSpan.FromDays(1))];

    [Fact]
    public void Every_rule_holds_over_any_span_of_its_length()
    {
        var caps = new FrequencyCaps(TimeSpan.FromDays(1));
        bool Show(double minutes)
        {
            DateTimeOffset at = Noon.AddMinutes(minutes);
            if (!caps.Allows(1, 5, Rules, at))
                return false;
            caps.Record(1, 5, at);
            return true;
        }
        Assert.True(Show(0));
        Assert.True(Show(30));
        Assert.False(Show(59.9));
        Assert.True(Show(60));
        Assert.False(Show(200));
        Assert.True(Show(24 * 60));
        Assert.True(caps.Allows(1, 6, Rules, Noon));
        Assert.True(caps.Allows(2, 5, Rules, Noon));
    }

    [Fact]
    public void Memory_is_bounded_by_the_horizon_and_a_user_can_be_erased()
    {
        var caps = new FrequencyCaps(TimeSpan.FromHours(1));
        for (int i = 0; i < 10_000; i++)
            caps.Record(i % 1000, 5, Noon.AddSeconds(i));
        Assert.InRange(caps.Users, 1, 1000);
        caps.Forget(7);
        Assert.Equal(0, caps.Count(7, 5, TimeSpan.FromHours(1)));
        caps.Advance(Noon.AddHours(5));
        Assert.Equal(0, caps.Users);
        for (int i = 0; i < 3 * FrequencyCaps.MaxExposuresPerUser; i++)
            caps.Record(1, 5, Noon.AddHours(5));
        Assert.Equal(FrequencyCaps.MaxExposuresPerUser, caps.Count(1, 5, TimeSpan.FromHours(1)));
    }

    [Fact]
    public void Any_order_and_a_restart_at_any_point_give_the_counts_of_the_definition() => Prop.ForAll<int>(seed =>
    {
        var random = new SeededRandom((ulong)seed);
        TimeSpan horizon = TimeSpan.FromMinutes(60);
        var caps = new FrequencyCaps(horizon);
        var told = new List<(long User, long Campaign, DateTimeOffset At)>();
        for (int i = 0; i < 60; i++)
        {
            (long User, long Campaign, DateTimeOffset At) shown =
                (random.NextInt(3), random.NextInt(2), Noon.AddMinutes(random.NextInt(i + 30)));
            caps.Record(shown.User, shown.Campaign, shown.At);
            told.Add(shown);
            if (random.NextInt(5) == 0)
                caps = new FrequencyCaps(horizon, MoneyFormat.ReadFrequencyState(MoneyFormat.ToBytes(caps.ToState())));
            var within = TimeSpan.FromMinutes(1 + random.NextInt(60));
            Assert.Equal(
                told.Count(t => (t.User, t.Campaign) == (1, 1) && caps.Now - t.At < within), caps.Count(1, 1, within));
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Rules_and_states_that_make_no_sense_are_refused()
    {
        var caps = new FrequencyCaps(TimeSpan.FromHours(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => caps.Allows(1, 1, [new FrequencyRule(0, TimeSpan.FromHours(1))], Noon));
        Assert.Throws<ArgumentOutOfRangeException>(() => caps.Allows(1, 1, [new FrequencyRule(1, TimeSpan.FromHours(2))], Noon));
        Assert.Throws<ArgumentOutOfRangeException>(() => caps.Allows(1, 1, [new FrequencyRule(1, TimeSpan.Zero)], Noon));
        Assert.Throws<ArgumentOutOfRangeException>(() => new FrequencyCaps(TimeSpan.Zero));
        var user = new UserExposures(1, [new Exposure(1, Noon), new Exposure(1, Noon.AddHours(-1))]);
        Assert.Throws<InvalidDataException>(() => new FrequencyCaps(TimeSpan.FromHours(1), new FrequencyState(Noon, [user])));
        user = new UserExposures(1, []);
        Assert.Throws<InvalidDataException>(() => new FrequencyCaps(TimeSpan.FromHours(1), new FrequencyState(Noon, [user, user])));
    }

    [Fact]
    public void Times_and_horizons_at_the_end_of_all_times_are_no_trouble()
    {
        var caps = new FrequencyCaps(TimeSpan.MaxValue);
        caps.Record(1, 7, DateTimeOffset.MaxValue);
        caps.Record(1, 7, Noon);
        Assert.Equal((1, 2), (caps.Users, caps.Count(1, 7, TimeSpan.MaxValue)));
    }
}
