namespace RecallCluster.Serving.Tests.Market;

/// <summary>Versions of the calibrator in one process.</summary>
public class EmbeddedCalibratorsTests : CalibratorVersionsContract
{
    protected override async Task<ICalibratedLoop> StartAsync(LoopWorld world) => await DurableLoop.StartAsync(world);
}
