using RecallCluster.Http.Admin;
using RecallCluster.Serving.Live;

namespace RecallCluster.Http.Live;

/// <summary>Body of <c>GET /v1/live</c> and of the stream's events. Campaigns as the campaign routes show them; money in units of the currency.</summary>
internal sealed record LiveBody(
    DateTimeOffset At, LiveTraffic Traffic, LiveRetrieval Retrieval, LiveMarket Market, CampaignViewBody[] Campaigns, LiveCalibration Calibration,
    IReadOnlyList<LiveShard> Shards, IReadOnlyDictionary<string, string> Versions)
{
    public static LiveBody Of(LiveSnapshot snapshot) => new(
        snapshot.At, snapshot.Traffic, snapshot.Retrieval, snapshot.Market, [.. snapshot.Campaigns.Select(CampaignBodyMap.BodyOf)],
        snapshot.Calibration, snapshot.Shards, snapshot.Versions);
}
