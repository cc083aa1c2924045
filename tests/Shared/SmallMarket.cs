using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;

namespace RecallCluster.Testing;

/// <summary>The market that processes serve in tests of what goes wrong: campaigns with ids from 1, ads from 0, dealt round.</summary>
internal static class SmallMarket
{
    /// <summary>The business time that a test begins at: far enough from midnight for all that is counted to be of one day.</summary>
    public static DateTimeOffset Morning { get; } = new(2030, 3, 4, 10, 0, 0, TimeSpan.Zero);

    /// <summary>Writes it into a directory, which is made.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="campaigns">Campaigns; odd ones pay for clicks, even ones for impressions.</param>
    /// <param name="ads">Ads.</param>
    /// <param name="budgetOf">Daily budget of a campaign.</param>
    /// <param name="weightStep">What each campaign weighs a click more than the one before.</param>
    public static void Write(string directory, int campaigns, int ads, Func<int, Micros> budgetOf, double weightStep)
    {
        Directory.CreateDirectory(directory);
        AdsDirectory.WriteCampaigns(directory, Enumerable.Range(1, campaigns).Select(id => CampaignOf(id, budgetOf(id), 0.3 + (weightStep * id))));
        AdsDirectory.WriteAds(directory, Enumerable.Range(0, ads).Select(number => AdOf(number, 1 + (number % campaigns))));
    }

    private static CampaignSettings CampaignOf(int id, Micros budget, double weight) => new()
    {
        Id = id,
        Name = $"campaign {id}",
        AdvertiserId = id,
        AdvertiserDomain = $"shop{id}.example",
        Terms = new CampaignTerms
        {
            CampaignId = id,
            TimeZone = "Etc/UTC",
            DailyBudget = budget,
            FlightStart = Morning - TimeSpan.FromDays(30),
            FlightEnd = Morning + TimeSpan.FromDays(300),
            Pacing = PacingMode.AsFastAsPossible,
        },
        Product = "click",
        Controller = "fb",
        Pricing = id % 2 == 0 ? PricingModel.Cpm : PricingModel.Cpc,
        StartWeights = [weight],
    };

    private static Ad AdOf(int number, int campaign) => new()
    {
        Id = $"ad{number}",
        CampaignId = campaign,
        Categories = [],
        Creative = new Creative
        {
            Kind = CreativeKind.Banner,
            Width = 300,
            Height = 250,
            Media = new Uri($"https://cdn.example/{number}.png"),
            MediaType = "image/png",
            Title = $"Offer {number}",
        },
        LandingPage = new Uri($"https://shop{campaign}.example/{number}"),
    };
}
