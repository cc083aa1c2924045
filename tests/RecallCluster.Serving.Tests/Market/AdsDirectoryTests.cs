using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;

namespace RecallCluster.Serving.Tests.Market;

public sealed class AdsDirectoryTests : IDisposable
{
    private const string Fine =
        """{"id":"a","campaign":1,"kind":"video","width":640,"media":"https://x.example/a.mp4","mediaType":"video/mp4" """
        + ""","landingPage":"https://x.example/"}""";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("recall-ads-");

    private string AdsPath => Path.Combine(_directory.FullName, AdsDirectory.AdsFile);

    [Fact]
    public void What_a_campaign_leaves_out_has_its_default()
    {
        File.WriteAllText(Path.Combine(_directory.FullName, AdsDirectory.CampaignsFile), """
            [{"id":7,"name":"n","advertiserId":1,"advertiserDomain":"a.example","product":"click",
            "terms":{"campaignId":7,"timeZone":"Etc/UTC","dailyBudget":5000000,"flightStart":"2026-01-01T00:00:00Z"}}]
            """);
        var expected = new CampaignSettings
        {
            Id = 7,
            Name = "n",
            AdvertiserId = 1,
            AdvertiserDomain = "a.example",
            Product = "click",
            Terms = new CampaignTerms
            {
                CampaignId = 7,
                TimeZone = "Etc/UTC",
                DailyBudget = new Micros(5_000_000),
                FlightStart = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero),
            },
        };

        CampaignSettings read = Assert.Single(AdsDirectory.ReadCampaigns(_directory.FullName));

        Assert.Equal(expected.Terms, read.Terms);
        Assert.Equivalent(expected, read, strict: true);
    }

    [Fact]
    public void What_is_written_is_read_again()
    {
        LoopWorld world = LoopWorld.Varied(3, 9, 5);

        AdsDirectory.WriteCampaigns(_directory.FullName, world.Campaigns);
        AdsDirectory.WriteAds(_directory.FullName, world.Ads);

        Assert.True(AdsDirectory.HasMarket(_directory.FullName));
        Assert.Equivalent(world.Campaigns, AdsDirectory.ReadCampaigns(_directory.FullName), strict: true);
        Assert.Equivalent(world.Ads, AdsDirectory.ReadAds(_directory.FullName).ToArray(), strict: true);
    }

    [Theory]
    [InlineData("{", "line 2")]
    [InlineData("null", "line 2")]
    [InlineData("""{"id":"b"}""", "missing required properties")]
    [InlineData(
        """{"id":"b","campaign":0,"kind":"video","media":"https://x.example/","mediaType":"video/mp4","landingPage":"https://x.example"}""",
        "campaign")]
    [InlineData(
        """{"id":"b","campaign":1,"kind":"song","media":"https://x.example/","mediaType":"video/mp4","landingPage":"https://x.example/"}""",
        "kind")]
    [InlineData(
        """{"id":"b","campaign":1,"kind":"video","media":"ftp://x.example/","mediaType":"video/mp4","landingPage":"https://x.example/"}""",
        "media")]
    [InlineData(
        """{"id":"b","campaign":1,"kind":"video","media":"https://x.example/","mediaType":"video/mp4","landingPage":"/home"}""",
        "landingPage")]
    [InlineData(
        """{"id":"b","campaign":1,"kind":"video","colour":1,"media":"https://x.example/","mediaType":"video/mp4" """
        + ""","landingPage":"https://x.example/"}""",
        "colour")]
    public void A_broken_line_is_refused_with_file_line_and_field(string line, string reason)
    {
        File.WriteAllText(AdsPath, $"{Fine}\n{line}\n");

        string message = Assert.Throws<InvalidDataException>(() => AdsDirectory.ReadAds(_directory.FullName).Count()).Message;

        Assert.Contains(AdsDirectory.AdsFile, message, StringComparison.Ordinal);
        Assert.Contains("line 2", message, StringComparison.Ordinal);
        Assert.Contains(reason, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Campaigns_that_are_there_twice_are_refused()
    {
        CampaignSettings campaign = LoopWorld.Campaign(7, 1, Micros.FromUnits(5));
        AdsDirectory.WriteCampaigns(_directory.FullName, [campaign, campaign]);

        Assert.Contains("id 7", Assert.Throws<InvalidDataException>(() => AdsDirectory.ReadCampaigns(_directory.FullName)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Packed_ads_come_back_whole_and_take_little_memory()
    {
        LoopWorld world = LoopWorld.Varied(4, 20, 500);
        var numbers = new CampaignNumbers();
        foreach (CampaignSettings campaign in world.Campaigns)
            numbers.Of(campaign.Id);
        var catalogue = new AdCatalogue(numbers, world.Ads, log: null);

        foreach (Ad ad in world.Ads)
        {
            Assert.True(catalogue.TryGet(ad.Id, out Ad? found));
            Assert.Equivalent(ad with { Categories = [.. ad.Categories.Order(StringComparer.Ordinal)] }, found, strict: true);
        }
        Assert.False(catalogue.TryGet("ad1-500", out _));
        Assert.Equal(10_000, catalogue.Count);
        Assert.InRange(catalogue.TableBytes / catalogue.Count, 1, 250);
        Assert.Throws<InvalidDataException>(() => new AdCatalogue(numbers, [world.Ads[0], world.Ads[0]], log: null));
        Assert.Throws<InvalidDataException>(() => new AdCatalogue(numbers, [LoopWorld.Ad("x", 99)], log: null));
    }

    public void Dispose() => _directory.Delete(recursive: true);
}
