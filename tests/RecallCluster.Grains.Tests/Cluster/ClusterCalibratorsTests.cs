using RecallCluster.Serving.Tests.Market;

namespace RecallCluster.Grains.Tests.Cluster;

/// <summary>Versions of the calibrator on two silos.</summary>
public class ClusterCalibratorsTests : CalibratorVersionsContract
{
    protected override async Task<ICalibratedLoop> StartAsync(LoopWorld world) => await OrleansLoop.StartAsync(world);
}
