using RecallCluster.Calibration.Maps;
using RecallCluster.Calibration.Metrics;
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
/// pCTR, and <see cref="CalibratorSettings.ConversionPrior"/>. How it is fitted is for the running version to say; a version that is to
/// become that is compared with it here.
/// </summary>
public sealed class LiveCalibrator : IDisposable
{
    private const int DiagramBins = 15;

    private readonly CalibrationOptions _options;
    private readonly ICalibrationCounts _counts;
    private readonly ICalibratedCampaigns _campaigns;
    private readonly Func<CalibratorVersion> _wanted;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private CalibratorVersion _version;
    private CalibratorMaps _maps;
    private CalibratorTrial? _trial;
    private uint _model;
    private long _fits;

    // Maps are of another version or of another model than the books have, until a fit of them was published.
    private bool _mustFit;

    /// <summary>A calibrator that has fitted nothing yet.</summary>
    /// <param name="counts">What was counted.</param>
    /// <param name="campaigns">Whom it is published to.</param>
    /// <param name="options">Times and sizes.</param>
    /// <param name="wanted">The version that is to run now; null for what is configured. It is looked at whenever there is work.</param>
    /// <exception cref="ArgumentException">An option is not as its description says.</exception>
    internal LiveCalibrator(
        ICalibrationCounts counts, ICalibratedCampaigns campaigns, CalibrationOptions options, Func<CalibratorVersion>? wanted = null)
    {
        options.Check();
        (_counts, _campaigns, _options, _wanted) = (counts, campaigns, options, wanted ?? (() => CalibratorVersion.Configured));
        _version = CalibratorVersion.Configured;
        _maps = MapsOf(_version);
    }

    /// <summary>The maps in force.</summary>
    public CalibrationModel Model => _maps.Model;

    /// <summary>Reliability and PCOC by hour, as of the last fit or refresh.</summary>
    public LiveCalibration Live { get; private set; } = new([], [], []);

    /// <summary>The last fit of the running version that was published; null before the first.</summary>
    public CalibratorFit? Fit { get; private set; }

    /// <summary>
    /// Refits and publishes if it is time and there are enough new clicks, else lets the map of new campaigns follow the mix that is being
    /// shown. Versions that are compared are judged by what came in since the last call.
    /// </summary>
    /// <param name="now">The business clock.</param>
    /// <param name="cancellation">Stops between two steps.</param>
    /// <returns>Whether maps were fitted anew.</returns>
    public Task<bool> RunAsync(DateTimeOffset now, CancellationToken cancellation) => TurnAsync(
        async () =>
        {
            Follow();
            bool isDue = _mustFit || _maps.IsDue(now);
            bool looks = isDue || _trial?.IsDue(now) == true;
            // What comes between the two is in neither fit that it is judged by.
            CalibrationData? data = looks ? await CopyAsync(cancellation).ConfigureAwait(false) : null;
            if (_trial is not null || _maps.Settings.Method == CalibratorMethod.RtwBsir)
                await TakeShownAsync(now, publishes: !isDue, cancellation).ConfigureAwait(false);
            if (data is not null && _trial is { } trial)
                await OnPool(() => trial.Fit(data, now), cancellation).ConfigureAwait(false);
            if (!isDue)
                return false;
            bool isFitted = await FitAsync(data!, now, isForced: _mustFit, cancellation).ConfigureAwait(false);
            // What could not be published is due again; what was fitted out of turn changes nothing of the turns, which both editions share.
            _maps.Looked(now);
            return isFitted;
        },
        cancellation);

    /// <summary>
    /// Raw probabilities are of another click model from now on: what was counted of the one before says nothing of them. The maps are
    /// fitted to what was counted of the new one, if it was in use lately, and until there are clicks nothing is mapped.
    /// </summary>
    /// <param name="model">The model's <see cref="ClickModel.Id"/>.</param>
    /// <param name="now">The business clock.</param>
    /// <param name="cancellation">Stops between two steps.</param>
    public Task UseAsync(uint model, DateTimeOffset now, CancellationToken cancellation) => TurnAsync(
        async () =>
        {
            Follow();
            if (model == _model)
                return false;
            // A comparison begins anew, too.
            (_model, _trial) = (model, null);
            BeginAnew();
            return await FitNowAsync(now, cancellation).ConfigureAwait(false);
        },
        cancellation);

    /// <summary>Refits and publishes now, whatever is new, by the version that is to run.</summary>
    public Task RefitAsync(DateTimeOffset now, CancellationToken cancellation) => TurnAsync(
        () =>
        {
            Follow();
            return FitNowAsync(now, cancellation);
        },
        cancellation);

    /// <summary>Where another version is to run than does, fits and publishes by that one now.</summary>
    internal Task FollowAsync(DateTimeOffset now, CancellationToken cancellation) => TurnAsync(
        async () =>
        {
            Follow();
            return _mustFit && await FitNowAsync(now, cancellation).ConfigureAwait(false);
        },
        cancellation);

    /// <summary>Compares a version with the running one from now on, where it is not compared already.</summary>
    /// <param name="candidate">The version.</param>
    /// <param name="now">The business clock.</param>
    /// <param name="cancellation">Stops between two steps.</param>
    /// <returns>What came of it so far.</returns>
    internal Task<CalibratorTally> TryAsync(CalibratorVersion candidate, DateTimeOffset now, CancellationToken cancellation) => TurnAsync(
        async () =>
        {
            if (_trial is { } known && known.IsOf(candidate))
                return known.Tally;
            CalibrationData data = await CopyAsync(cancellation).ConfigureAwait(false);
            _trial = null;
            // From here on everything is counted that both are judged by.
            await TakeShownAsync(now, publishes: false, cancellation).ConfigureAwait(false);
            var trial = new CalibratorTrial(candidate, MapsOf(_version), MapsOf(candidate), _model, _campaigns.ContextOf);
            await OnPool(() => trial.Fit(data, now, isForced: true), cancellation).ConfigureAwait(false);
            _trial = trial;
            return trial.Tally;
        },
        cancellation);

    /// <summary>Compares a version no more.</summary>
    internal Task LeaveAsync(CalibratorVersion candidate, CancellationToken cancellation) => TurnAsync(
        () =>
        {
            if (_trial?.IsOf(candidate) == true)
                _trial = null;
            return Task.FromResult(true);
        },
        cancellation);

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private static Task<T> OnPool<T>(Func<T> work, CancellationToken cancellation) => Task.Run(work, cancellation);

    private static Task OnPool(Action work, CancellationToken cancellation) => Task.Run(work, cancellation);

    private async Task<T> TurnAsync<T>(Func<Task<T>> work, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            return await work().ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    private CalibratorMaps MapsOf(CalibratorVersion version) =>
        new(version.Settings ?? _options.Calibrator, _model, _campaigns.ContextOf);

    /// <summary>Goes over to the version that is to run.</summary>
    private void Follow()
    {
        CalibratorVersion wanted = _wanted();
        if (wanted == _version)
            return;
        (_version, _trial, Fit) = (wanted, null, null);
        BeginAnew();
    }

    private void BeginAnew() => (_maps, _mustFit) = (MapsOf(_version), true);

    private Task<CalibrationData> CopyAsync(CancellationToken cancellation) =>
        _counts.CopyAsync(_model, _campaigns.ContextOf, cancellation);

    private async Task TakeShownAsync(DateTimeOffset now, bool publishes, CancellationToken cancellation)
    {
        double hours = BusinessHours.Of(now);
        IReadOnlyList<ShownImpressions> shown = await _counts.TakeShownAsync(cancellation).ConfigureAwait(false);
        await OnPool(
            () =>
            {
                _trial?.Take(shown, hours);
                _maps.Follow(shown, hours);
            },
            cancellation).ConfigureAwait(false);
        if (publishes && _maps.FollowsMix)
            await _campaigns.PublishAsync(Model, null, cancellation).ConfigureAwait(false);
    }

    private async Task<bool> FitNowAsync(DateTimeOffset now, CancellationToken cancellation) =>
        await FitAsync(await CopyAsync(cancellation).ConfigureAwait(false), now, isForced: true, cancellation).ConfigureAwait(false);

    private async Task<bool> FitAsync(CalibrationData data, DateTimeOffset now, bool isForced, CancellationToken cancellation)
    {
        Live = await OnPool(() => Describe(data, now), cancellation).ConfigureAwait(false);
        CalibratorSettings settings = _maps.Settings;
        ConversionRates rates = await OnPool(
            () => ConversionFit.Of(data.Clicks, _campaigns.ContextOf, BusinessHours.Of(now), _options, settings), cancellation)
            .ConfigureAwait(false);
        bool isFitted = await OnPool(() => _maps.Fit(data, isForced), cancellation).ConfigureAwait(false);
        await _campaigns.PublishAsync(Model, rates, cancellation).ConfigureAwait(false);
        _mustFit = false;
        if (isFitted)
            Fit = CalibratorFit.Of(++_fits, _version.Version, now, data);
        return isFitted;
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
}
