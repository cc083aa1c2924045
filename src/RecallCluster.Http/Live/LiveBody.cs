using RecallCluster.Http.Admin;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Live;

namespace RecallCluster.Http.Live;

/// <summary>
/// Body of <c>GET /v1/live</c> and of the stream's events. Campaigns as the campaign routes show them, but for their
/// history and for settings that no watcher shows, which it fetches for the one that it looks at; money in units of the currency.
/// </summary>
internal sealed record LiveBody(
    DateTimeOffset At, LiveTraffic Traffic, LiveRetrieval Retrieval, LiveMarket Market, CampaignViewBody[] Campaigns,
    SpendPoint[] Course, LiveCalibration Calibration, IReadOnlyList<LiveShard> Shards, IReadOnlyDictionary<string, string> Versions)
{
    public static LiveBody Of(LiveSnapshot snapshot) => new(
        snapshot.At, snapshot.Traffic, snapshot.Retrieval, snapshot.Market,
        [.. snapshot.Campaigns.Select(BriefOf)],
        SpendCourse.Of(snapshot.Campaigns, snapshot.At), snapshot.Calibration, snapshot.Shards, snapshot.Versions);

    private static CampaignViewBody BriefOf(CampaignView campaign)
    {
        CampaignViewBody body = CampaignBodyMap.BodyOf(campaign with { Ticks = [] });
        CampaignBody settings = body.Settings;
        return body with
        {
            Settings = new CampaignBody
            {
                Name = settings.Name,
                AdvertiserId = settings.AdvertiserId,
                AdvertiserDomain = settings.AdvertiserDomain,
                DailyBudget = settings.DailyBudget,
                TimeZone = settings.TimeZone,
                Product = settings.Product,
                Controller = settings.Controller,
                IsPaused = settings.IsPaused,
            },
        };
    }
}
