using RecallCluster.Calibration.Maps;

namespace RecallCluster.Serving.Calibration;

/// <summary>Where live calibration gets what was counted: machines of this process, or of many. Thread-safe.</summary>
internal interface ICalibrationCounts
{
    /// <summary>Copies everything that is counted; of raw pCTR that of one click model.</summary>
    /// <param name="model">The model's <see cref="ClickModel.Id"/>.</param>
    /// <param name="contextOf">Context of a campaign, "advertiser/campaign".</param>
    /// <param name="cancellation">Stops.</param>
    Task<CalibrationData> CopyAsync(uint model, Func<long, string> contextOf, CancellationToken cancellation);

    /// <summary>Takes the impressions that were counted since the last call; there are none before the first.</summary>
    Task<IReadOnlyList<ShownImpressions>> TakeShownAsync(CancellationToken cancellation);
}

/// <summary>The campaigns that live calibration is for. Thread-safe.</summary>
internal interface ICalibratedCampaigns
{
    /// <summary>The calibration context of a campaign, "advertiser/campaign".</summary>
    string ContextOf(long campaign);

    /// <summary>Lets bid books be made with this calibration from now on.</summary>
    /// <param name="click">Maps of click probabilities.</param>
    /// <param name="conversions">Conversion rates; null for those in force.</param>
    /// <param name="cancellation">Stops.</param>
    Task PublishAsync(CalibrationModel click, ConversionRates? conversions, CancellationToken cancellation);
}
