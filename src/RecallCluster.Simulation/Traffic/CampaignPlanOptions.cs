using RecallCluster.Bidding.Goals;

namespace RecallCluster.Simulation.Traffic;

/// <summary>How campaigns are planned.</summary>
public sealed record CampaignPlanOptions
{
    /// <summary>Products and how many campaigns buy each, as weights.</summary>
    public IReadOnlyList<(BidProduct Product, double Weight)> Products { get; init; } =
    [
        (BidProduct.Click, 0.45), (BidProduct.ClickCtr, 0.4), (BidProduct.ClickCpc, 0.05), (BidProduct.ConversionCpc, 0.1),
    ];

    /// <summary>Share of campaigns that pay for clicks; the others pay for impressions.</summary>
    public double PerClickShare { get; init; } = 0.25;

    /// <summary>
    /// Share of the campaigns with a CPC limit whose limit is looser than what the budget reaches. Where what is won counts by its clicks,
    /// budget and CPC limit cut the same ranking, and only the tighter of them binds.
    /// </summary>
    public double LooseCpcShare { get; init; } = 0.5;

    /// <summary>
    /// Share of its auctions that every campaign can at least reach for: one that would win less by bidding what a click is worth is taken
    /// to reach for those that cost the least for a click.
    /// </summary>
    public double LeastReach { get; init; } = 0.1;

    /// <summary>A budget is at least this share of what the auctions within a campaign's reach cost ...</summary>
    public double SmallestBudgetShare { get; init; } = 0.2;

    /// <summary>... and at most this.</summary>
    public double LargestBudgetShare { get; init; } = 0.55;

    /// <summary>By how much a CPC limit stays below, and a CTR limit above, what the budget alone would reach: at least ...</summary>
    public double SmallestKpiStep { get; init; } = 0.05;

    /// <summary>... and at most.</summary>
    public double LargestKpiStep { get; init; } = 0.2;

    /// <summary>Rounds in which every campaign answers the others' bids.</summary>
    public int Rounds { get; init; } = 4;

    /// <summary>Part of the planned day's traffic that the history holds, above 0: budgets are for a whole day.</summary>
    public double HistoryShare { get; init; } = 1;
}
