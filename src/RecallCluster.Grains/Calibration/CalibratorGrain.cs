using System.Text.Json;
using RecallCluster.Calibration.Maps;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Market;
using RecallCluster.Grains.Placement;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.State;
using RecallCluster.Wire.Market;

namespace RecallCluster.Grains.Calibration;

/// <summary>
/// Fits calibration to the counts of all parts. Nothing of it is stored: wherever it is activated next, it fits again from the counts.
/// </summary>
[RolePlacement(SiloRoles.Control)]
internal sealed class CalibratorGrain : Grain, ICalibratorGrain, ICalibratedCampaigns, IDisposable
{
    private readonly IGrainFactory _grains;
    private readonly BookReader _book;
    private readonly LiveCalibrator _calibrator;
    private readonly TimeProvider _clock;
    private readonly TimeSpan _period;
    private CalibrationMessage? _published;
    private ConversionRates _conversions;

    public CalibratorGrain(IGrainFactory grains, BookReader book, MachineFactory factory, ClusterClock clock)
    {
        (_grains, _book, _clock, _period) = (grains, book, clock.Business, clock.ToReal(factory.Campaigns.TickCheck));
        _conversions = ConversionRates.Everywhere(factory.Calibration.ConversionPrior);
        _calibrator = new LiveCalibrator(new GrainCounts(grains, factory), this, factory.Calibration);
    }

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        this.RegisterGrainTimer(TryRunAsync, new GrainTimerCreationOptions(_period, _period) { Interleave = true });
        return base.OnActivateAsync(cancellationToken);
    }

    public void Dispose() => _calibrator.Dispose();

    public Task UseAsync(uint clickModel) => _calibrator.UseAsync(clickModel, _clock.GetUtcNow(), CancellationToken.None);

    public Task<bool> RunAsync() => _calibrator.RunAsync(_clock.GetUtcNow(), CancellationToken.None);

    public Task<CalibrationMessage?> CurrentAsync() => Task.FromResult(_published);

    public Task<byte[]> LiveAsync() =>
        Task.FromResult(JsonSerializer.SerializeToUtf8Bytes(_calibrator.Live, GrainsJson.Default.LiveCalibration));

    string ICalibratedCampaigns.ContextOf(long campaign) => _book.ContextOf(campaign);

    Task ICalibratedCampaigns.PublishAsync(CalibrationModel click, ConversionRates? conversions, CancellationToken cancellation)
    {
        _conversions = conversions ?? _conversions;
        _published = new CalibrationMessage { Click = ModelFormat.ToBytes(click), Conversions = _conversions.ByContext };
        return _grains.GetGrain<IBidBookGrain>(0).TakeAsync(_published);
    }

    // Parts of the counts that cannot be reached now are there the next time.
    private Task TryRunAsync(CancellationToken cancellation) => GrainCalls.TryAsync(RunAsync);
}
