using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;

namespace RecallCluster.Simulation.Traffic;

/// <summary>What a campaign asks for, and where its bidding begins. Money is in units of the currency.</summary>
/// <param name="Id">The campaign.</param>
/// <param name="Product">Objective and KPI.</param>
/// <param name="Pricing">What is charged: a click or an impression.</param>
/// <param name="Budget">Budget of a day.</param>
/// <param name="MaxCpc">Highest cost per click, where the product bounds it.</param>
/// <param name="MinCtr">Lowest CTR, where the product bounds it.</param>
/// <param name="MaxBid">Highest bid for one impression.</param>
/// <param name="Start">The optimum of the day that the plan was made on.</param>
public sealed record CampaignPlan(
    long Id, BidProduct Product, PricingModel Pricing, double Budget, double? MaxCpc, double? MinCtr, double MaxBid, BidWeights Start)
{
    /// <summary>Budget and KPIs as the bidding takes them.</summary>
    public CampaignGoal Goal => Product.Goal(Budget, MaxCpc ?? double.NaN, MinCtr ?? double.NaN);

    /// <summary>The same for a part of a day's traffic: limits on ratios stay, money shrinks.</summary>
    /// <param name="share">Share of the traffic, above 0.</param>
    public CampaignPlan Scaled(double share) => this with { Budget = Budget * share };
}
