using RecallCluster.Learning.Evaluation;

namespace RecallCluster.Cli.Workflows;

/// <summary>One way to retrieve, measured by the value of what it found.</summary>
/// <param name="Method">exhaustive, value-aware or interest.</param>
/// <param name="Requests">Requests (test users).</param>
/// <param name="K">Ads handed to the auction.</param>
/// <param name="HandedOver">Ads that retrieval returned; of more than K, those of highest value were kept.</param>
/// <param name="Scorings">Mean scorings of a request.</param>
/// <param name="ValueRecall">Value of the K found over that of the K best of all ads; bootstrap interval over requests.</param>
/// <param name="SlotRecall">The same for as many of the best as there are slots.</param>
/// <param name="VersusInterest">
/// <see cref="ValueRecall"/> less that of interest-only retrieval of K ads at the same budget, paired over requests; null for others.
/// </param>
/// <param name="SlotsVersusInterest">The same for <see cref="SlotRecall"/>.</param>
/// <param name="MsPerRequest">Mean time of a search, with one on every thread; the user's state not included.</param>
internal sealed record ValueRow(
    string Method,
    int Requests,
    int K,
    int HandedOver,
    double Scorings,
    MeanInterval ValueRecall,
    MeanInterval SlotRecall,
    MeanInterval? VersusInterest,
    MeanInterval? SlotsVersusInterest,
    double MsPerRequest)
{
    public const string Exhaustive = "exhaustive";
    public const string ValueAware = "value-aware";
    public const string Interest = "interest, then re-ranked";
}

/// <summary>What <c>eval retrieval --objective value</c> found.</summary>
/// <param name="Dataset">Name of the data set.</param>
/// <param name="Ads">Number of ads.</param>
/// <param name="Campaigns">Number of campaigns.</param>
/// <param name="Bids">Where their bids come from.</param>
/// <param name="PerCampaign">Most ads of one campaign among the K; null for no bound.</param>
/// <param name="ClickRate">Mean click probability of the K ads of highest interest, where the market brings no calibration.</param>
/// <param name="ClickSlope">What a unit of the model's score adds to the logit of a click; null where the market brings
/// calibration.</param>
/// <param name="Slots">Slots of an auction.</param>
/// <param name="Rows">By budget.</param>
internal sealed record ValueReport(
    string Dataset, int Ads, int Campaigns, string Bids, int? PerCampaign, double ClickRate, double? ClickSlope, int Slots,
    ValueRow[] Rows);
