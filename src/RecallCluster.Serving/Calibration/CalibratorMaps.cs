using RecallCluster.Calibration.Maps;
using RecallCluster.Calibration.Methods;
using RecallCluster.Calibration.RealTime;

namespace RecallCluster.Serving.Calibration;

/// <summary>The click maps that a calibrator's settings make of what is counted, and when they are due. Not thread-safe.</summary>
/// <param name="settings">The settings.</param>
/// <param name="model">The click model whose raw pCTR is mapped.</param>
/// <param name="contextOf">Context of a campaign, "advertiser/campaign".</param>
internal sealed class CalibratorMaps(CalibratorSettings settings, uint model, Func<long, string> contextOf)
{
    private ShownMix? _mix;
    private long _fittedClicks;
    private DateTimeOffset _nextFit = DateTimeOffset.MinValue;

    /// <summary>How they are made.</summary>
    public CalibratorSettings Settings => settings;

    /// <summary>The maps as they are now; none before the first fit.</summary>
    public CalibrationModel Model { get; private set; } = new("raw", CalibrationMap.Identity);

    /// <summary>Whether they follow the mix that is being shown.</summary>
    public bool FollowsMix => _mix is not null;

    /// <summary>Whether it is time to look at the counts.</summary>
    public bool IsDue(DateTimeOffset now) => now >= _nextFit;

    /// <summary>The counts were looked at.</summary>
    public void Looked(DateTimeOffset now) => _nextFit = now + settings.RefitInterval;

    /// <summary>Fits maps, if that is worth it.</summary>
    /// <param name="data">What is counted.</param>
    /// <param name="isForced">Whether it is worth it with any number of new clicks.</param>
    /// <returns>Whether maps were fitted.</returns>
    public bool Fit(CalibrationData data, bool isForced)
    {
        bool isWorthIt = isForced || data.ClicksEver - _fittedClicks >= settings.FewestNewClicks;
        if (!isWorthIt || data.Raw.IsEmpty || settings.Method == CalibratorMethod.Raw)
            return false;
        if (settings.Method == CalibratorMethod.RtwBsir)
        {
            // The mix begins anew: what was shown before says nothing about this fit's bins.
            var fit = new RealTimeWeightedSir(data.Raw, settings.Bins);
            (_mix, Model) = (new ShownMix(fit, settings.MixHours, model, contextOf), fit.Bayes);
        }
        else
        {
            Model = new BayesianSir(settings.Bins).Fit(data.Raw);
        }
        _fittedClicks = data.ClicksEver;
        return true;
    }

    /// <summary>Lets the map of new campaigns follow the mix that is being shown.</summary>
    /// <param name="shown">What was shown since the last call.</param>
    /// <param name="hours">Now, in hours since 1970.</param>
    public void Follow(IReadOnlyList<ShownImpressions> shown, double hours)
    {
        if (_mix is not { } mix)
            return;
        foreach (ShownImpressions some in shown)
            mix.Record(in some);
        Model = mix.Publish(hours);
    }
}
