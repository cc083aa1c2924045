using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Feedback;

namespace RecallCluster.Serving.Tests.State;

/// <summary>Campaigns, wins and events to test with.</summary>
internal static class Some
{
    public static Micros Units(double units) => new((long)Math.Round(units * Micros.PerUnit));

    public static CampaignSettings Campaign(long id, DateTimeOffset start, string product = "click-cpc", string controller = "pid",
        double budget = 100) => new()
        {
            Id = id,
            Name = $"campaign {id}",
            AdvertiserId = (int)(id % 3) + 1,
            AdvertiserDomain = "advertiser.example",
            Terms = new CampaignTerms
            {
                CampaignId = id,
                TimeZone = "UTC",
                DailyBudget = Units(budget),
                FlightStart = start,
                Pacing = PacingMode.AsFastAsPossible,
                LeaseTerm = TimeSpan.FromHours(1),
            },
            Product = product,
            Controller = controller,
            MaxCpc = 1,
            MinCtr = 0.01,
        };

    public static Win Win(long campaign, Lease lease, DateTimeOffset at, UInt128 id, double price = 0.4, string? user = "u",
        bool perClick = true) => new()
        {
            Id = id,
            RequestId = "r",
            CampaignId = campaign,
            AdId = $"ad{id % 7}",
            UserId = user,
            Gateway = 1,
            Lease = lease.Id,
            AuctionAt = at,
            Price = Units(price),
            IsPerClick = perClick,
            RawClickProbability = 0.05,
            ClickProbability = 0.04,
            RawConversionProbability = 0.1,
            ConversionProbability = 0.1,
        };

    public static AdEvent Event(AdEventKind kind, Win win) => new(kind, win);
}
