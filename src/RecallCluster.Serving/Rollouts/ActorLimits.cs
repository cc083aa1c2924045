using static RecallCluster.Serving.Rollouts.LimitWords;

namespace RecallCluster.Serving.Rollouts;

/// <summary>
/// What a new version of actors must show on sampled auctions of the live campaigns, replayed with it and with the running one, before it
/// is used.
/// </summary>
public sealed record ActorLimits
{
    /// <summary>Nothing is replayed.</summary>
    public static ActorLimits None { get; } = new() { Campaigns = 0 };

    /// <summary>
    /// Campaigns that must be compared, of those whose controller it changes; 0 for none: then it is used as soon as it is checked.
    /// </summary>
    public int Campaigns { get; init; } = 1;

    /// <summary>Sampled auctions that must be replayed, over all campaigns.</summary>
    public long Auctions { get; init; } = 500;

    /// <summary>Least score, to that of the running version (<see cref="ActorTally.Score"/>).</summary>
    public double LeastScore { get; init; } = 0.97;

    /// <summary>
    /// By how much KPIs may be broken more than with the running version: excess over the limit, relative to it, on the average campaign.
    /// </summary>
    public double MostBreachIncrease { get; init; } = 0.02;

    /// <summary>How long, by the business clock, a version may wait for enough auctions before it is refused.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Refuses values that make no sense.</summary>
    /// <exception cref="InvalidRequestException">A limit is out of range; the message names it.</exception>
    public void Check()
    {
        Require(Campaigns is >= 0 and <= ActorTrial.MostCampaigns, "shadow.campaigns", $"is 0 to {ActorTrial.MostCampaigns}");
        Require(Auctions is >= 0 and <= 1_000_000_000, "shadow.auctions", "is 0 to 1000000000");
        Require(LeastScore is >= 0 and <= 2, "shadow.leastScore", "is 0 to 2");
        Require(MostBreachIncrease is >= 0 and <= 10, "shadow.mostBreachIncrease", "is 0 to 10");
        RequireTime(Patience, "shadow.patience");
    }

    /// <summary>Judges a version by what was replayed.</summary>
    internal RolloutVerdict Judge(ActorTally tally)
    {
        bool isEnough = tally.Campaigns >= Campaigns && tally.Auctions >= Auctions;
        string? refusal = tally.Failure is { } failure ? failure
            : Campaigns == 0 || !isEnough ? null
            : !(tally.Score >= LeastScore) ? Said("score", tally.Score, $"at least {Text(LeastScore)}")
            : !(tally.BreachIncrease <= MostBreachIncrease)
                ? Said("breachIncrease", tally.BreachIncrease, $"at most {Text(MostBreachIncrease)}")
            : null;
        return new RolloutVerdict(refusal, Campaigns == 0 || isEnough, tally.Figures);
    }
}
