using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Serving.Tests.Rollouts;

public sealed class ShadowLimitsTests
{
    private static readonly ShadowLimits Usual = new();

    [Theory]
    // Microseconds are noise, whatever their ratio.
    [InlineData(20e-6, 900e-6, true)]
    // Where answers take milliseconds the ratio tells.
    [InlineData(10e-3, 19e-3, true)]
    [InlineData(10e-3, 21e-3, false)]
    // Hardly longer is no reason, and longer by less than the ratio neither.
    [InlineData(1e-3, 2.9e-3, true)]
    [InlineData(1e-3, 3.1e-3, false)]
    public void A_version_may_take_twice_as_long_or_some_milliseconds_more(double running, double shadow, bool passes)
    {
        string? refusal = Usual.Judge(Tally(running, shadow));

        Assert.Equal(passes, refusal is null);
        if (refusal is not null)
            Assert.StartsWith("latency", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Answers_that_failed_took_no_time()
    {
        ShadowTally tally = Tally(1e-3, 5e-3) with { Failed = 50 };

        Assert.Equal(8e-3, tally.ExtraSeconds, 9);
        Assert.Equal(0, new ShadowTally { Requests = 3, Failed = 3 }.ExtraSeconds);
    }

    [Fact]
    public void An_allowance_that_makes_no_sense_is_refused_by_name()
    {
        ShadowLimits limits = Usual with { LatencyAllowance = TimeSpan.FromSeconds(-1) };

        Assert.Contains("latencyAllowance", Assert.Throws<InvalidRequestException>(limits.Check).Message, StringComparison.Ordinal);
    }

    /// <summary>A hundred requests.</summary>
    private static ShadowTally Tally(double running, double shadow) => new()
    {
        Requests = 100, Ads = 100, Common = 100, RunningValue = 1, NewValue = 1, RunningSeconds = 100 * running, NewSeconds = 100 * shadow,
    };
}
