using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Market;
using RecallCluster.Serving;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.Tests.Market;

namespace RecallCluster.Grains.Tests.Cluster;

public sealed class CalibratorTests
{
    [Fact]
    public async Task A_calibrator_that_has_moved_is_told_of_the_click_model_again()
    {
        await using OrleansLoop host = await OrleansLoop.StartAsync(LoopWorld.Simple((1, 0.5, 1)));
        ICalibratorGrain calibrator = host.Grains.GetGrain<ICalibratorGrain>(CalibratorHeads.Click);
        await host.Loop.UseAsync(ClickModel.Of("0123456789abcdef", ClickScale.Logits), default);
        Assert.NotNull(await calibrator.CurrentAsync());

        await host.Cluster.DeactivateAsync(calibrator);
        Assert.Null(await calibrator.CurrentAsync());
        await host.Loop.TellModelAsync(default);

        Assert.NotNull(await calibrator.CurrentAsync());
    }

    [Fact]
    public async Task A_version_under_way_is_compared_on_by_a_calibrator_that_has_moved()
    {
        await using OrleansLoop host = await OrleansLoop.StartAsync(LoopWorld.Simple((1, 0.5, 1)));
        ICalibratorGrain calibrator = host.Grains.GetGrain<ICalibratorGrain>(CalibratorHeads.Click);
        await host.Calibrators.PublishAsync(
            "next", new CalibratorSettings { Bins = 9 }, new CalibratorLimits { Impressions = 1, Clicks = 0 }, default);
        await host.PassAsync(TimeSpan.FromMinutes(1));

        await host.Cluster.DeactivateAsync(calibrator);
        RolloutView moved = await host.Calibrators.RolloutAsync(default);
        Assert.Equal(("next.1", RolloutPhase.Shadowing), (moved.UnderWay!.Version.Version, moved.UnderWay.Phase));
        await host.PassAsync(TimeSpan.FromMinutes(1));
        AdAnswer answer = await host.Gateway.AnswerAsync(LoopWorld.Request("r", null, new SlotRequest("s")), default);
        Win win = Assert.Single(answer.Ads).Win with { ClickModel = 0 };
        await host.Feedback.AcceptAsync([new AdEvent(AdEventKind.Impression, win), new AdEvent(AdEventKind.Click, win)], default);
        await host.PassAsync(TimeSpan.FromMinutes(1));

        CalibratorsView view = await host.Calibrators.ListAsync(default);
        Assert.Equal("next.1", view.Rollout.Running!.Version);
        Assert.Equal(1, view.Rollout.Last!.Figures!["clicks"]);
    }
}
