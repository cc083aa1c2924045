using RecallCluster.Calibration.Maps;
using RecallCluster.Calibration.Metrics;
using RecallCluster.Calibration.RealTime;
using RecallCluster.Serving.Live;

namespace RecallCluster.Serving.Calibration;

/// <summary>
/// Keeps predictions honest: counts that state machines hold are copied, fitted on a thread of the pool, and published into the bid books.
/// <code>
///  events applied ──► counts (64 shards) ──► copy ──► Bayes-SIR by "advertiser/campaign" ──► maps ──► bid book
///                                              │                 mix now shown ──► root map (RTW) ──┘
///                                              └────► clicks ──► PCCEM labels ──► pCVR by campaign ──► bid book
/// </code>
/// What is fitted is not stored: after a restart it is fitted again from the counts. Before the first fit the books are the host's: raw
/// pCTR, and <see cref="CalibrationOptions.ConversionPrior"/>.
/// </summary>
public sealed class LiveCalibrator : IDisposable
{
    private const int DiagramBins = 15;

    private readonly CalibrationOptions _options;
    private readonly ICalibrationCounts _counts;
    private readonly ICalibratedCampaigns _campaigns;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private RealTimeWeightedSir? _fit;
    private Mix? _mix;
    private long _fittedClicks = -1;
    private uint _model;
    private DateTimeOffset _nextFit = DateTimeOffset.MinValue;

    /// <summary>A calibrator that has fitted nothing yet.</summary>
    /// <param name="counts">What was counted.</param>
    /// <param name="campaigns">Whom it is published to.</param>
    /// <param name="options">Times and sizes.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is not as its description says.</exception>
    internal LiveCalibrator(ICalibrationCounts counts, ICalibratedCampaigns campaigns, CalibrationOptions options)
    {
        options.Check();
        (_counts, _campaigns, _options) = (counts, campaigns, options);
    }

    /// <summary>The maps in force.</summary>
    public CalibrationModel Model { get; private set; } = new("raw", CalibrationMap.Identity);

    /// <summary>Reliability and PCOC by hour, as of the last fit or refresh.</summary>
    public LiveCalibration Live { get; private set; } = new([], [], []);

    /// <summary>Fits made.</summary>
    public long Fits { get; private set; }

    /// <summary>
    /// Refits and publishes if it is time and there are enough new clicks, else lets the map of new campaigns follow the mix that is being
    /// shown.
    /// </summary>
    /// <param name="now">The business clock.</param>
    /// <param name="cancellation">Stops between two steps.</param>
    /// <returns>Whether maps were fitted anew.</returns>
    public async Task<bool> RunAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (now >= _nextFit)
            {
                _nextFit = now + _options.RefitInterval;
                return await FitAsync(now, isForced: false, cancellation).ConfigureAwait(false);
            }
            await FollowMixAsync(BusinessHours.Of(now), cancellation).ConfigureAwait(false);
            return false;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>
    /// Raw probabilities are of another click model from now on: what was counted of the one before says nothing of them. The maps are
    /// fitted to what was counted of the new one, if it was in use lately, and until there are clicks nothing is mapped.
    /// </summary>
    /// <param name="model">The model's <see cref="ClickModel.Id"/>.</param>
    /// <param name="now">The business clock.</param>
    /// <param name="cancellation">Stops between two steps.</param>
    public async Task UseAsync(uint model, DateTimeOffset now, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (model == _model)
                return;
            (_model, _fit, _mix, _fittedClicks) = (model, null, null, -1);
            Model = new CalibrationModel("raw", CalibrationMap.Identity);
            await FitAsync(now, isForced: true, cancellation).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Refits and publishes now, whatever is new.</summary>
    public async Task RefitAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await FitAsync(now, isForced: true, cancellation).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private static async Task<T> OnPool<T>(Func<T> work, CancellationToken cancellation) =>
        await Task.Run(work, cancellation).ConfigureAwait(false);

    private async Task<bool> FitAsync(DateTimeOffset now, bool isForced, CancellationToken cancellation)
    {
        CalibrationData data = await _counts.CopyAsync(_model, _campaigns.ContextOf, cancellation).ConfigureAwait(false);
        Live = await OnPool(() => Describe(data, now), cancellation).ConfigureAwait(false);
        bool enough = isForced || data.ClicksEver - Math.Max(0, _fittedClicks) >= _options.FewestNewClicks;
        double hours = BusinessHours.Of(now);
        ConversionRates rates = await OnPool(() => ConversionFit.Of(data.Clicks, _campaigns.ContextOf, hours, _options),
            cancellation).ConfigureAwait(false);
        if (enough && !data.Raw.IsEmpty)
        {
            RealTimeWeightedSir fit = await OnPool(() => new RealTimeWeightedSir(data.Raw, _options.Bins),
                cancellation).ConfigureAwait(false);
            (_fit, _fittedClicks, Model) = (fit, data.ClicksEver, fit.Bayes);
            Fits++;
            await WatchMixAsync(fit, cancellation).ConfigureAwait(false);
        }
        await _campaigns.PublishAsync(Model, rates, cancellation).ConfigureAwait(false);
        return enough && !data.Raw.IsEmpty;
    }

    private static LiveCalibration Describe(CalibrationData data, DateTimeOffset now)
    {
        long midnight = (long)BusinessHours.Of(new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero));
        PeriodPcoc[] hours =
        [
            .. data.Hours.Values.Where(hour => hour.Hour >= midnight).Select(hour => new PeriodPcoc(
                hour.Hour, (int)Math.Min(int.MaxValue, hour.Impressions), hour.Clicks,
                    CalibrationMetrics.Pcoc(hour.Calibrated, hour.Clicks))),
        ];
        return new LiveCalibration(
            CountedReliability.Rows(data.Raw.Total(), DiagramBins), CountedReliability.Rows(data.Calibrated, DiagramBins), hours);
    }

    private async Task WatchMixAsync(RealTimeWeightedSir fit, CancellationToken cancellation)
    {
        if (!_options.WeighsByMix)
            return;
        // The window begins now: what was shown before says nothing about this fit's bins.
        await _counts.TakeShownAsync(cancellation).ConfigureAwait(false);
        int slots = (int)Math.Ceiling(_options.MixHours / ShownCounter.SlotHours);
        _mix = new Mix(fit, new AppliedDistribution(fit, ShownCounter.SlotHours, slots), _model, _campaigns.ContextOf);
    }

    private async Task FollowMixAsync(double hours, CancellationToken cancellation)
    {
        if (_mix is not { } mix || _fit is not { } fit)
            return;
        foreach (ShownImpressions shown in await _counts.TakeShownAsync(cancellation).ConfigureAwait(false))
            mix.Record(in shown);
        CalibrationMap root = await OnPool(() => mix.Publish(hours), cancellation).ConfigureAwait(false);
        Model = new CalibrationModel("rtw-bsir", root, fit.Bayes.Contexts);
        await _campaigns.PublishAsync(Model, null, cancellation).ConfigureAwait(false);
    }

    /// <summary>The mix of campaigns being shown, over the bins of one fit.</summary>
    private sealed class Mix(RealTimeWeightedSir fit, AppliedDistribution applied, uint model, Func<long, string> contextOf)
    {
        private readonly Dictionary<long, int> _clusters = [];

        public void Record(in ShownImpressions shown)
        {
            if (shown.Model != model)
                return;
            if (!_clusters.TryGetValue(shown.Campaign, out int cluster))
                _clusters[shown.Campaign] = cluster = fit.ClusterOf(contextOf(shown.Campaign));
            applied.Record(shown.Probability, cluster, shown.Hours, shown.Count);
        }

        public CalibrationMap Publish(double hours)
        {
            applied.Advance(hours);
            return fit.Publish(applied).Root;
        }
    }
}
