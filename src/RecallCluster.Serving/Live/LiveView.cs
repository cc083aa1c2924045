using System.Reflection;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Gateway;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.Replicas;

namespace RecallCluster.Serving.Live;

/// <summary>What is going on around a gateway of this process.</summary>
internal sealed class LiveView(GatewayLoopParts parts, AdGateway gateway, ValueRecallSampler? sampler) : ILiveView
{
    private const int MostCampaigns = 100;

    private static readonly string Software =
        typeof(LiveView).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";

    /// <inheritdoc/>
    public async ValueTask<LiveSnapshot> SnapshotAsync(CancellationToken cancellation)
    {
        IReadOnlyList<CampaignView> campaigns = await parts.Figures.TopAsync(MostCampaigns, cancellation).ConfigureAwait(false);
        (LiveTraffic traffic, double scored, double coverage) = gateway.Traffic.Read();
        RetrieverSummary? summary = parts.Retriever.Summary;
        LoopShard[] current = [.. parts.Market.Shards.Where(shard => shard.Version == summary?.Version)];
        return new LiveSnapshot
        {
            At = parts.BusinessClock.GetUtcNow(),
            Traffic = traffic,
            Retrieval = new LiveRetrieval(summary?.Ads ?? 0, scored, coverage, sampler?.Value),
            Market = await parts.Figures.MarketAsync(cancellation).ConfigureAwait(false),
            Campaigns = campaigns,
            Calibration = await parts.Figures.CalibrationAsync(cancellation).ConfigureAwait(false),
            Shards = [.. current.Select(ViewOf)],
            Background =
                [.. parts.Background.Parts.Select(p => new LiveBackground(p.Part, p.Failures, p.IsFailing, p.LastFailure.Message))],
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
