using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Serving.Tests.Rollouts;

public class CalibratorLimitsTests
{
    private static readonly CalibratorLimits Limits = new() { Impressions = 1_000, Clicks = 100 };

    [Theory]
    [InlineData(999, 100)]
    [InlineData(1_000, 99)]
    public void Too_little_decides_nothing(long impressions, long clicks)
    {
        RolloutVerdict verdict = Limits.Judge(new CalibratorTally().With(impressions, clicks, 0.1, 0.9));
        Assert.Equal((null, false), (verdict.Refusal, verdict.IsDecided));
        Assert.Equal(impressions, verdict.Figures!["impressions"]);
    }

    [Theory]
    [InlineData(0.1, 0.1, null)]
    [InlineData(0.2, 0.1, null)]
    [InlineData(0.2, 0.19, null)]
    [InlineData(0.1, 0.11, null)]
    [InlineData(0.1, 0.15, "logLoss")]
    [InlineData(0.1, 0.05, "logLoss")]
    [InlineData(0.02, 0.3, "logLoss")]
    public void The_truth_and_whatever_is_no_worse_than_the_running_version_pass(double running, double candidate, string? wrong)
    {
        RolloutVerdict verdict = Limits.Judge(new CalibratorTally().With(5_000, 500, running, candidate));
        Assert.True(verdict.IsDecided);
        if (wrong is null)
            Assert.Null(verdict.Refusal);
        else
            Assert.StartsWith(wrong, verdict.Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Levels_that_are_off_are_refused_even_where_the_loss_would_allow_them()
    {
        CalibratorLimits loose = Limits with { MostLogLoss = 2 };
        Assert.Equal("pcoc 1.5; wanted is 0.8 to 1.25", loose.Judge(new CalibratorTally().With(5_000, 500, 0.1, 0.15)).Refusal);
        Assert.Equal("pcoc 0.5; wanted is 0.625 to 1.6", loose.Judge(new CalibratorTally().With(5_000, 500, 0.16, 0.05)).Refusal);
        Assert.Null(loose.Judge(new CalibratorTally().With(5_000, 500, 0.16, 0.15)).Refusal);
    }

    [Fact]
    public void Clicks_that_come_after_their_impressions_count_as_if_they_came_with_them()
    {
        CalibratorTally late = new CalibratorTally().With(1_000, 0, 0.2, 0.1).With(0, 100, 0.2, 0.1);
        CalibratorTally atOnce = new CalibratorTally().With(1_000, 100, 0.2, 0.1);
        Assert.Equal(atOnce.LogLoss, late.LogLoss, 1e-12);
        Assert.Equal((atOnce.NewPcoc, atOnce.RunningPcoc), (late.NewPcoc, late.RunningPcoc));
        Assert.Equal(1, atOnce.NewPcoc, 1e-12);
        // Log loss of 0.2 and of 0.1 where the rate is 0.1.
        Assert.Equal(
            ((0.1 * Math.Log(0.1)) + (0.9 * Math.Log(0.9))) / ((0.1 * Math.Log(0.2)) + (0.9 * Math.Log(0.8))), atOnce.LogLoss, 1e-12);
    }

    [Theory]
    [InlineData("impressions")]
    [InlineData("clicks")]
    [InlineData("mostLogLoss")]
    [InlineData("mostPcocError")]
    [InlineData("patience")]
    public void A_limit_that_makes_no_sense_is_named(string limit)
    {
        CalibratorLimits wrong = limit switch
        {
            "impressions" => Limits with { Impressions = -1 },
            "clicks" => Limits with { Clicks = -1 },
            "mostLogLoss" => Limits with { MostLogLoss = 0 },
            "mostPcocError" => Limits with { MostPcocError = double.NaN },
            _ => Limits with { Patience = TimeSpan.Zero },
        };
        Assert.Equal($"shadow.{limit}", Assert.Throws<InvalidRequestException>(wrong.Check).Field);
    }
}
