using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;

namespace RecallCluster.Cli.Tests.Faults;

/// <summary>A tiny world with model, index and market, made once for all tests of what goes wrong.</summary>
public sealed class FaultWorld : IAsyncLifetime, IDisposable
{
    /// <summary>
    /// Campaigns, with ids from 1. Odd ones pay for clicks, even ones for impressions; those from <see cref="FirstPoor"/> on run dry.
    /// </summary>
    public const int Campaigns = 12;

    public const int FirstPoor = 9;
    private const int Ads = 1_000;

    private readonly TrainedWorld _world = new();
    private int _states;

    internal TrainedWorld Trained => _world;

    public string Model => _world.Models;

    public string Index => _world.IndexDirectory;

    public string Market => _world["market"];

    /// <summary>When the business day of a test begins.</summary>
    public static DateTimeOffset Morning { get; } = new(2030, 3, 4, 10, 0, 0, TimeSpan.Zero);

    /// <summary>A path for a state file that is not there yet.</summary>
    public string NewState() => _world[$"state-{Interlocked.Increment(ref _states)}.db"];

    public async Task InitializeAsync()
    {
        await _world.InitializeAsync();
        Assert.Equal((0, 0), (_world.Index.ExitCode, _world.Tune.ExitCode));
        Directory.CreateDirectory(Market);
        AdsDirectory.WriteCampaigns(Market, Enumerable.Range(1, Campaigns).Select(CampaignOf));
        AdsDirectory.WriteAds(Market, Enumerable.Range(0, Ads).Select(AdOf));
    }

    public Task DisposeAsync() => _world.DisposeAsync();

    public void Dispose() => _world.Dispose();

    private static CampaignSettings CampaignOf(int id) => new()
    {
        Id = id,
        Name = $"campaign {id}",
        AdvertiserId = id,
        AdvertiserDomain = $"shop{id}.example",
        Terms = new CampaignTerms
        {
            CampaignId = id,
            TimeZone = "Etc/UTC",
            DailyBudget = new Micros(id < FirstPoor ? 1_000_000_000 : 500_000),
            FlightStart = Morning - TimeSpan.FromDays(30),
            FlightEnd = Morning + TimeSpan.FromDays(300),
            Pacing = PacingMode.AsFastAsPossible,
        },
        Product = "click",
        Controller = "fb",
        Pricing = id % 2 == 0 ? PricingModel.Cpm : PricingModel.Cpc,
        StartWeights = [0.3 + (0.05 * id)],
    };

    private static Ad AdOf(int number)
    {
        int campaign = 1 + (number % Campaigns);
        return new Ad
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
}

/// <summary>Tests with real processes do not run beside one another: they are about faults, not about who gets the processors.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class FaultSuite : ICollectionFixture<FaultWorld>
{
    public const string Name = "faults";
}

/// <summary>A fact that sends signals, sets limits of processes, or both.</summary>
internal sealed class LinuxProcessFactAttribute : FactAttribute
{
    public LinuxProcessFactAttribute()
    {
        if (!OperatingSystem.IsLinux())
            Skip = "It kills processes with signals and sets their limits, as Linux has them.";
    }
}
