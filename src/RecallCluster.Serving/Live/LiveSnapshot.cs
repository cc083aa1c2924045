using RecallCluster.Bidding.Money;
using RecallCluster.Calibration.Metrics;
using RecallCluster.Serving.Feedback;

namespace RecallCluster.Serving.Live;

/// <summary>What is going on, for dashboards and <c>recall top</c>.</summary>
public sealed record LiveSnapshot
{
    /// <summary>The business clock.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Requests and their latency over the last seconds.</summary>
    public required LiveTraffic Traffic { get; init; }

    /// <summary>How the ads were found.</summary>
    public required LiveRetrieval Retrieval { get; init; }

    /// <summary>Money and events, since the process began.</summary>
    public required LiveMarket Market { get; init; }

    /// <summary>Campaigns with the highest spend of today, at most a hundred.</summary>
    public required IReadOnlyList<Campaigns.CampaignView> Campaigns { get; init; }

    /// <summary>Whether probabilities mean what they say.</summary>
    public required LiveCalibration Calibration { get; init; }

    /// <summary>The shards and who answers for them.</summary>
    public required IReadOnlyList<LiveShard> Shards { get; init; }

    /// <summary>Background work that ever failed in this process.</summary>
    public IReadOnlyList<LiveBackground> Background { get; init; } = [];

    /// <summary>What runs: names of versions by part ("model", "index", "book", "software").</summary>
    public required IReadOnlyDictionary<string, string> Versions { get; init; }
}

/// <summary>Background work that failed.</summary>
/// <param name="Part">Which.</param>
/// <param name="Failures">How often, since the process began.</param>
/// <param name="IsFailing">Whether it failed the last time.</param>
/// <param name="LastFailure">Why, the last time that it did.</param>
public sealed record LiveBackground(string Part, long Failures, bool IsFailing, string LastFailure);

/// <summary>Requests over the last ten seconds.</summary>
/// <param name="RequestsPerSecond">Answered.</param>
/// <param name="ErrorsPerSecond">Failed.</param>
/// <param name="ShedPerSecond">Turned away.</param>
/// <param name="P50Ms">Median latency.</param>
/// <param name="P99Ms">99th percentile.</param>
/// <param name="StageMs">Mean time by stage.</param>
public sealed record LiveTraffic(
    double RequestsPerSecond, double ErrorsPerSecond, double ShedPerSecond, double P50Ms, double P99Ms,
    IReadOnlyDictionary<string, double> StageMs);

/// <summary>How ads were found over the last ten seconds.</summary>
/// <param name="Ads">Ads in all.</param>
/// <param name="ScoredShare">Mean share of them that a request scored.</param>
/// <param name="Coverage">Mean coverage.</param>
/// <param name="ValueRecall">Auction value found over that of scoring every ad, on sampled requests; null when none was sampled.</param>
public sealed record LiveRetrieval(long Ads, double ScoredShare, double Coverage, double? ValueRecall);

/// <summary>Money and events since the process began, in units of the currency.</summary>
/// <param name="Revenue">Charged.</param>
/// <param name="Impressions">Shown.</param>
/// <param name="Clicks">Clicked.</param>
/// <param name="Conversions">Converted.</param>
/// <param name="Duplicates">Events that came again.</param>
/// <param name="Refused">Events of unknown, late or forged origin.</param>
/// <param name="FreeClicks">Clicks that no budget was left for.</param>
public sealed record LiveMarket(
    double Revenue, long Impressions, long Clicks, long Conversions, long Duplicates, long Refused, long FreeClicks)
{
    private static readonly LedgerOutcome[] Refusals =
        [LedgerOutcome.Late, LedgerOutcome.UnknownLease, LedgerOutcome.OutsideLease, LedgerOutcome.StaleGateway,
            LedgerOutcome.UnknownCampaign];

    /// <summary>What a tally says.</summary>
    internal static LiveMarket Of(FeedbackTally tally) => new(
        tally.Charged.ToUnits(),
        tally.Applied(AdEventKind.Impression), tally.Applied(AdEventKind.Click), tally.Applied(AdEventKind.Conversion),
        tally.CountOf(LedgerOutcome.Duplicate), Refusals.Sum(tally.CountOf), tally.FreeEvents);
}

/// <summary>Reliability before and after calibration, and by hour.</summary>
/// <param name="Before">Rows of the diagram for raw predictions.</param>
/// <param name="After">Rows for calibrated ones.</param>
/// <param name="PcocByHour">Predicted over observed clicks of each hour of the business day so far.</param>
public sealed record LiveCalibration(
    IReadOnlyList<ReliabilityRow> Before, IReadOnlyList<ReliabilityRow> After, IReadOnlyList<PeriodPcoc> PcocByHour);

/// <summary>A shard.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Ads">Ads that it holds.</param>
/// <param name="Replicas">Who answers for it.</param>
public sealed record LiveShard(int Number, int Ads, IReadOnlyList<LiveReplica> Replicas);

/// <summary>One that answers for a shard.</summary>
/// <param name="Address">Where: "in process", or a URL.</param>
/// <param name="State">"healthy", "suspect" or "down".</param>
/// <param name="Version">The version that it holds.</param>
/// <param name="InFlight">Requests that it is answering.</param>
/// <param name="P95Ms">95th percentile of its answers.</param>
public sealed record LiveReplica(string Address, string State, string Version, int InFlight, double P95Ms);

/// <summary>Says what is going on. Thread-safe.</summary>
public interface ILiveView
{
    /// <summary>The state of now; cheap enough to ask every second.</summary>
    ValueTask<LiveSnapshot> SnapshotAsync(CancellationToken cancellation);
}
