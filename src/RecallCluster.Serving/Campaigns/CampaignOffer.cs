using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Goals;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Serving.Campaigns;

/// <summary>
/// What a campaign publishes: all that others need to bid for it, but for the calibration. Immutable; whoever makes bid books of offers
/// (<see cref="PublishedCampaigns.Of"/>) need not be where the campaign is.
/// </summary>
/// <param name="Settings">Its settings, with all edits.</param>
/// <param name="Version">Grows by one with every edit.</param>
/// <param name="Weights">Bid weights in force: w0, then one for each KPI.</param>
/// <param name="Status">Whether it can be shown, or why not.</param>
public sealed record CampaignOffer(CampaignSettings Settings, long Version, IReadOnlyList<double> Weights, CampaignStatus Status)
{
    /// <summary>The campaign's calibration context, "advertiser/campaign".</summary>
    public string Context => ContextOf(Settings);

    /// <summary>The campaign's line in a bid book.</summary>
    /// <param name="conversionProbability">The conversion probability of its clicks.</param>
    /// <exception cref="InvalidDataException">It has no weights, or more than any product has KPIs.</exception>
    public BidBookEntry Entry(double conversionProbability)
    {
        CampaignGoal goal = GoalOf(Settings);
        LinearBid line = LinearBid.Of(BidProduct.ByName(Settings.Product), goal.Kpis, FiniteWeights.Read(Weights), conversionProbability);
        double cap = Status == CampaignStatus.Active ? (Settings.MaxBid ?? AuctionBid.MaxBid).ToUnits() : 0;
        return new BidBookEntry(Settings.Id, Context, line.Slope, line.Offset, cap) { ConversionProbability = conversionProbability };
    }

    /// <summary>The calibration context of a campaign.</summary>
    internal static string ContextOf(CampaignSettings settings) => $"{settings.AdvertiserId}/{settings.Id}";

    /// <summary>What a campaign's bids aim at.</summary>
    internal static CampaignGoal GoalOf(CampaignSettings settings) => BidProduct.ByName(settings.Product)
        .Goal(settings.Terms.DailyBudget.ToUnits(), settings.MaxCpc ?? double.NaN, settings.MinCtr ?? double.NaN);

}
