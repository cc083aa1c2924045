using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;

namespace RecallCluster.Bidding.Control;

/// <summary>What a controller is made for.</summary>
/// <param name="Goal">The campaign's KPIs and its usual budget (the day's is in the state).</param>
/// <param name="Start">Weights to begin with: yesterday's optimum.</param>
/// <param name="History">Yesterday's auctions, or null when there are none; models of how the campaign responds are fitted to them.</param>
public sealed record ControllerSetting(CampaignGoal Goal, BidWeights Start, AuctionLog? History = null);
