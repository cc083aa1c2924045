using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Placement;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.State;
using RecallCluster.Wire.Events;
using RecallCluster.Wire.Market;

namespace RecallCluster.Grains.Calibration;

/// <summary>A part of calibration's counts.</summary>
[RolePlacement(SiloRoles.Control)]
internal sealed class CalibrationCountsGrain(MachineServices services, MachineFactory factory, Hosting.ClusterClock clock)
    : MachineGrain<CalibrationShard>(services), ICalibrationCountsGrain
{
    public async Task<bool> EngageAsync(EventMessage engagement)
    {
        var command = new EngagementCommand(clock.Business.GetUtcNow(), WireMap.ToEvent(engagement));
        return await Host.TellAsync(command.Write()).ConfigureAwait(true) is true;
    }

    public Task<byte[]> CopyAsync() => Task.FromResult(Machine.Snapshot());

    public Task<ShownMessage> TakeShownAsync()
    {
        ShownImpressions[] shown = [.. Machine.Shown.Take()];
        return Task.FromResult(new ShownMessage
        {
            Models = Array.ConvertAll(shown, s => s.Model),
            Campaigns = Array.ConvertAll(shown, s => s.Campaign),
            Slots = Array.ConvertAll(shown, s => s.Slot),
            Cells = Array.ConvertAll(shown, s => s.Cell),
            Counts = Array.ConvertAll(shown, s => s.Count),
            Clicks = Array.ConvertAll(shown, s => s.Clicks),
        });
    }

    protected override MachineKind<CalibrationShard> Describe()
    {
        string key = MachineKeys.Of(MachineKeys.Counts, this.GetPrimaryKeyString());
        return new MachineKind<CalibrationShard>(key, () => factory.Counts(key));
    }
}
