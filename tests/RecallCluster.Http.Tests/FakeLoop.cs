using RecallCluster.Bidding.Money;
using RecallCluster.Serving;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Live;
using RecallCluster.Serving.NewAds;
using RecallCluster.Serving.Users;

namespace RecallCluster.Http.Tests;

/// <summary>A clock that stands still until it is moved.</summary>
internal sealed class StillClock(DateTimeOffset now) : TimeProvider
{
    public DateTimeOffset Now { get; set; } = now;

    public override DateTimeOffset GetUtcNow() => Now;
}

/// <summary>Sells every slot to ads of its catalogue.</summary>
internal sealed class FakeGateway(Func<SlotRequest, Ad?> choose) : IAdGateway
{
    public static readonly DateTimeOffset Now = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    public AdRequest? Asked { get; private set; }

    public NoAdReason Otherwise { get; init; } = NoAdReason.NothingEligible;

    public Micros Price { get; init; } = new(2_500);

    public string? DealId { get; init; }

    public TimeSpan EventWindow { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>What it finds wrong with a request.</summary>
    public InvalidRequestException? Complaint { get; init; }

    public Func<Task>? Before { get; init; }

    public bool IsReady { get; set; } = true;

    public async Task<AdAnswer> AnswerAsync(AdRequest request, CancellationToken cancellation)
    {
        Asked = request;
        if (Before is not null)
            await Before();
        if (Complaint is not null)
            throw Complaint;
        PlacedAd[] ads = [.. request.Slots.Select((slot, i) => (slot, ad: choose(slot), i)).Where(s => s.ad is not null)
            .Select(s => Place(request, s.slot, s.ad!, s.i))];
        return new AdAnswer
        {
            RequestId = request.Id,
            Ads = ads,
            NoAd = ads.Length > 0 ? NoAdReason.None : Otherwise,
            Version = "v7",
            BookVersion = 3,
            Coverage = 1,
            Scorings = 100,
            Limits = SearchLimits.Deadline,
            User = new UserReading(true, 2, 0, 0),
            Failures = Otherwise == NoAdReason.NoShardAnswered ? [new ShardFailure(0, "gone")] : [],
            Timings = new LoopTimings(TimeSpan.FromMilliseconds(1), default, default, default, default),
            Explanation = request.Explain
                ? new Explanation(
                    [new ExplainedAd("a", 7, 0.5f, 0.1, 0.2, 0.3, new Dictionary<string, double> { ["value"] = 1 }, new Micros(5), "won")])
                : null,
        };
    }

    private PlacedAd Place(AdRequest request, SlotRequest slot, Ad ad, int number) => new()
    {
        SlotId = slot.Id,
        Position = 0,
        Ad = ad,
        AdvertiserDomain = $"adv{ad.CampaignId}.example",
        Ecpm = new Micros(Price.Value * 1000),
        DealId = DealId,
        EventWindow = EventWindow,
        Win = WinOf(ad, request, Price, number),
    };

    private static Win WinOf(Ad ad, AdRequest request, Micros price, int number) => new()
    {
        Id = (UInt128)(number + 1) << 64,
        RequestId = request.Id,
        CampaignId = ad.CampaignId,
        AdId = ad.Id,
        UserId = request.User.Id,
        Gateway = 2,
        Lease = 9,
        AuctionAt = Now,
        Price = price,
        IsPerClick = request.Sale != SaleKind.BidOnly,
        IsBidOnly = request.Sale == SaleKind.BidOnly,
        RawClickProbability = 0.02,
        ClickProbability = 0.0125,
    };
}

/// <summary>Keeps what it gets; a repetition is told.</summary>
internal sealed class FakeFeedback : IFeedback
{
    public List<AdEvent> Taken { get; } = [];

    public bool IsBroken { get; set; }

    public Task<IReadOnlyList<AdEventResult>> AcceptAsync(IReadOnlyList<AdEvent> events, CancellationToken cancellation)
    {
        if (IsBroken)
            throw new IOException("the disk is full");
        lock (Taken)
        {
            AdEventResult[] results = [.. events.Select(e =>
            {
                bool again = Taken.Exists(t => t.Win.Id == e.Win.Id && t.Kind == e.Kind && t.Number == e.Number);
                Taken.Add(e);
                return new AdEventResult(
                    again ? LedgerOutcome.Duplicate : LedgerOutcome.Applied, e.ClearingPrice ?? e.Win.Price, Micros.Zero);
            })];
            return Task.FromResult<IReadOnlyList<AdEventResult>>(results);
        }
    }
}

internal sealed class FakeCatalogue : IAdCatalogue
{
    public Dictionary<string, Ad> Ads { get; } = [];

    public int Most { get; set; } = int.MaxValue;

    public long Count => Ads.Count;

    public AdStanding StandingOf(string id) =>
        !Ads.TryGetValue(id, out Ad? ad) ? AdStanding.Unknown : ad.Features is null ? AdStanding.Indexed : AdStanding.Added;

    public static Ad AdOf(
        string id, CreativeKind kind = CreativeKind.Banner, long campaign = 7, string media = "https://cdn.example/m.png") => new()
        {
            Id = id,
            CampaignId = campaign,
            Categories = ["IAB2-3"],
            LandingPage = new Uri("https://adv.example/landing?a=1&b=2"),
            Creative = new Creative
            {
                Kind = kind,
                Width = 300,
                Height = 250,
                Media = new Uri(media),
                MediaType = kind == CreativeKind.Video ? "video/mp4" : "image/png",
                Title = "A title <of> some length",
                Text = "A text",
                Duration = kind == CreativeKind.Video ? TimeSpan.FromSeconds(15) : TimeSpan.Zero,
            },
        };

    public bool TryGet(string id, out Ad? ad) => Ads.TryGetValue(id, out ad);

    public Task PutAsync(Ad ad, CancellationToken cancellation)
    {
        if (ad.CampaignId == 404)
            throw new InvalidRequestException("campaignId", "there is no such campaign.");
        if (Ads.Count >= Most)
            throw new NewAdsFullException("There are too many ads.");
        Ads[ad.Id] = ad;
        return Task.CompletedTask;
    }

    public Task<bool> RemoveAsync(string id, CancellationToken cancellation) => Task.FromResult(Ads.Remove(id));
}

internal sealed class FakeCampaigns : ICampaigns
{
    private readonly SortedDictionary<long, CampaignView> _views = [];

    /// <summary>Runs before a change is looked at, e.g. to make another first.</summary>
    public Action? Before { get; set; }

    public Task<IReadOnlyList<CampaignView>> ListAsync(long after, int limit, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<CampaignView>>([.. _views.Values.Where(v => v.Settings.Id > after).Take(limit)]);

    public Task<CampaignView?> FindAsync(long id, CancellationToken cancellation) => Task.FromResult(_views.GetValueOrDefault(id));

    public Task<CampaignView> PutAsync(CampaignSettings settings, long? ifVersion, CancellationToken cancellation)
    {
        Action? before = Before;
        Before = null;
        before?.Invoke();
        long version = _views.TryGetValue(settings.Id, out CampaignView? old) ? old.Version : 0;
        if (ifVersion is { } wanted && wanted != version)
            throw new VersionConflictException(wanted, version);
        return Task.FromResult(_views[settings.Id] = new CampaignView
        {
            Settings = settings,
            Version = version + 1,
            Status = settings.IsPaused ? CampaignStatus.Paused : CampaignStatus.Active,
            Today = new DayAccount(),
            TotalSpent = new Micros(1_500_000),
            PlannedShare = 0.5,
            Weights = [1, 2],
            Kpis = [new KpiView("cpc", double.NaN, 0.5)],
            Ticks = [],
        });
    }
}

internal sealed class FakeUsers : IUserStore
{
    public Dictionary<string, UserMemory> Users { get; } = [];

    public ValueTask<UserMemory?> FindAsync(string userId, CancellationToken cancellation) =>
        ValueTask.FromResult(Users.GetValueOrDefault(userId));

    public Task SetConsentAsync(string userId, bool mayPersonalise, CancellationToken cancellation)
    {
        Users[userId] = new UserMemory([], mayPersonalise);
        return Task.CompletedTask;
    }

    public Task<bool> EraseAsync(string userId, CancellationToken cancellation) => Task.FromResult(Users.Remove(userId));
}

internal sealed class FakeLive : ILiveView
{
    private long _asked;

    public ValueTask<LiveSnapshot> SnapshotAsync(CancellationToken cancellation) => ValueTask.FromResult(new LiveSnapshot
    {
        At = FakeGateway.Now,
        Traffic = new LiveTraffic(Interlocked.Increment(ref _asked), 0, 0, 1, 2, new Dictionary<string, double> { ["search"] = 1 }),
        Retrieval = new LiveRetrieval(100, 0.02, 1, null),
        Market = new LiveMarket(1.5, 3, 2, 1, 0, 0, 0),
        Campaigns = [],
        Calibration = new LiveCalibration([], [], []),
        Shards = [new LiveShard(0, 100, [new LiveReplica("in process", "healthy", "v7", 0, double.NaN)])],
        Versions = new Dictionary<string, string> { ["model"] = "m1" },
    });
}
