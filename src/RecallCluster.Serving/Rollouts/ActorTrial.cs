using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;
using RecallCluster.Bidding.Replay;
using RecallCluster.Serving.Campaigns;

namespace RecallCluster.Serving.Rollouts;

/// <summary>A campaign's sampled auctions, to be replayed with two versions of its controller's actor.</summary>
/// <param name="Controller">The controller, one that is trained.</param>
/// <param name="Product">What is bought.</param>
/// <param name="Goal">Budget and KPIs.</param>
/// <param name="Chunks">The auctions.</param>
/// <param name="History">Those of the day before; may be none.</param>
/// <param name="Start">Weights to begin with.</param>
/// <param name="Ticks">Ticks of a day.</param>
internal sealed record ActorTrial(
    string Controller, BidProduct Product, CampaignGoal Goal, IReadOnlyList<SampleChunk> Chunks, IReadOnlyList<SampleChunk> History,
    double[] Start, int Ticks)
{
    /// <summary>Most campaigns that are compared: replaying one takes milliseconds.</summary>
    public const int MostCampaigns = 256;

    /// <summary>The campaigns that can be compared, in the order that they are asked in: those first that spend the most.</summary>
    public static IEnumerable<TCampaign> InOrder<TCampaign>(
        IEnumerable<TCampaign> campaigns, Func<TCampaign, string> controllerOf, Func<TCampaign, long> spentOf) =>
        campaigns.Where(campaign => ControllerCatalogue.IsTrained(controllerOf(campaign))).OrderByDescending(spentOf);

    /// <summary>Replays them.</summary>
    /// <returns>
    /// What came of it; nothing where both versions are the same to the campaign, or too few auctions were sampled. A running version that
    /// cannot decide scores nothing and breaks KPIs as the new one does: it must not stand in the way of what replaces it.
    /// </returns>
    public ActorTally Run(BidControllers running, BidControllers candidate) =>
        Run(running.For(Controller, Product.Name), candidate.For(Controller, Product.Name));

    /// <inheritdoc cref="Run(BidControllers, BidControllers)"/>
    public ActorTally Run(IBidControllerFactory old, IBidControllerFactory changed)
    {
        AuctionLog log = SampleChunk.Join(Product, Chunks, out double weight);
        if (ReferenceEquals(old, changed) || log.Count < CampaignDayReport.FewestAuctions || Goal.Budget <= 0)
            return new ActorTally();
        AuctionLog? history = SampleChunk.JoinAny(Product, History);
        var day = BidDay.ByShare(log, Ticks, Goal.WithBudget(Goal.Budget / weight), FiniteWeights.Read(Start), history);
        if (Played(day, changed, out string? failure) is not { } after)
            return new ActorTally { Failure = $"{ControllerCatalogue.FileStem(Controller, Product.Name)}: {failure}" };
        ReplayOutcome? before = Played(day, old, out _);
        return new ActorTally
        {
            Campaigns = 1,
            Auctions = log.Count,
            RunningScore = before is null ? 0 : ScoreOf(before),
            NewScore = ScoreOf(after),
            RunningBreach = BreachOf(before ?? after),
            NewBreach = BreachOf(after),
        };
    }

    /// <summary>The day as a controller plays it; null where it comes to weights that are no numbers, which nobody can bid with.</summary>
    private static ReplayOutcome? Played(BidDay day, IBidControllerFactory maker, out string? failure)
    {
        try
        {
            failure = null;
            return DayReplay.Run(day, maker.Create(day.Setting));
        }
        catch (ArgumentException e)
        {
            failure = e.Message;
            return null;
        }
    }

    // A broken KPI can bring a multiple of what the optimum may: one such campaign must not outweigh all others.
    private static double ScoreOf(ReplayOutcome outcome) => Math.Min(1, outcome.PenalizedRatio);

    private static double BreachOf(ReplayOutcome outcome) => outcome.Kpis.Sum(kpi => Math.Min(1, kpi.Violation));
}
