using System.Text.Json;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Market;
using RecallCluster.Grains.Rollouts;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.State;

namespace RecallCluster.Grains.Calibration;

/// <summary>The cluster's versions of the calibrator, for a front door.</summary>
internal sealed class GrainCalibratorVersions : RolloutCalls, ICalibratorVersions
{
    private const string TheCalibrator = "The calibrator";

    private readonly ICalibratorGrain _calibrator;
    private readonly RolloutOptions _options;

    /// <param name="grains">Finds the grain.</param>
    /// <param name="factory">What is configured, for all silos alike.</param>
    /// <param name="options">What a version must show where whoever publishes it does not say.</param>
    public GrainCalibratorVersions(IGrainFactory grains, MachineFactory factory, RolloutOptions options)
        : this(grains.GetGrain<ICalibratorGrain>(CalibratorHeads.Click), factory.Calibration.Calibrator, options)
    {
    }

    private GrainCalibratorVersions(ICalibratorGrain calibrator, CalibratorSettings configured, RolloutOptions options)
        : base(calibrator, TheCalibrator) => (_calibrator, Configured, _options) = (calibrator, configured, options);

    /// <inheritdoc/>
    public CalibratorSettings Configured { get; }

    /// <inheritdoc/>
    public CalibratorLimits Limits => _options.Calibrators;

    /// <inheritdoc/>
    public async Task<CalibratorsView> ListAsync(CancellationToken cancellation) => GrainsJson.Read(
        await GrainCalls.AskAsync(_calibrator.ListAsync(), TheCalibrator, cancellation).ConfigureAwait(false),
        GrainsJson.Default.CalibratorsView, "list of calibrators");

    /// <inheritdoc/>
    public Task<RolloutView> PublishAsync(
        string name, CalibratorSettings settings, CalibratorLimits? limits, CancellationToken cancellation)
    {
        CalibratorVersion.Check(name, settings, limits);
        byte[] wanted = JsonSerializer.SerializeToUtf8Bytes(settings, GrainsJson.Default.CalibratorSettings);
        byte[]? told = limits is null ? null : JsonSerializer.SerializeToUtf8Bytes(limits, GrainsJson.Default.CalibratorLimits);
        return AskAsync(_calibrator.PublishAsync(name, wanted, told), cancellation);
    }
}
