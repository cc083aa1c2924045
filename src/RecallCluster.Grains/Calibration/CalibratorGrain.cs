using System.Text.Json;
using RecallCluster.Calibration.Maps;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Market;
using RecallCluster.Grains.Placement;
using RecallCluster.Grains.Rollouts;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.State;
using RecallCluster.Wire.Market;

namespace RecallCluster.Grains.Calibration;

/// <summary>
/// Fits calibration to the counts of all parts, as the running version of it says. Only the versions are stored: wherever it is activated
/// next, it fits again from the counts, and goes on with the version under way.
/// </summary>
[RolePlacement(SiloRoles.Control)]
internal sealed class CalibratorGrain : RolloutGrain<CalibratorVersion, CalibratorLimits>, ICalibratorGrain, ICalibratedCampaigns
{
    private readonly IGrainFactory _grains;
    private readonly BookReader _book;
    private readonly CalibratorSettings _configured;
    private readonly CalibratorLimits _limits;
    private readonly LiveCalibrator _calibrator;
    private readonly CalibratorTarget _target;
    private readonly TimeProvider _clock;
    private CalibrationMessage? _published;
    private ConversionRates _conversions;

    public CalibratorGrain(
        MachineServices services, IGrainFactory grains, BookReader book, MachineFactory factory, RolloutOptions options, ClusterClock clock)
        : base(services, CalibratorVersions.Key, ServingJson.Default.CalibratorRollout, CalibratorVersion.Configured,
            clock.Business, clock.ToReal(factory.Campaigns.TickCheck))
    {
        options.Check();
        (_grains, _book, _clock) = (grains, book, clock.Business);
        (_configured, _limits) = (factory.Calibration.Calibrator, options.Calibrators);
        _conversions = ConversionRates.Everywhere(_configured.ConversionPrior);
        _calibrator = new LiveCalibrator(
            new GrainCounts(grains, factory), this, factory.Calibration, () => CalibratorVersion.RunningOf(Plan));
        _target = new CalibratorTarget(_calibrator, _clock);
    }

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await base.OnActivateAsync(cancellationToken).ConfigureAwait(true);
        this.RegisterGrainTimer(TryRunAsync, new GrainTimerCreationOptions(Period, Period) { Interleave = true });
    }

    public Task UseAsync(uint clickModel) => _calibrator.UseAsync(clickModel, _clock.GetUtcNow(), CancellationToken.None);

    public async Task<bool> RunAsync()
    {
        bool isFitted = await _calibrator.RunAsync(_clock.GetUtcNow(), CancellationToken.None).ConfigureAwait(true);
        await StepAsync().ConfigureAwait(true);
        return isFitted;
    }

    public Task<CalibrationMessage?> CurrentAsync() => Task.FromResult(_published);

    public Task<byte[]> LiveAsync() =>
        Task.FromResult(JsonSerializer.SerializeToUtf8Bytes(_calibrator.Live, GrainsJson.Default.LiveCalibration));

    public Task<byte[]> ListAsync() => Task.FromResult(JsonSerializer.SerializeToUtf8Bytes(
        CalibratorsView.Of(Plan, View, _calibrator.Fit, _configured), GrainsJson.Default.CalibratorsView));

    public Task<byte[]> PublishAsync(string name, byte[] settings, byte[]? limits)
    {
        CalibratorSettings wanted = GrainsJson.Read(settings, GrainsJson.Default.CalibratorSettings, "calibrator");
        return BeginAsync(
            number => CalibratorVersion.Of(name, number, wanted),
            limits is null ? _limits : GrainsJson.Read(limits, GrainsJson.Default.CalibratorLimits, "limits"));
    }

    public override Task PrepareAsync(CalibratorVersion version) => _target.PrepareAsync(version);

    public override Task<RolloutVerdict> JudgeAsync(CalibratorVersion version, CalibratorLimits limits) =>
        _target.JudgeAsync(version, limits);

    public override Task UseAsync(CalibratorVersion version) => _target.UseAsync(version);

    public override Task DropAsync(CalibratorVersion version) => _target.DropAsync(version);

    public override TimeSpan PatienceOf(CalibratorLimits limits) => _target.PatienceOf(limits);

    string ICalibratedCampaigns.ContextOf(long campaign) => _book.ContextOf(campaign);

    Task ICalibratedCampaigns.PublishAsync(CalibrationModel click, ConversionRates? conversions, CancellationToken cancellation)
    {
        _conversions = conversions ?? _conversions;
        _published = new CalibrationMessage { Click = ModelFormat.ToBytes(click), Conversions = _conversions.ByContext };
        return _grains.GetGrain<IBidBookGrain>(0).TakeAsync(_published);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _calibrator.Dispose();
        base.Dispose(disposing);
    }

    // Parts of the counts that cannot be reached now are there the next time.
    private Task TryRunAsync(CancellationToken cancellation) => GrainCalls.TryAsync(RunAsync);
}
