using RecallCluster.Calibration.Maps;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Serving.Campaigns;

/// <summary>
/// All campaigns as a gateway needs them, as they stood at one moment: by campaign number, dense from 0, the same for a process's life.
/// Immutable.
/// </summary>
/// <param name="Book">What to bid.</param>
/// <param name="Settings">Settings by campaign number.</param>
/// <param name="Statuses">Whether each can be shown, by campaign number.</param>
public sealed record PublishedCampaigns(BidBook Book, IReadOnlyList<CampaignSettings> Settings, IReadOnlyList<CampaignStatus> Statuses)
{
    /// <summary>How often the campaigns' conversion probabilities and maps were replaced is in <see cref="BidBook.Version"/>.</summary>
    public long Version => Book.Version;

    /// <summary>A book of offers and calibration, with all that belongs to it.</summary>
    /// <param name="version">Higher than that of the book before.</param>
    /// <param name="offers">What the campaigns publish, by campaign number.</param>
    /// <param name="click">Maps of click probabilities.</param>
    /// <param name="conversions">Conversion rates.</param>
    public static PublishedCampaigns Of(
        long version, IReadOnlyList<CampaignOffer> offers, CalibrationModel click, ConversionRates conversions)
    {
        ArgumentNullException.ThrowIfNull(offers);
        ArgumentNullException.ThrowIfNull(conversions);
        var entries = new BidBookEntry[offers.Count];
        var settings = new CampaignSettings[entries.Length];
        var statuses = new CampaignStatus[entries.Length];
        for (int i = 0; i < entries.Length; i++)
        {
            CampaignOffer offer = offers[i];
            entries[i] = offer.Entry(conversions.Of(offer.Context));
            (settings[i], statuses[i]) = (offer.Settings, offer.Status);
        }
        return new PublishedCampaigns(new BidBook(version, entries, click), settings, statuses);
    }
}
