using System.Text.Json;
using RecallCluster.Bidding.Money;
using RecallCluster.Grains.Calibration;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Placement;
using RecallCluster.Grains.Rollouts;
using RecallCluster.Serving;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.State;
using RecallCluster.Wire.Campaigns;
using RecallCluster.Wire.Events;

namespace RecallCluster.Grains.Campaigns;

/// <summary>
/// One campaign. Commands are stamped here, by this silo's business clock and never earlier than what the ledger was told before, so that
/// clocks of silos may differ.
/// </summary>
[RolePlacement(SiloRoles.Control)]
internal sealed class CampaignGrain : MachineGrain<Campaign>, ICampaignGrain, ICampaignSender
{
    private readonly MachineFactory _factory;
    private readonly SiloActors _actors;
    private readonly IGrainFactory _grains;
    private readonly SteadyClock _clock;
    private readonly TimeSpan _check;
    private readonly CampaignCommands _commands;
    private readonly Dictionary<int, IGatewayObserver> _gateways = [];
    private Publisher? _publisher;

    public CampaignGrain(
        MachineServices services, MachineFactory factory, SiloActors actors, ClusterClock clock, IGrainFactory grains)
        : base(services)
    {
        (_factory, _actors, _grains) = (factory, actors, grains);
        (_clock, _check) = (new SteadyClock(clock.Business), clock.ToReal(factory.Campaigns.TickCheck));
        _commands = new CampaignCommands(this, _clock, factory);
        _publisher = new Publisher(PublishAsync, services.Options, services.Time);
    }

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        // Ticks of its log are decided again with the actors that decided them.
        await _actors.OpenAsync(cancellationToken).ConfigureAwait(true);
        await base.OnActivateAsync(cancellationToken).ConfigureAwait(true);
        this.RegisterGrainTimer(TryTickAsync, new GrainTimerCreationOptions(_check, _check) { Interleave = true });
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _publisher?.Stop();
        _publisher = null;
        return base.OnDeactivateAsync(reason, cancellationToken);
    }

    public async Task<CampaignReply> PutAsync(byte[] settings, long? ifVersion)
    {
        try
        {
            CampaignSettings wanted = GrainsJson.Read(settings, GrainsJson.Default.CampaignSettings, "campaign");
            MarketLevel market = await MarketAsync(wanted).ConfigureAwait(true);
            CampaignView view = await _commands.PutAsync(wanted, ifVersion, market, CancellationToken.None).ConfigureAwait(true);
            if (_publisher is { } publisher)
                await publisher.PublishAsync().ConfigureAwait(true);
            return new CampaignReply { View = JsonSerializer.SerializeToUtf8Bytes(view, CampaignViewJson.Type) };
        }
        catch (VersionConflictException e)
        {
            return new CampaignReply { ConflictingVersion = e.Actual, Refusal = e.Message };
        }
        catch (InvalidRequestException e)
        {
            return new CampaignReply { RefusedField = e.Field, Refusal = e.Reason };
        }
    }

    public async Task<LeaseReply> RequestLeaseAsync(LeaseRequest request, IGatewayObserver? gateway)
    {
        if (!Machine.Exists)
            return WireMap.ToWire(new LeaseGrant(LedgerOutcome.UnknownCampaign));
        if (gateway is not null)
            _gateways[request.Gateway] = gateway;
        LeaseGrant granted = await _commands.RequestLeaseAsync(
            this.GetPrimaryKeyLong(), request.Gateway, request.Epoch, new Micros(request.Wanted), CancellationToken.None)
            .ConfigureAwait(true);
        return WireMap.ToWire(granted);
    }

    public async Task<int> CloseLeaseAsync(LeaseClose close) => !Machine.Exists
        ? (int)LedgerOutcome.UnknownCampaign
        : (int)await _commands.CloseLeaseAsync(
            this.GetPrimaryKeyLong(), close.Lease, close.Epoch, new Micros(close.Keep), CancellationToken.None).ConfigureAwait(true);

    public async Task<EventReply> AcceptAsync(EventMessage happened, int acceptedBy)
    {
        if (!Machine.Exists)
            return new EventReply((int)LedgerOutcome.UnknownCampaign, 0, 0);
        AdEvent adEvent = WireMap.ToEvent(happened);
        // A loss changes nothing here: it is passed on to the gateway that holds the reserve.
        AdEventResult result = adEvent.Kind == AdEventKind.Loss
            ? new AdEventResult(LedgerOutcome.Applied, default, default)
            : await _commands.AcceptAsync(adEvent, _clock.GetUtcNow(), CancellationToken.None).ConfigureAwait(true);
        // Whoever accepted it knows of its own wins already; a gateway that is gone has no reserve either.
        if (result.Outcome == LedgerOutcome.Applied && acceptedBy != adEvent.Win.Gateway
            && (Charging.Acknowledges(adEvent) || Charging.Settles(adEvent))
            && _gateways.TryGetValue(adEvent.Win.Gateway, out IGatewayObserver? gateway))
            _ = gateway.SettleAsync(new SettlementMessage(happened, result.Charged.Value));
        return WireMap.ToWire(result);
    }

    public async Task<int> ReportAsync(byte[] report)
    {
        if (!Machine.Exists)
            return (int)LedgerOutcome.UnknownCampaign;
        BidReport told = GrainsJson.Read(report, GrainsJson.Default.BidReport, "bid report");
        return (int)await _commands.ReportAsync(this.GetPrimaryKeyLong(), told, CancellationToken.None).ConfigureAwait(true);
    }

    public async Task<bool> TickAsync()
    {
        DateTimeOffset now = _clock.GetUtcNow();
        if (!Machine.Exists || Machine.NextDue > now)
            return false;
        await _commands.TickAsync(this.GetPrimaryKeyLong(), now, Machine.Ending(now), CancellationToken.None).ConfigureAwait(true);
        return true;
    }

    public Task<OfferMessage?> OfferAsync() => Task.FromResult(Machine.Exists ? Offer() : null);

    public Task<byte[]?> ViewAsync() => Task.FromResult(
        Machine.Exists ? JsonSerializer.SerializeToUtf8Bytes(Machine.View(_clock.GetUtcNow()), CampaignViewJson.Type) : null);

    public async Task<byte[]> ReportsAsync()
    {
        CampaignDayReport[] past = Machine.Exists ? [.. Machine.Reports] : [];
        DaySample? today = Machine.Exists ? Machine.TodaySample() : null;
        // The optimum of a day is work for the pool, not for a turn.
        CampaignDayReport? so = today is null ? null : await Task.Run(() => CampaignDayReport.Of(today)).ConfigureAwait(true);
        return JsonSerializer.SerializeToUtf8Bytes(so is null ? past : [.. past, so], GrainsJson.Default.CampaignDayReportArray);
    }

    public async Task<byte[]?> TryActorsAsync(string version)
    {
        if (!_factory.Controllers.Has(version))
            return null;
        ActorTrial? trial = Machine.Exists ? Machine.Trial() : null;
        (BidControllers running, BidControllers candidate) = (_factory.Controllers.Current, _factory.Controllers.Of(version));
        ActorTally tally = trial is null
            ? new ActorTally() : await Task.Run(() => trial.Run(running, candidate)).ConfigureAwait(true);
        return JsonSerializer.SerializeToUtf8Bytes(tally, GrainsJson.Default.ActorTally);
    }

    async Task<TAnswer> ICampaignSender.SendAsync<TAnswer>(long campaign, CampaignCommand command, CancellationToken cancellation) =>
        (TAnswer)(await Host.TellAsync(command.Write()).ConfigureAwait(true))!;

    protected override MachineKind<Campaign> Describe()
    {
        string key = MachineKeys.Of(MachineKeys.Campaigns, this.GetPrimaryKeyLong());
        return new MachineKind<Campaign>(key, () => _factory.Campaign(key))
        {
            FollowersOf = FollowersOf, WaitsFor = WaitsFor, Opened = Opened,
        };
    }

    /// <summary>
    /// Nobody who tells of an event waits for an experiment: its results may lag, and one that is slow or cannot be reached must not hold
    /// up the events of all that were won under it.
    /// </summary>
    internal static bool WaitsFor(string follower) => !MachineKeys.TryRead(follower, MachineKeys.Experiments, out _);

    /// <summary>Who a command of a campaign concerns, too.</summary>
    internal static string[] FollowersOf(JournalRecord record) => EventFollowers.Of(
        record.Read(ServingJson.Default.CampaignCommand), CountsKeys.Of, user => MachineKeys.Of(MachineKeys.Users, user));

    private void Opened(Campaign campaign)
    {
        campaign.Changed = _ => _publisher?.Schedule();
        if (!campaign.Exists)
            return;
        _clock.Reach(campaign.Ledger.Now);
        _publisher?.Schedule();
    }

    private OfferMessage Offer()
    {
        CampaignOffer offer = Machine.Offer();
        return new OfferMessage
        {
            CampaignId = offer.Settings.Id,
            Place = Host.Last,
            Version = offer.Version,
            Settings = JsonSerializer.SerializeToUtf8Bytes(offer.Settings, GrainsJson.Default.CampaignSettings),
            Status = (int)offer.Status,
            Weights = [.. offer.Weights],
            SpentToday = Machine.Ledger.Today.Spent.Value,
            ImpressionsToday = Machine.Ledger.Today.Impressions,
            ClicksToday = Machine.Ledger.Today.Clicks,
        };
    }

    /// <summary>What the market is like today, for a campaign without weights of its own; what it usually is where nobody tells.</summary>
    private async Task<MarketLevel> MarketAsync(CampaignSettings wanted)
    {
        MarketLevel usual = _factory.Campaigns.Market;
        if (wanted.StartWeights is not null)
            return usual;
        try
        {
            MarketToday today = await GrainCalls.AskAsync(
                _grains.GetGrain<IBidBookGrain>(0).MarketAsync(), "The bid book", CancellationToken.None).ConfigureAwait(true);
            return usual.Observed(new Micros(today.Spent).ToUnits(), today.Impressions, today.Clicks);
        }
        catch (IOException e)
        {
            Telemetry.AskFailed(e);
            return usual;
        }
    }

    private Task PublishAsync() => Machine.Exists ? _grains.GetGrain<IBidBookGrain>(0).OfferAsync(Offer()) : Task.CompletedTask;

    // What is due is due still.
    private Task TryTickAsync(CancellationToken cancellation) => GrainCalls.TryAsync(TickAsync);
}
