using System.Text.Json.Serialization;
using RecallCluster.Cli.Reports;
using RecallCluster.Learning.Evaluation;

namespace RecallCluster.Cli.Workflows;

/// <summary>What the demonstration showed.</summary>
internal sealed record DemoReport(
    ulong Seed, bool Quick, string Directory, DemoRetrieval Retrieval, DemoServing Serving, DemoCalibration Calibration,
    DemoBidding Bidding,
    DemoMarket Market, DemoFeedback Feedback, DemoAblation[] Ablation, TrainedModel[] Models, DemoTimings Timings)
{
    /// <summary>What the cluster did; null where the front door was one process.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DemoCluster? Cluster { get; init; }
}

/// <summary>The cluster that a day went through.</summary>
/// <param name="Silos">Silos, each with a front door.</param>
/// <param name="Coverage">Share of all ads that stand on shards that answered.</param>
/// <param name="Rebalanced">What became of a killed silo's share of the work.</param>
internal sealed record DemoCluster(int Silos, DemoCoverage Coverage, DemoRebalanced Rebalanced);

/// <summary>Coverage of the answers.</summary>
/// <param name="Lowest">The lowest of all answers.</param>
/// <param name="AtEnd">Of the last answer.</param>
/// <param name="Answers">Answers.</param>
/// <param name="Partial">Those of less than all ads.</param>
internal sealed record DemoCoverage(double Lowest, double AtEnd, int Answers, int Partial);

/// <summary>What moved after a silo was killed (kill -9). Times are real, from the kill.</summary>
/// <param name="Silo">The silo.</param>
/// <param name="ShardReplicas">Replicas of shards that it held and that were placed again on others.</param>
/// <param name="Campaigns">Grains of campaigns that it held and that are up again, wherever.</param>
/// <param name="SecondsToPlace">Until every shard had all of its replicas again, on the silos that were left or on the returned
/// one.</param>
/// <param name="SecondsToFullCoverage">Until the last answer of less than all ads; 0 where there was none.</param>
/// <param name="SecondsToReturn">Until the silo was back and ready, and seen by all.</param>
internal sealed record DemoRebalanced(
    string Silo, int ShardReplicas, int Campaigns, double? SecondsToPlace, double SecondsToFullCoverage, double SecondsToReturn);

/// <summary>Whether click probabilities came true: Cal-N (0 is perfect) against the true probabilities of what was shown.</summary>
/// <param name="CalNBefore">Of the model's raw probabilities, over 20 clusters of equally many impressions by prediction.</param>
/// <param name="CalNAfter">Of those that were bid with.</param>
/// <param name="CampaignCalNBefore">Of the raw ones, over campaigns.</param>
/// <param name="CampaignCalNAfter">Of those that were bid with, over campaigns.</param>
/// <param name="Pcoc">Predicted over true clicks.</param>
internal sealed record DemoCalibration(
    double? CalNBefore, double? CalNAfter, double? CampaignCalNBefore, double? CampaignCalNAfter, double Pcoc);

/// <summary>How the campaigns fared.</summary>
/// <param name="Campaigns">Campaigns.</param>
/// <param name="Ratio">R/R*: value won over the value of each campaign's optimum, over all campaigns; what is won beyond it does not
/// count.</param>
/// <param name="MeanRatio">Mean of the campaigns' own R/R*.</param>
/// <param name="MedianRatio">Their median.</param>
/// <param name="Score">
/// Mean of R/R* that counts 1 at most, times (limit/KPI)^2 where a KPI is missed: what is won by missing a KPI does not count.
/// </param>
/// <param name="Overspend">Money charged beyond budgets; 0.</param>
/// <param name="BudgetBoundShare">
/// Share of the campaigns whose budget binds at the optimum: in the market as it was planned, of which every auction is known.
/// </param>
/// <param name="KpiBoundShare">Share of the campaigns one of whose KPIs binds there.</param>
/// <param name="DayBudgetBoundShare">
/// The same on the day itself, by the sample of those auctions in which a campaign bid; too few of them count as not bound.
/// </param>
/// <param name="DayKpiBoundShare">The same of the KPIs.</param>
/// <param name="KpiKeptShare">Share of the campaigns with a KPI that got it up to 10 %, by true click probabilities.</param>
/// <param name="SpentShare">Spent over budgets.</param>
/// <param name="Evenness">1 where every campaign's money was spent as the traffic came, 0 where all at once.</param>
internal sealed record DemoBidding(
    int Campaigns, double? Ratio, double? MeanRatio, double? MedianRatio, double? Score, double Overspend,
    double BudgetBoundShare, double KpiBoundShare,
    double? DayBudgetBoundShare, double? DayKpiBoundShare,
    double? KpiKeptShare, double? SpentShare, double? Evenness);

/// <summary>What was sold, in units of the currency.</summary>
/// <param name="Revenue">Charged.</param>
/// <param name="Impressions">Shown.</param>
/// <param name="Clicks">Clicked.</param>
/// <param name="Conversions">Converted.</param>
/// <param name="Ctr">Clicks over impressions.</param>
/// <param name="TrueCtr">The same with true probabilities in place of what happened.</param>
/// <param name="Rpm">Revenue of a thousand impressions.</param>
/// <param name="RequestRpm">Revenue of a thousand requests.</param>
/// <param name="RequestWorth">What a thousand requests' clicks or conversions are worth to advertisers, by true probabilities.</param>
/// <param name="AdvertiserRoi">What the clicks or conversions are worth over what was paid.</param>
/// <param name="FillRate">Share of the requests that got an ad.</param>
internal sealed record DemoMarket(
    double Revenue, long Impressions, long Clicks, long Conversions, double? Ctr, double? TrueCtr, double? Rpm, double? RequestRpm,
    double? RequestWorth, double? AdvertiserRoi, double? FillRate);

/// <summary>Feedback that was sent through a front door which was killed on the way.</summary>
/// <param name="Sent">Times that an event was sent, duplicates included.</param>
/// <param name="Applied">Events applied.</param>
/// <param name="Duplicates">Events that had been applied before.</param>
/// <param name="Refused">Events refused.</param>
/// <param name="Lost">Events never acknowledged; 0.</param>
/// <param name="Kills">Times that the front door was killed.</param>
/// <param name="SecondsAway">How long it was away, real time.</param>
/// <param name="RequestsUnanswered">Requests that got no answer, nearly all of them while it was away.</param>
/// <param name="LedgersThatDiffer">Campaigns whose ledger is not what was acknowledged; none.</param>
internal sealed record DemoFeedback(
    long Sent, long Applied, long Duplicates, long Refused, long Lost, int Kills, double SecondsAway, int RequestsUnanswered,
    IReadOnlyList<long> LedgersThatDiffer);

/// <summary>The same day with one part switched off; a thinner day, the same for all.</summary>
/// <param name="Off">What is off; "nothing" for the day that the others are held against.</param>
/// <param name="Requests">Requests of the day.</param>
/// <param name="Bidding">How the campaigns fared.</param>
/// <param name="Market">What was sold.</param>
/// <param name="Calibration">Whether predictions came true.</param>
/// <param name="Latency">What an answer took, in this process and without HTTP.</param>
/// <param name="Change">What is different from the day with all parts on; null for that day itself.</param>
internal sealed record DemoAblation(
    string Off, int Requests, DemoBidding Bidding, DemoMarket Market, DemoCalibration Calibration, Latencies Latency, DemoChange? Change)
{
    public const string Nothing = "nothing", GuidedRetrieval = "guided retrieval", WithoutCalibration = "calibration";
    public const string Controller = "controller";

    /// <summary>What is switched off, one after the other.</summary>
    public static IReadOnlyList<string> All { get; } = [Nothing, GuidedRetrieval, WithoutCalibration, Controller];
}

/// <summary>A day less another one with the same requests, with 95 % intervals: what is 0 within its interval may be chance.</summary>
/// <param name="Worth">What advertisers got from a thousand requests, in units of the currency, paired over requests.</param>
/// <param name="WorthShare">The same as a share of the other day's.</param>
/// <param name="Score">
/// The campaigns' scores (<see cref="DemoBidding.Score"/>), paired over campaigns; null where the days' predictions differ, of which each
/// day's optimum is made.
/// </param>
internal sealed record DemoChange(MeanInterval Worth, double? WorthShare, MeanInterval? Score);

/// <summary>Recall on the held-out clicks of the test users.</summary>
/// <param name="Recall">Of the guided search.</param>
/// <param name="ExhaustiveRecall">Of scoring every ad with the same model.</param>
/// <param name="RelativeRecall">The one over the other.</param>
/// <param name="ScoredFraction">Share of the ads that the guided search scored.</param>
/// <param name="Scorings">Mean scorings a request.</param>
/// <param name="TopKOverlap">Share of the model's K best that the guided search found.</param>
/// <param name="TwoTowerRecall">Of scoring every ad with the vector model.</param>
/// <param name="VersusTwoTower">Guided recall less the two-tower's, paired over users, with its 95 % interval.</param>
/// <param name="K">Ads wanted.</param>
/// <param name="Items">Ads there are.</param>
/// <param name="Users">Test users.</param>
internal sealed record DemoRetrieval(
    double Recall,
    double ExhaustiveRecall,
    double RelativeRecall,
    double ScoredFraction,
    double Scorings,
    double TopKOverlap,
    double TwoTowerRecall,
    MeanInterval? VersusTwoTower,
    int K,
    int Items,
    int Users);

/// <summary>The served day's requests through the real front door, client and server on the same machine.</summary>
/// <param name="Requests">Requests sent.</param>
/// <param name="Errors">Requests that got no answer while the front door was there.</param>
/// <param name="FirstError">The first of these, or null.</param>
/// <param name="P50Ms">Median latency of the answered ones.</param>
/// <param name="P90Ms">90th percentile.</param>
/// <param name="P99Ms">99th percentile.</param>
/// <param name="RequestsPerSecond">Mean over the day, as the traffic came; not the door's capacity.</param>
/// <param name="Shards">Shards.</param>
internal sealed record DemoServing(
    int Requests, int Errors, string? FirstError, double P50Ms, double P90Ms, double P99Ms, double RequestsPerSecond, int Shards);

/// <summary>Seconds by stage.</summary>
internal sealed record DemoTimings(
    double WorldSeconds, double TrainSeconds, double IndexSeconds, double TuneSeconds, double EvalSeconds, double HistorySeconds,
    double ServeSeconds,
    double AblationSeconds, double TotalSeconds);
