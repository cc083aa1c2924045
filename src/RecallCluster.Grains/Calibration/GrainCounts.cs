using RecallCluster.Grains.Contracts;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.State;
using RecallCluster.Wire.Market;

namespace RecallCluster.Grains.Calibration;

/// <summary>The counts of all parts, wherever their grains are.</summary>
internal sealed class GrainCounts(IGrainFactory grains, MachineFactory factory) : ICalibrationCounts
{
    /// <inheritdoc/>
    public async Task<CalibrationData> CopyAsync(uint model, Func<long, string> contextOf, CancellationToken cancellation)
    {
        byte[][] copies = await Task.WhenAll(Parts.Select(part => part.CopyAsync())).WaitAsync(cancellation).ConfigureAwait(false);
        return await Task.Run(
            () =>
            {
                var data = new CalibrationData();
                foreach (byte[] copy in copies)
                {
                    CalibrationShard shard = factory.Counts("calibration (copy)");
                    shard.Restore(copy);
                    data.Add(shard, model, contextOf);
                }
                return data;
            },
            cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ShownImpressions>> TakeShownAsync(CancellationToken cancellation)
    {
        ShownMessage[] taken = await Task.WhenAll(Parts.Select(part => part.TakeShownAsync()))
            .WaitAsync(cancellation).ConfigureAwait(false);
        return
        [
            .. taken.SelectMany(shown => shown.Models.Select((model, i) =>
                new ShownImpressions(
                    model, shown.Campaigns[i], shown.Slots[i], shown.Cells[i], shown.Counts[i], shown.Clicks?[i] ?? 0))),
        ];
    }

    private IEnumerable<ICalibrationCountsGrain> Parts => CountsKeys.Parts.Select(part => grains.GetGrain<ICalibrationCountsGrain>(part));
}
