using RecallCluster.Calibration.Maps;

namespace RecallCluster.Serving.ValueRanking;

/// <summary>
/// Every campaign's bid parameters and the calibration maps, as they stood at one moment: what a gateway bids with and a shard ranks with.
/// Immutable; a new one replaces it as a whole.
/// </summary>
public sealed class BidBook
{
    private readonly BidBookEntry[] _campaigns;

    /// <summary>A book.</summary>
    /// <param name="version">Grows with every publication.</param>
    /// <param name="campaigns">By campaign number: dense, from 0, the same in every book of a process's life; a campaign that is gone bids nothing.</param>
    /// <param name="click">Maps raw click probabilities; contexts are <see cref="BidBookEntry.Context"/>.</param>
    public BidBook(long version, IReadOnlyList<BidBookEntry> campaigns, CalibrationModel click)
    {
        ArgumentNullException.ThrowIfNull(campaigns);
        ArgumentNullException.ThrowIfNull(click);
        Version = version;
        _campaigns = [.. campaigns];
        Click = click;
    }

    /// <summary>Grows with every publication.</summary>
    public long Version { get; }

    /// <summary>Bid parameters by campaign number.</summary>
    public ReadOnlySpan<BidBookEntry> Campaigns => _campaigns;

    /// <summary>Maps raw click probabilities to calibrated ones.</summary>
    public CalibrationModel Click { get; }
}

/// <summary>
/// A campaign's bid for one impression as a function of its calibrated pCTR: clamp(<see cref="Slope"/> · pCTR + <see cref="Offset"/>, 0, <see cref="Cap"/>),
/// in units of the currency. Every objective and KPI of <see cref="Bidding.Formula.BidFormula"/> is linear in pCTR once the campaign's pCVR is given.
/// </summary>
/// <param name="CampaignId">The campaign.</param>
/// <param name="Context">Its calibration context, "advertiser/campaign".</param>
/// <param name="Slope">Cost per click that it is ready to pay.</param>
/// <param name="Offset">Cost that does not depend on the click; negative where a CTR bound holds it back.</param>
/// <param name="Cap">The highest bid; 0 for a campaign that must not bid now.</param>
public readonly record struct BidBookEntry(long CampaignId, string Context, double Slope, double Offset, double Cap)
{
    /// <summary>Conversion probability of a click that the slope was made with; 0 where none is known.</summary>
    public double ConversionProbability { get; init; }

    /// <summary>The bid for one impression, in units of the currency.</summary>
    public double Bid(double clickProbability) => Math.Clamp((Slope * clickProbability) + Offset, 0, Cap);
}
