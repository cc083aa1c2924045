using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Live;

namespace RecallCluster.Browser.Tests;

/// <summary>A snapshot as <c>GET /v1/live</c> writes it: campaigns as the campaign routes show them, money in units of the currency.</summary>
internal static class Wire
{
    public static object Of(LiveSnapshot snapshot) => new
    {
        snapshot.At,
        snapshot.Traffic,
        snapshot.Retrieval,
        snapshot.Market,
        Campaigns = snapshot.Campaigns.Select(Of),
        snapshot.Calibration,
        snapshot.Shards,
        snapshot.Versions,
    };

    private static object Of(CampaignView view) => new
    {
        view.Settings.Id,
        view.Version,
        view.Status,
        Settings = new
        {
            view.Settings.Name,
            view.Settings.AdvertiserId,
            view.Settings.AdvertiserDomain,
            DailyBudget = Units(view.Settings.Terms.DailyBudget),
            view.Settings.Terms.TimeZone,
            view.Settings.Product,
            view.Settings.Controller,
        },
        Today = new
        {
            view.Today.Day.Date,
            Budget = Units(view.Today.Budget),
            Spent = Units(view.Today.Spent),
            Leased = Units(view.Today.Leased),
            view.Today.Impressions,
            view.Today.Clicks,
            view.Today.Conversions,
        },
        TotalSpent = Units(view.TotalSpent),
        view.PlannedShare,
        view.Weights,
        Kpis = view.Kpis.Select(kpi => new { kpi.Name, kpi.Value, kpi.Limit }),
        Ticks = view.Ticks.Select(tick => new { tick.At, Spent = Units(tick.Spent), tick.PlannedShare, tick.Weights, tick.Kpi }),
    };

    private static decimal Units(Micros amount) => (decimal)amount.Value / Micros.PerUnit;
}
