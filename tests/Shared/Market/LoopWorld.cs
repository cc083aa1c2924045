using RecallCluster.Bidding.Money;
using RecallCluster.Numerics;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Serving.Tests.Market;

/// <summary>A small market: campaigns that bid a known price for a click, their ads, and a score for every user and ad.</summary>
public sealed class LoopWorld
{
    public static readonly DateTimeOffset Start = new(2030, 3, 4, 10, 0, 0, TimeSpan.Zero);

    private static readonly (int Width, int Height)[] Sizes = [(300, 250), (728, 90), (0, 0)];

    public LoopWorld(IReadOnlyList<CampaignSettings> campaigns, IReadOnlyList<Ad> ads)
    {
        Campaigns = campaigns;
        Ads = ads;
    }

    public IReadOnlyList<CampaignSettings> Campaigns { get; }

    public IReadOnlyList<Ad> Ads { get; }

    /// <summary>Ads a gateway may bid for.</summary>
    public int Candidates { get; init; } = 200;

    public int MaxAdsPerAdvertiser { get; init; } = int.MaxValue;

    /// <summary>A model and an index of the ads, to find them with; null where every ad is scored by <see cref="Score"/>.</summary>
    public VersionPair? Index { get; init; }

    /// <summary>Seed of the gateway's own draws; null for any.</summary>
    public ulong? Seed { get; init; }

    /// <summary>The logit of interest: a function of the ad, the user's id and what the user did, the same on every machine.</summary>
    public static float Score(string ad, float user)
    {
        var random = new SeededRandom(Hash(ad) ^ (ulong)BitConverter.SingleToInt32Bits(user));
        return -4 + (3 * random.NextSingle());
    }

    /// <summary>What <see cref="Score"/> knows of a user.</summary>
    public static float StateOf(string? user, IEnumerable<string> behaviour) =>
        Hash($"{user}|{string.Join(',', behaviour)}") % 65_536;

    public static CampaignSettings Campaign(long id, double clickPrice, Micros? budget = null) => new()
    {
        Id = id,
        Name = $"campaign {id}",
        AdvertiserId = (int)(100 + id),
        AdvertiserDomain = $"shop{id}.example",
        Terms = new CampaignTerms
        {
            CampaignId = id,
            TimeZone = "Etc/UTC",
            DailyBudget = budget ?? Micros.FromUnits(1_000_000),
            FlightStart = Start - TimeSpan.FromDays(30),
            FlightEnd = Start + TimeSpan.FromDays(300),
            Pacing = PacingMode.AsFastAsPossible,
        },
        Product = "click",
        Controller = "fb",
        StartWeights = [clickPrice],
    };

    public static Ad Ad(string id, long campaign, CreativeKind kind = CreativeKind.Banner, int width = 300, int height = 250,
        params string[] categories) => new()
    {
        Id = id,
        CampaignId = campaign,
        Categories = categories,
        Creative = new Creative
        {
            Kind = kind,
            Width = width,
            Height = height,
            Media = new Uri($"https://cdn.example/{id}.png"),
            MediaType = kind == CreativeKind.Video ? "video/mp4" : "image/png",
            Title = $"title of {id}",
            Duration = kind == CreativeKind.Video ? TimeSpan.FromSeconds(15) : TimeSpan.Zero,
        },
        LandingPage = new Uri($"https://shop{campaign}.example/{id}"),
    };

    /// <summary>Simple campaigns of so many banners each.</summary>
    public static LoopWorld Simple(params (long Id, double ClickPrice, int Ads)[] campaigns) => new(
        [.. campaigns.Select(c => Campaign(c.Id, c.ClickPrice))],
        [.. campaigns.SelectMany(c => Enumerable.Range(0, c.Ads).Select(i => Ad($"ad{c.Id}-{i}", c.Id)))]);

    /// <summary>Many campaigns with every kind of targeting and creative.</summary>
    public static LoopWorld Varied(ulong seed, int campaigns, int adsEach)
    {
        var random = new SeededRandom(seed);
        T Pick<T>(params T[] values) => values[random.NextInt(values.Length)];
        List<T> Some<T>(params T[] values) => random.NextInt(3) == 0 ? [.. values.Where(_ => random.NextInt(2) == 0)] : [];
        var settings = new List<CampaignSettings>();
        var ads = new List<Ad>();
        for (int id = 1; id <= campaigns; id++)
        {
            settings.Add(Campaign(id, 0.1 + random.NextDouble()) with
            {
                AdvertiserId = 100 + random.NextInt(campaigns),
                Pricing = Pick(Bidding.Auctions.PricingModel.Cpc, Bidding.Auctions.PricingModel.Cpm),
                MaxBid = random.NextInt(3) == 0 ? new Micros(20_000 + random.NextInt(30_000)) : null,
                IsPaused = random.NextInt(10) == 0,
                Targeting = new Targeting
                {
                    Countries = Some("DEU", "FRA", "USA"),
                    Devices = Some(DeviceKind.Phone, DeviceKind.Desktop),
                    Publishers = random.NextInt(6) == 0 ? Some("news.example", "games.example") : [],
                    ExcludedPublishers = random.NextInt(6) == 0 ? ["games.example"] : [],
                    Categories = Some("IAB1", "IAB2-3", "IAB9"),
                    Languages = Some("de", "en"),
                    Hours = random.NextInt(5) == 0 ? [.. Enumerable.Range(8 + random.NextInt(4), 6)] : [],
                    Deals = random.NextInt(3) == 0 ? Some("d1", "d2") : [],
                },
            });
            for (int i = 0; i < adsEach; i++)
            {
                (int width, int height) = Pick(Sizes);
                CreativeKind kind = Pick(CreativeKind.Banner, CreativeKind.Banner, CreativeKind.Native, CreativeKind.Video);
                Ad ad = Ad($"ad{id}-{i}", id, kind, width, height, [.. Some("IAB1", "IAB2-3", "IAB2-4", "IAB7")]);
                ads.Add(ad with { IsPaused = random.NextInt(15) == 0 });
            }
        }
        return new LoopWorld(settings, ads);
    }

    /// <summary>A request with anything in it.</summary>
    public static AdRequest AnyRequest(SeededRandom random, int number)
    {
        T Pick<T>(params T[] values) => values[random.NextInt(values.Length)];
        var slots = new List<SlotRequest>();
        for (int i = 0, count = 1 + random.NextInt(3); i < count; i++)
        {
            DealOffer[] deals = random.NextInt(3) == 0
                ? [new DealOffer(Pick("d1", "d2"), new Micros(random.NextInt(30_000_000)), random.NextInt(2) == 0)
                    { Advertisers = random.NextInt(3) == 0 ? ["shop1.example", "shop4.example", "shop7.example"] : [] }]
                : [];
            slots.Add(new SlotRequest($"s{i}")
            {
                Count = 1 + random.NextInt(3),
                Formats = random.NextInt(4) == 0
                    ? []
                    : [new FormatRequest(Pick(CreativeKind.Banner, CreativeKind.Native, CreativeKind.Video), Pick(0, 300), Pick(0, 250)),
                        new FormatRequest(CreativeKind.Banner, 728, 90)],
                Floor = random.NextInt(2) == 0 ? default : new Micros(random.NextInt(20_000_000)),
                Deals = deals,
                DealsOnly = deals.Length > 0 && random.NextInt(2) == 0,
            });
        }
        return Request($"r{number}", $"user{random.NextInt(20)}", [.. slots]) with
        {
            Context = new RequestContext
            {
                Country = Pick("DEU", "FRA", "ITA", null),
                Device = Pick(DeviceKind.Unknown, DeviceKind.Phone, DeviceKind.Tablet),
                Publisher = Pick("news.example", "games.example", null),
                Categories = Pick<string[]>([], ["IAB2-3"], ["IAB1-5", "IAB9"]),
                Language = Pick("de", "EN", null),
            },
            BlockedCategories = Pick<string[]>([], [], ["IAB2"], ["IAB7", "IAB2-4"]),
            BlockedAdvertisers = Pick<string[]>([], ["shop3.example", "SHOP5.example"]),
            BlockedAds = Pick<string[]>([], ["ad1-0", "ad2-1", "none"]),
            Sale = Pick(SaleKind.SecondPrice, SaleKind.SecondPrice, SaleKind.FirstPrice, SaleKind.BidOnly),
        };
    }

    public static AdRequest Request(string id, string? user, params SlotRequest[] slots) => new()
    {
        Id = id,
        User = new UserFeatures { Id = user },
        Slots = slots.Length > 0 ? slots : [new SlotRequest("s")],
    };

    private static ulong Hash(string text)
    {
        ulong hash = 14695981039346656037UL;
        foreach (char c in text)
            hash = (hash ^ c) * 1099511628211UL;
        return hash ^ (hash >> 31);
    }
}
