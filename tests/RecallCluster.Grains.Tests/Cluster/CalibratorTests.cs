using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Market;
using RecallCluster.Serving;
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
}
