namespace RecallCluster.Serving.Rollouts;

/// <summary>Sums over campaigns whose sampled auctions were replayed by the running actors and by new ones.</summary>
public sealed record ActorTally
{
    /// <summary>Campaigns compared.</summary>
    public int Campaigns { get; init; }

    /// <summary>Auctions replayed.</summary>
    public long Auctions { get; init; }

    /// <summary>
    /// Scores of the running actors. A campaign's is its value over the optimum's, times min(1, limit / KPI)^2 for every KPI, at most 1.
    /// </summary>
    public double RunningScore { get; init; }

    /// <summary>Scores of the new ones.</summary>
    public double NewScore { get; init; }

    /// <summary>By how much the running ones broke KPIs, relative to the limits; at most 1 each.</summary>
    public double RunningBreach { get; init; }

    /// <summary>By how much the new ones did.</summary>
    public double NewBreach { get; init; }

    /// <summary>Why a new actor could not decide; null where all could.</summary>
    public string? Failure { get; init; }

    /// <summary>Score of the new ones, to that of the running ones; 1 where those have none.</summary>
    public double Score => RunningScore > 0 ? NewScore / RunningScore : 1;

    /// <summary>By how much the new ones broke KPIs more, on the average campaign.</summary>
    public double BreachIncrease => Campaigns == 0 ? 0 : (NewBreach - RunningBreach) / Campaigns;

    /// <summary>The figures by name, for people.</summary>
    internal Dictionary<string, double> Figures => new()
    {
        ["campaigns"] = Campaigns,
        ["auctions"] = Auctions,
        ["score"] = Score,
        ["runningScore"] = Campaigns == 0 ? 0 : RunningScore / Campaigns,
        ["breachIncrease"] = BreachIncrease,
    };

    /// <summary>Both together.</summary>
    internal ActorTally Plus(ActorTally other) => new()
    {
        Campaigns = Campaigns + other.Campaigns,
        Auctions = Auctions + other.Auctions,
        RunningScore = RunningScore + other.RunningScore,
        NewScore = NewScore + other.NewScore,
        RunningBreach = RunningBreach + other.RunningBreach,
        NewBreach = NewBreach + other.NewBreach,
        Failure = Failure ?? other.Failure,
    };
}
