using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;
using RecallCluster.Bidding.Replay;
using RecallCluster.Bidding.Training;
using RecallCluster.Numerics;

namespace RecallCluster.Simulation.Bidding;

/// <summary>
/// Days of simulated campaigns whose optimal weights differ from day to day as much as <see cref="CampaignDaysOptions.Deviations"/> says.
/// Every campaign has its own level of prices and click probabilities, a daily rhythm of traffic, prices and clicks that lasts, and each
/// day a level and a wandering of its own that nobody knows beforehand.
/// </summary>
public sealed class CampaignDays : ITrainingDays
{
    private readonly CampaignDaysOptions _options;

    /// <summary>Days with these options.</summary>
    public CampaignDays(CampaignDaysOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
    }

    /// <inheritdoc/>
    public int KpiCount => _options.Product.KpiCount;

    /// <inheritdoc/>
    public BidDay Draw(SeededRandom random) => Draw(random, _options.Deviations[random.NextInt(_options.Deviations.Count)], 1)[0];

    /// <summary>Some days in a row of one new campaign, all begun with the optimum of the day before the first.</summary>
    /// <param name="random">Source of randomness.</param>
    /// <param name="deviation">
    /// Standard deviation of the logarithm of prices and click probabilities from day to day, and again within the day.
    /// </param>
    /// <param name="days">Number of days.</param>
    public BidDay[] Draw(SeededRandom random, double deviation, int days)
    {
        ArgumentNullException.ThrowIfNull(random);
        ArgumentOutOfRangeException.ThrowIfNegative(deviation);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(days);
        var campaign = new SimulatedCampaign(_options, random);
        SimulatedDay yesterday = campaign.NextDay(deviation);
        CampaignGoal goal = Goal(yesterday, random);
        BidSolution known = BidSolver.Solve(new BidProblem(yesterday.Log, goal));
        var drawn = new BidDay[days];
        for (int d = 0; d < days; d++)
        {
            SimulatedDay day = campaign.NextDay(deviation);
            drawn[d] = new BidDay(day.Log, day.Starts, campaign.Elapsed, goal, known.Weights, yesterday.Log);
        }
        return drawn;
    }

    /// <summary>Budget and limits that bind, or nearly do, on a day like yesterday.</summary>
    private CampaignGoal Goal(SimulatedDay yesterday, SeededRandom random)
    {
        double cost = 0;
        foreach (double c in yesterday.Log.Cost)
            cost += c;
        double budget = cost * Math.Exp(Uniform(random, Math.Log(_options.SmallestBudgetShare), Math.Log(_options.LargestBudgetShare)));
        if (KpiCount == 0)
            return _options.Product.Goal(budget);
        // Loose enough not to bind: what the budget alone would reach.
        CampaignGoal loose = _options.Product.Goal(budget, cpc: 1e9, ctr: 1e-9);
        KpiOutcome free = BidSolver.Solve(new BidProblem(yesterday.Log, loose)).Kpis[0];
        return _options.Product.Goal(budget, cpc: free.Ratio * Uniform(random, 0.7, 1.05), ctr: Uniform(random, 0.95, 1.3) / free.Ratio);
    }

    private static double Uniform(SeededRandom random, double low, double high) => low + ((high - low) * random.NextDouble());
}

/// <summary>Settings of <see cref="CampaignDays"/>.</summary>
public sealed record CampaignDaysOptions
{
    /// <summary>What the campaigns buy.</summary>
    public required BidProduct Product { get; init; }

    /// <summary>Levels of deviation that <see cref="CampaignDays.Draw(SeededRandom)"/> draws from.</summary>
    public IReadOnlyList<double> Deviations { get; init; } = [0.02, 0.1, 0.25];

    /// <summary>How prices are spread.</summary>
    public PriceShape Prices { get; init; } = PriceShape.LogNormal;

    /// <summary>Expected auctions of a day.</summary>
    public int Auctions { get; init; } = 8000;

    /// <summary>Ticks of a day; 48 are half hours.</summary>
    public int Ticks { get; init; } = 48;

    /// <summary>Budgets are drawn from this share of yesterday's total cost ...</summary>
    public double SmallestBudgetShare { get; init; } = 1.0 / 32;

    /// <summary>... to this, evenly in the logarithm.</summary>
    public double LargestBudgetShare { get; init; } = 0.5;
}
