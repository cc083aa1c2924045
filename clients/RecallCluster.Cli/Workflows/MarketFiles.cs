using RecallCluster.AdServer;
using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Simulation.Traffic;

namespace RecallCluster.Cli.Workflows;

/// <summary>
/// Writes a simulated market into a data-set directory, as a front door reads it: a line for each ad, a record for each campaign.
/// </summary>
internal static class MarketFiles
{
    /// <summary>A business day passes in a minute or two: windows are long enough for a process that is away for seconds.</summary>
    private static readonly TimeSpan EventWindow = TimeSpan.FromHours(6), LeaseTerm = TimeSpan.FromMinutes(30);

    /// <summary>Writes the ads.</summary>
    /// <param name="directory">The data-set directory.</param>
    /// <param name="traffic">The market.</param>
    public static void WriteAds(string directory, TrafficWorld traffic) => AdsDirectory.WriteAds(
        directory, traffic.Campaigns.SelectMany(campaign => campaign.Ads.Select(ad => (campaign, ad))).OrderBy(pair => pair.ad).Select(
            pair => new Ad
        {
            Id = SimulatedAds.AdId(pair.ad),
            CampaignId = pair.campaign.Id,
            Categories = [$"IAB{1 + (pair.campaign.Department % 23)}"],
            Creative = new Creative
            {
                Kind = CreativeKind.Banner,
                Width = 300,
                Height = 250,
                Media = new Uri($"https://{DomainOf(pair.campaign)}/media/ad{pair.ad}.png"),
                MediaType = "image/png",
                Title = $"Offer {pair.ad}",
            },
            LandingPage = new Uri($"https://{DomainOf(pair.campaign)}/offers/{pair.ad}"),
        }));

    /// <summary>The settings of planned campaigns.</summary>
    /// <param name="traffic">The market.</param>
    /// <param name="plans">The plans.</param>
    /// <param name="controller">Name of the bid controller.</param>
    /// <param name="flightStart">First instant of the flights.</param>
    public static CampaignSettings[] Settings(
        TrafficWorld traffic, IEnumerable<CampaignPlan> plans, string controller, DateTimeOffset flightStart) =>
    [
        .. plans.Select(plan =>
        {
            TrafficCampaign campaign = traffic.Campaigns[(int)plan.Id - 1];
            return new CampaignSettings
            {
                Id = plan.Id,
                Name = $"Department {campaign.Department}, advertiser {campaign.Advertiser}, {plan.Product.Name}",
                AdvertiserId = campaign.Advertiser + 1,
                AdvertiserDomain = DomainOf(campaign),
                Terms = new CampaignTerms
                {
                    CampaignId = plan.Id,
                    TimeZone = "Etc/UTC",
                    DailyBudget = Micros.Ceiling(plan.Budget * Micros.PerUnit),
                    FlightStart = flightStart,
                    Pacing = PacingMode.AsFastAsPossible,
                    TrafficByHour = [.. TrafficWorld.HourShares],
                    LeaseTerm = LeaseTerm,
                    EventWindow = EventWindow,
                    ConversionWindow = TimeSpan.FromDays(7),
                },
                Product = plan.Product.Name,
                MaxCpc = plan.MaxCpc,
                MinCtr = plan.MinCtr,
                Pricing = plan.Pricing,
                MaxBid = Micros.Ceiling(plan.MaxBid * Micros.PerUnit),
                Controller = controller,
                StartWeights = [plan.Start.Value, .. Enumerable.Range(0, plan.Start.Count).Select(kpi => plan.Start[kpi])],
            };
        }),
    ];

    /// <summary>Settings as the client library has them.</summary>
    public static Client.Campaign ToClient(CampaignSettings settings) => new()
    {
        Name = settings.Name,
        AdvertiserId = settings.AdvertiserId,
        AdvertiserDomain = settings.AdvertiserDomain,
        DailyBudget = Units(settings.Terms.DailyBudget),
        TimeZone = settings.Terms.TimeZone,
        FlightStart = settings.Terms.FlightStart,
        Pacing = "asFastAsPossible",
        TrafficByHour = settings.Terms.TrafficByHour,
        LeaseTermMs = settings.Terms.LeaseTerm.TotalMilliseconds,
        ClockMarginMs = settings.Terms.ClockMargin.TotalMilliseconds,
        EventWindowMs = settings.Terms.EventWindow.TotalMilliseconds,
        ConversionWindowMs = settings.Terms.ConversionWindow.TotalMilliseconds,
        Product = settings.Product,
        MaxCpc = settings.MaxCpc,
        MinCtr = settings.MinCtr,
        Pricing = settings.Pricing == PricingModel.Cpc ? "cpc" : "cpm",
        MaxBid = settings.MaxBid is { } bid ? Units(bid) : null,
        Controller = settings.Controller,
        StartWeights = settings.StartWeights,
    };

    private static decimal Units(Micros amount) => (decimal)amount.Value / Micros.PerUnit;

    private static string DomainOf(TrafficCampaign campaign) => $"advertiser{campaign.Advertiser + 1}.example";
}
