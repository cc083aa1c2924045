using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;

namespace RecallCluster.Serving.Campaigns;

/// <summary>How a campaign did on a day, against the best it could have done with the same auctions known in advance.</summary>
public sealed record CampaignDayReport
{
    /// <summary>The day, in the campaign's time zone.</summary>
    public required DateOnly Date { get; init; }

    /// <summary>
    /// What the day was to spend, by its own budget and the flight's, or of a day that is not over the part of it that its course was
    /// worth, in units of the currency.
    /// </summary>
    public required double Budget { get; init; }

    /// <summary>What was charged.</summary>
    public required double Spent { get; init; }

    /// <summary>Auctions in which it could have bid.</summary>
    public required long Auctions { get; init; }

    /// <summary>Auctions won.</summary>
    public required long Wins { get; init; }

    /// <summary>R: the value of what it won.</summary>
    public required double Value { get; init; }

    /// <summary>R*: the value of the optimum over the sampled auctions, scaled to all of them; 0 without a sample.</summary>
    public required double OptimalValue { get; init; }

    /// <summary>The optimum's weights: w0, then one for each KPI; empty without a sample.</summary>
    public required IReadOnlyList<double> OptimalWeights { get; init; }

    /// <summary>Whether the budget binds at the optimum: more of it would bring more.</summary>
    public required bool IsBudgetBound { get; init; }

    /// <summary>Whether a KPI binds at the optimum.</summary>
    public required bool IsKpiBound { get; init; }

    /// <summary>The KPIs as the controller saw them: expected cost, or impressions, over predicted clicks.</summary>
    public required IReadOnlyList<KpiView> Kpis { get; init; }

    /// <summary>R/R*; NaN without a sample.</summary>
    public double Ratio => OptimalValue > 0 ? Value / OptimalValue : double.NaN;

    /// <summary>Fewest sampled auctions that an optimum is made from.</summary>
    internal const int FewestAuctions = 50;

    /// <summary>The report of a day.</summary>
    internal static CampaignDayReport Of(DaySample day)
    {
        ReadOnlySpan<KpiConstraint> kpis = day.Goal.Kpis;
        var views = new KpiView[kpis.Length];
        for (int j = 0; j < views.Length; j++)
        {
            double denominator = day.Total.Denominator(j);
            views[j] = new KpiView(kpis[j].Name, denominator > 0 ? day.Total.Numerator(j) / denominator : double.NaN, kpis[j].Limit);
        }
        AuctionLog log = SampleChunk.Join(day.Product, day.Chunks, out double weight);
        BidSolution? optimum = log.Count < FewestAuctions ? null
            : BidSolver.Solve(new BidProblem(log, day.Goal.WithBudget(day.Goal.Budget / weight)));
        return new CampaignDayReport
        {
            Date = day.Date,
            Budget = day.Goal.Budget,
            Spent = day.Total.Spent,
            Auctions = day.Total.Auctions,
            Wins = day.Total.Wins,
            Value = day.Total.Value,
            OptimalValue = optimum is null ? 0 : optimum.Value * weight,
            OptimalWeights = optimum is null ? [] : FiniteWeights.Of(optimum.Weights, log, []),
            IsBudgetBound = optimum?.BudgetMultiplier > 0,
            IsKpiBound = optimum?.Kpis.Any(kpi => kpi.Multiplier > 0) ?? false,
            Kpis = views,
        };
    }
}

/// <summary>A day's auctions and sums, taken out of its campaign to be judged elsewhere.</summary>
/// <param name="Date">The day.</param>
/// <param name="Product">What was bought.</param>
/// <param name="Goal">Budget and KPIs.</param>
/// <param name="Total">What happened.</param>
/// <param name="Chunks">Sampled auctions.</param>
internal sealed record DaySample(DateOnly Date, BidProduct Product, CampaignGoal Goal, TickSums Total, IReadOnlyList<SampleChunk> Chunks);
