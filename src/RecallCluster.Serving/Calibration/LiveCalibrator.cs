using RecallCluster.Calibration.Maps;
using RecallCluster.Calibration.Metrics;
using RecallCluster.Calibration.RealTime;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Live;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Calibration;

/// <summary>
/// Keeps predictions honest: counts that the journal's machines hold are copied, fitted on a thread of the pool, and published into the bid
/// book.
/// <code>
///  events applied ──► counts (64 shards) ──► copy ──► Bayes-SIR by "advertiser/campaign" ──► maps ──► bid book
///                                              │                 mix now shown ──► root map (RTW) ──┘
///                                              └────► clicks ──► PCCEM labels ──► pCVR by campaign ──► bid book
/// </code>
/// What is fitted is not stored: after a restart it is fitted again from the counts.
/// </summary>
public sealed class LiveCalibrator : IDisposable
{
    private const int DiagramBins = 15;
    private const double MixSlotHours = 0.25;

    private readonly CalibrationOptions _options;
    private readonly CalibrationCountsFamily _counts;
    private readonly CampaignDirectory _campaigns;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private RealTimeWeightedSir? _fit;
    private Mix? _mix;
    private long _fittedClicks = -1;
    private uint _model;
    private DateTimeOffset _nextFit = DateTimeOffset.MinValue;

    /// <summary>A calibrator, whose machines are added to those that the journal will be opened with.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is not as its description says.</exception>
    public LiveCalibrator(StateMachines machines, CampaignDirectory campaigns, CalibrationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(machines);
        ArgumentNullException.ThrowIfNull(campaigns);
        _options = options ?? new CalibrationOptions();
        _options.Check();
        _campaigns = campaigns;
        _counts = new CalibrationCountsFamily(machines, _options);
        campaigns.Take(Model, ConversionRates.Everywhere(_options.ConversionPrior));
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
    /// <param name="journal">The journal that was opened with this calibrator's machines.</param>
    /// <param name="now">The business clock.</param>
    /// <param name="cancellation">Stops between two steps.</param>
    /// <returns>Whether maps were fitted anew.</returns>
    public async Task<bool> RunAsync(IJournal journal, DateTimeOffset now, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(journal);
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (now >= _nextFit)
            {
                _nextFit = now + _options.RefitInterval;
                return await FitAsync(journal, now, isForced: false, cancellation).ConfigureAwait(false);
            }
            await FollowMixAsync(journal, BusinessHours.Of(now), cancellation).ConfigureAwait(false);
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
    /// <param name="journal">The journal that was opened with this calibrator's machines.</param>
    /// <param name="model">The model's <see cref="ClickModel.Id"/>.</param>
    /// <param name="now">The business clock.</param>
    /// <param name="cancellation">Stops between two steps.</param>
    public async Task UseAsync(IJournal journal, uint model, DateTimeOffset now, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(journal);
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (model == _model)
                return;
            (_model, _fit, _mix, _fittedClicks) = (model, null, null, -1);
            Model = new CalibrationModel("raw", CalibrationMap.Identity);
            await FitAsync(journal, now, isForced: true, cancellation).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Refits and publishes now, whatever is new.</summary>
    public async Task RefitAsync(IJournal journal, DateTimeOffset now, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(journal);
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await FitAsync(journal, now, isForced: true, cancellation).ConfigureAwait(false);
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

    private async Task<bool> FitAsync(IJournal journal, DateTimeOffset now, bool isForced, CancellationToken cancellation)
    {
        CalibrationData data = await _counts.CopyAsync(journal, _model, _campaigns.ContextOf, cancellation).ConfigureAwait(false);
        Live = await OnPool(() => Describe(data, now), cancellation).ConfigureAwait(false);
        long clicks = await journal.ReadAsync(() => _counts.Clicks, cancellation).ConfigureAwait(false);
        bool enough = isForced || clicks - Math.Max(0, _fittedClicks) >= _options.FewestNewClicks;
        double hours = BusinessHours.Of(now);
        ConversionRates rates = await OnPool(() => ConversionFit.Of(data.Clicks, _campaigns.ContextOf, hours, _options),
            cancellation).ConfigureAwait(false);
        if (enough && !data.Raw.IsEmpty)
        {
            RealTimeWeightedSir fit = await OnPool(() => new RealTimeWeightedSir(data.Raw, _options.Bins),
                cancellation).ConfigureAwait(false);
            (_fit, _fittedClicks, Model) = (fit, clicks, fit.Bayes);
            Fits++;
            await WatchMixAsync(journal, fit, cancellation).ConfigureAwait(false);
        }
        _campaigns.Take(Model, rates);
        await _campaigns.PublishAsync(cancellation).ConfigureAwait(false);
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

    private async Task WatchMixAsync(IJournal journal, RealTimeWeightedSir fit, CancellationToken cancellation)
    {
        if (!_options.WeighsByMix)
            return;
        var mix = new Mix(fit, new AppliedDistribution(fit, MixSlotHours, (int)Math.Ceiling(_options.MixHours / MixSlotHours)),
            _model, _campaigns.ContextOf);
        await journal.ReadAsync(
            () =>
            {
                _counts.Watch(mix.Record);
                return true;
            },
            cancellation).ConfigureAwait(false);
        _mix = mix;
    }

    private async Task FollowMixAsync(IJournal journal, double hours, CancellationToken cancellation)
    {
        if (_mix is not { } mix || _fit is not { } fit)
            return;
        CalibrationMap root = await journal.ReadAsync(() => mix.Publish(hours), cancellation).ConfigureAwait(false);
        Model = new CalibrationModel("rtw-bsir", root, fit.Bayes.Contexts);
        _campaigns.Take(Model, null);
        await _campaigns.PublishAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>The mix of campaigns being shown, over the bins of one fit; used on the journal's writer.</summary>
    private sealed class Mix(RealTimeWeightedSir fit, AppliedDistribution applied, uint model, Func<long, string> contextOf)
    {
        private readonly Dictionary<long, int> _clusters = [];

        public void Record(Win win, double hours)
        {
            if (win.ClickModel != model)
                return;
            long campaign = win.CampaignId;
            if (!_clusters.TryGetValue(campaign, out int cluster))
                _clusters[campaign] = cluster = fit.ClusterOf(contextOf(campaign));
            applied.Record(win.RawClickProbability, cluster, hours);
        }

        public CalibrationMap Publish(double hours)
        {
            applied.Advance(hours);
            return fit.Publish(applied).Root;
        }
    }
}
