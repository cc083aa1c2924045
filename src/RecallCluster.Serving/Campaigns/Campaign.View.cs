using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Money;

namespace RecallCluster.Serving.Campaigns;

/// <content>How a campaign looks from outside.</content>
internal sealed partial class Campaign
{
    /// <summary>The campaign as it stands.</summary>
    public CampaignView View(DateTimeOffset at) => new()
    {
        Settings = Settings,
        Version = Version,
        Status = StatusAt(at > Ledger.Now ? at : Ledger.Now),
        Today = Ledger.Today,
        Days = Ledger.Days,
        TotalSpent = Ledger.TotalSpent,
        PlannedShare = PlannedShare(at),
        Controller = _controllers.Of(_actors).InPlaceOf(Settings.Controller, Settings.Product),
        Actors = IsTrained ? _actors : null,
        Weights = [.. Weights],
        Kpis = Kpis(Ledger.Today),
        Ticks = _day is null ? [] : [.. _day.State.History],
    };

    /// <summary>What it publishes as it stands.</summary>
    public CampaignOffer Offer() => new(Settings, Version, Weights, StatusAt(Ledger.Now));

    private CampaignTick Describe(DateTimeOffset at, double[] weights)
    {
        DayAccount today = Ledger.Today;
        KpiView[] kpis = Kpis(today);
        return new CampaignTick(at, today.Spent, PlannedShare(at), weights, kpis.Length > 0 ? kpis[0].Value : double.NaN);
    }

    // What an advertiser reads in the books: money charged, or impressions, over clicks that happened.
    private KpiView[] Kpis(DayAccount today)
    {
        ReadOnlySpan<KpiConstraint> kpis = CampaignOffer.GoalOf(Settings).Kpis;
        var views = new KpiView[kpis.Length];
        for (int j = 0; j < views.Length; j++)
        {
            double numerator = kpis[j].Kind == KpiKind.CostRelated ? today.Spent.ToUnits() : today.Impressions;
            views[j] = new KpiView(kpis[j].Name, today.Clicks > 0 ? numerator / today.Clicks : double.NaN, kpis[j].Limit);
        }
        return views;
    }

    private double PlannedShare(DateTimeOffset at)
    {
        CampaignTerms terms = Ledger.Terms;
        BudgetDay today = _calendar!.DayOf(at);
        DateTimeOffset start = Latest(today.Start, terms.FlightStart), end = today.End < terms.FlightEnd ? today.End : terms.FlightEnd;
        IPacing pacing = terms.Pacing switch
        {
            PacingMode.Traffic => new TrafficPacing(_calendar, terms.TrafficByHour!),
            PacingMode.AsFastAsPossible => new UnpacedSpending(),
            _ => new EvenPacing(),
        };
        if (start >= end)
            return 0;
        Micros budget = AccountOf(today.Date)?.Budget ?? terms.DailyBudget;
        Micros planned = _day?.State is { } day && day.Date == today.Date ? Planned(day) : Planned(today.Date, start, end);
        double share = pacing.ShareBy(start, end, at);
        return budget > Micros.Zero ? share * planned.Value / budget.Value : share;
    }
}
