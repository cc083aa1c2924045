using RecallCluster.Bidding.Money;
using RecallCluster.Calibration.Maps;
using RecallCluster.Numerics;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Gateway;
using RecallCluster.Serving.Users;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Serving.Tests.Market;

/// <summary>
/// The gateway with everything around it in memory: real ledgers under a lock, a shard that scores every ad, a dictionary of users. What is
/// "durable" is what the fields below hold across a restart.
/// </summary>
internal sealed class InMemoryLoop : ILoopHost, ILeases, IFeedback, IUserStore, ICatalogueLog
{
    private readonly LoopWorld _world;
    private readonly WorldShard _shard;
    private readonly Lock _lock = new();
    private readonly CampaignBook _ledgers = new();
    private readonly Dictionary<string, UserMemory> _users = [];
    private readonly HashSet<string> _erased = [];
    private readonly List<CatalogueEdit> _edits = [];
    private readonly Dictionary<long, CampaignSettings> _settings = [];
    private readonly BusinessTime _clock = new(LoopWorld.Start);
    private AdRetriever _retriever = null!;
    private AdGateway _gateway = null!;
    private AdCatalogue _catalogue = null!;
    private long _epoch, _book;

    public InMemoryLoop(LoopWorld world)
    {
        _world = world;
        _shard = new WorldShard(world);
        foreach (CampaignSettings campaign in world.Campaigns)
        {
            _settings.Add(campaign.Id, campaign);
            _ledgers.Add(new CampaignLedger(campaign.Terms));
        }
        Begin();
    }

    public IAdGateway Gateway => _gateway;

    public IAdCatalogue Catalogue => _catalogue;

    public IFeedback Feedback => this;

    public IUserStore Users => this;

    public DateTimeOffset Now => _clock.GetUtcNow();

    public AdGateway Inside => _gateway;

    public async Task PutCampaignAsync(CampaignSettings settings)
    {
        lock (_lock)
        {
            _settings[settings.Id] = settings;
            if (_ledgers.TryGet(settings.Id, out CampaignLedger? ledger))
            {
                ledger.SetBudget(Now, settings.Terms.DailyBudget);
                ledger.SetPaused(Now, settings.IsPaused);
                ledger.SetFlight(Now, settings.Terms.FlightStart, settings.Terms.FlightEnd);
            }
            else
            {
                _ledgers.Add(new CampaignLedger(settings.Terms));
            }
        }
        await PublishBookAsync();
        await PassAsync(TimeSpan.Zero);
    }

    public async Task PassAsync(TimeSpan span)
    {
        _clock.Advance(span);
        // The first round retires what is over, the second asks anew.
        await _gateway.KeepAsync(default);
        await _gateway.KeepAsync(default);
    }

    public Task<DayAccount> AccountAsync(long campaign)
    {
        lock (_lock)
        {
            Assert.True(_ledgers.TryGet(campaign, out CampaignLedger? ledger));
            ledger!.Advance(Now);
            return Task.FromResult(ledger.Today);
        }
    }

    public void FailShards(bool fail) => _shard.Fails = fail;

    public void SilenceShards(bool silent) => _shard.IsSilent = silent;

    public Task PublishBookAsync()
    {
        lock (_lock)
        {
            foreach (CampaignSettings campaign in _settings.Values)
                _catalogue.Numbers.Of(campaign.Id);
            CampaignSettings[] byNumber = [.. Enumerable.Range(0,
                _catalogue.Numbers.Count).Select(n => _settings[_catalogue.Numbers.IdOf(n)])];
            BidBookEntry[] entries = Array.ConvertAll(byNumber, campaign => new BidBookEntry(
                campaign.Id, $"{campaign.AdvertiserId}/{campaign.Id}", campaign.StartWeights![0], 0,
                campaign.MaxBid is { } most ? (double)most.Value / Micros.PerUnit : double.PositiveInfinity));
            var book = new BidBook(++_book, entries, new CalibrationModel("identity", CalibrationMap.Identity));
            _gateway.Publish(new PublishedCampaigns(book, byNumber, new CampaignStatus[byNumber.Length]));
        }
        return Task.CompletedTask;
    }

    public async Task RestartAsync()
    {
        _retriever.Dispose();
        _gateway.Dispose();
        Begin();
        await PassAsync(TimeSpan.Zero);
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.StopAsync(default);
        _gateway.Dispose();
        _retriever.Dispose();
    }

    Task<LeaseGrant> ILeases.RequestAsync(long campaign, int gateway, long epoch, Micros wanted, CancellationToken cancellation)
    {
        lock (_lock)
        {
            return Task.FromResult(_ledgers.TryGet(campaign, out CampaignLedger? ledger)
                ? ledger.RequestLease(Now, gateway, epoch, wanted)
                : new LeaseGrant(LedgerOutcome.UnknownCampaign));
        }
    }

    Task<LedgerOutcome> ILeases.CloseAsync(long campaign, long lease, long epoch, Micros keep, CancellationToken cancellation)
    {
        lock (_lock)
            return Task.FromResult(_ledgers.Apply(campaign, new LeaseClosed(Now, lease, epoch, keep)));
    }

    public Task<IReadOnlyList<AdEventResult>> AcceptAsync(IReadOnlyList<AdEvent> events, CancellationToken cancellation)
    {
        var results = new List<AdEventResult>();
        foreach (AdEvent happened in events)
        {
            Win win = happened.Win;
            if (happened.Kind == AdEventKind.Loss)
            {
                _gateway.Settle(win, Micros.Zero);
                _gateway.Acknowledge(happened);
                results.Add(new AdEventResult(LedgerOutcome.Applied, Micros.Zero, Micros.Zero));
                continue;
            }
            var kind = (FeedbackKind)happened.Kind;
            Micros price = happened.Kind != (win.IsPerClick ? AdEventKind.Click : AdEventKind.Impression) ? Micros.Zero
                : win.IsBidOnly ? Micros.Min(happened.ClearingPrice ?? win.Price, win.Price) : win.Price;
            FeedbackResult result;
            lock (_lock)
                result = _ledgers.Feedback(win.CampaignId, Now, new FeedbackEvent(win.Id ^ (UInt128)((ulong)kind << 8), kind, win.Lease,
                    win.AuctionAt, price));
            if (result.Outcome == LedgerOutcome.Applied)
            {
                if (happened.Kind == (win.IsPerClick ? AdEventKind.Click : AdEventKind.Impression))
                    _gateway.Settle(win, result.Charged);
                Remember(happened);
                if (happened.Kind == AdEventKind.Impression)
                    _gateway.Acknowledge(happened);
            }
            results.Add(new AdEventResult(result.Outcome, result.Charged, result.Free));
        }
        return Task.FromResult<IReadOnlyList<AdEventResult>>(results);
    }

    public ValueTask<UserMemory?> FindAsync(string userId, CancellationToken cancellation)
    {
        lock (_lock)
            return ValueTask.FromResult(_users.GetValueOrDefault(userId) ?? (_erased.Contains(userId) ? UserMemory.Erased : null));
    }

    public Task SetConsentAsync(string userId, bool mayPersonalise, CancellationToken cancellation)
    {
        lock (_lock)
        {
            _users[userId] = new UserMemory([], mayPersonalise);
            if (mayPersonalise)
                _erased.Remove(userId);
        }
        return Task.CompletedTask;
    }

    public Task<bool> EraseAsync(string userId, CancellationToken cancellation)
    {
        lock (_lock)
            return Task.FromResult(_users.Remove(userId) | _erased.Add(userId));
    }

    Task ICatalogueLog.AppendAsync(CatalogueEdit edit, CancellationToken cancellation)
    {
        _edits.Add(edit);
        _catalogue.Apply(edit);
        return Task.CompletedTask;
    }

    private void Remember(AdEvent happened)
    {
        if (happened.Win.UserId is not { } user)
            return;
        lock (_lock)
        {
            if (_erased.Contains(user))
                return;
            UserMemory memory = _users.GetValueOrDefault(user) ?? new UserMemory([], null);
            _users[user] = happened.Kind switch
            {
                AdEventKind.Impression => memory with { Exposures = [.. memory.Exposures, new Exposure(happened.Win.CampaignId,
                    happened.Win.AuctionAt)] },
                AdEventKind.Click => memory with { Sequence = [.. memory.Sequence, happened.Win.AdId] },
                _ => memory,
            };
        }
    }

    private void Begin()
    {
        _retriever = _shard.Retriever();
        var numbers = new CampaignNumbers();
        foreach (long campaign in _settings.Keys)
            numbers.Of(campaign);
        _catalogue = new AdCatalogue(numbers, _world.Ads, this);
        _catalogue.Apply(_edits);
        _gateway = new AdGateway(
            new GatewayParts
            {
                Retriever = _retriever,
                Catalogue = _catalogue,
                Users = this,
                Leases = this,
                Epoch = ++_epoch,
                Random = new SeededRandom((ulong)_epoch),
                BusinessClock = _clock,
            },
            new GatewayOptions { Candidates = _world.Candidates, MaxAdsPerAdvertiser = _world.MaxAdsPerAdvertiser });
        _ = PublishBookAsync();
    }
}
