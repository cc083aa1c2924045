using System.Reflection;
using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Gateway;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.Replicas;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Live;

/// <summary>What is going on in a closed loop of this process.</summary>
internal sealed class LiveView(
    ServingState state, AdGateway gateway, AdRetriever retriever, ValueRecallSampler? sampler, TimeProvider businessClock,
    Func<IReadOnlyList<LoopShard>> shards) : ILiveView
{
    private const int MostCampaigns = 100;

    private static readonly LedgerOutcome[] Refusals =
        [LedgerOutcome.Late, LedgerOutcome.UnknownLease, LedgerOutcome.OutsideLease, LedgerOutcome.StaleGateway,
            LedgerOutcome.UnknownCampaign];

    private static readonly string Software =
        typeof(LiveView).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";

    /// <inheritdoc/>
    public async ValueTask<LiveSnapshot> SnapshotAsync(CancellationToken cancellation)
    {
        IReadOnlyList<CampaignView> campaigns = await state.Campaigns.TopAsync(MostCampaigns, cancellation).ConfigureAwait(false);
        (LiveTraffic traffic, double scored, double coverage) = gateway.Traffic.Read();
        RetrieverSummary? summary = retriever.Summary;
        LoopShard[] current = [.. shards().Where(shard => shard.Version == summary?.Version)];
        FeedbackTally tally = state.Feedback.Tally;
        return new LiveSnapshot
        {
            At = businessClock.GetUtcNow(),
            Traffic = traffic,
            Retrieval = new LiveRetrieval(summary?.Ads ?? 0, scored, coverage, sampler?.Value),
            Market = new LiveMarket(
                (double)tally.Charged.Value / Micros.PerUnit,
                tally.Applied(AdEventKind.Impression), tally.Applied(AdEventKind.Click), tally.Applied(AdEventKind.Conversion),
                tally.CountOf(LedgerOutcome.Duplicate), Refusals.Sum(tally.CountOf), tally.FreeEvents),
            Campaigns = campaigns,
            Calibration = state.Calibrator.Live,
            Shards = [.. current.Select(ViewOf)],
            Background =
                [.. state.Background.Parts.Select(p => new LiveBackground(p.Part, p.Failures, p.IsFailing, p.LastFailure.Message))],
            Versions = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["model"] = current is [{ } first, ..] ? first.Index.Metadata.ModelFingerprint : "",
                ["index"] = summary?.Version ?? "",
                ["book"] = gateway.BookVersion.ToString(),
                ["software"] = Software,
            },
        };
    }

    private static LiveShard ViewOf(LoopShard shard) => new(
        shard.Number, shard.Ads,
        shard.Shard is ReplicatedShard replicated ? replicated.Live
            : shard.Local is { } local ? [local.Live(shard.Version)] : []);
}
