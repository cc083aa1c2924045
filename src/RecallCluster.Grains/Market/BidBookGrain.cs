using System.Globalization;
using System.Text;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Placement;
using RecallCluster.Wire.Campaigns;
using RecallCluster.Wire.Market;

namespace RecallCluster.Grains.Market;

/// <summary>
/// The market's campaigns as they are published. Only their numbers are durable: when the grain is activated it asks every campaign for
/// its offer, which also wakes them, and readers keep what they know until they hear better.
/// </summary>
[RolePlacement(SiloRoles.Control)]
internal sealed class BidBookGrain(MachineServices services, IGrainFactory grains)
    : MachineGrain<NameList>(services), IBidBookGrain, IRemindable
{
    private const string KeepAwake = "keep-awake";
    private const int AskedAtOnce = 64;

    private readonly Dictionary<int, (OfferMessage Offer, long Since)> _offers = [];
    private readonly Guid _life = Guid.NewGuid();
    private readonly News _news = new(services.Time);
    private (CalibrationMessage Message, long Since)? _calibration;
    private MarketToday _today;
    private long _version = 1;
    private bool _stopped;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await base.OnActivateAsync(cancellationToken).ConfigureAwait(true);
        await this.RegisterOrUpdateReminder(KeepAwake, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1)).ConfigureAwait(true);
        _ = CollectAsync();
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _stopped = true;
        Announce();
        return base.OnDeactivateAsync(reason, cancellationToken);
    }

    public async Task EnrolAsync(long[] campaigns)
    {
        string[] unknown = [.. campaigns.Select(NameOf).Where(name => Machine.NumberOf(name) < 0)];
        if (unknown.Length == 0)
            return;
        // In the order given: they are written together.
        await Task.WhenAll(unknown.Select(name => Host.TellAsync(Encoding.UTF8.GetBytes(name)))).ConfigureAwait(true);
        Announce();
    }

    public async Task OfferAsync(OfferMessage offer)
    {
        await EnrolAsync([offer.CampaignId]).ConfigureAwait(true);
        int number = Machine.NumberOf(NameOf(offer.CampaignId));
        if (_offers.TryGetValue(number, out (OfferMessage Offer, long Since) known) && known.Offer.Place >= offer.Place)
            return;
        _today = _today.With(known.Offer, offer);
        _offers[number] = (offer, _version + 1);
        Announce();
    }

    public Task TakeAsync(CalibrationMessage calibration)
    {
        _calibration = (calibration, _version + 1);
        Announce();
        return Task.CompletedTask;
    }

    public async Task<BookDelta?> NextAsync(Guid life, long version)
    {
        if (life == _life && version == _version && !_stopped)
            await _news.WaitAsync().ConfigureAwait(true);
        bool isWhole = life != _life || version > _version;
        long since = isWhole ? 0 : version;
        if (since == _version)
            return null;
        return new BookDelta
        {
            Life = _life,
            Version = _version,
            IsWhole = isWhole,
            Campaigns = Machine.Names.Count,
            Offers = _offers.Where(o => o.Value.Since > since).ToDictionary(o => o.Key, o => o.Value.Offer),
            Calibration = _calibration is { } calibration && calibration.Since > since ? calibration.Message : null,
        };
    }

    public Task<(Guid Life, long Version)> VersionAsync() => Task.FromResult((_life, _version));

    public Task<long[]> CampaignsAsync() => Task.FromResult(Campaigns.ToArray());

    public Task<MarketToday> MarketAsync() => Task.FromResult(_today);

    public async Task<int> TickAsync()
    {
        int due = 0;
        foreach (long[] some in Campaigns.Chunk(AskedAtOnce))
        {
            bool[] ticked = await Task.WhenAll(some.Select(id => grains.GetGrain<ICampaignGrain>(id).TickAsync())).ConfigureAwait(true);
            due += ticked.Count(was => was);
        }
        return due;
    }

    public Task ReceiveReminder(string reminderName, TickStatus status) => CollectAsync();

    protected override MachineKind<NameList> Describe()
    {
        string key = MachineKeys.Of(MachineKeys.Book, this.GetPrimaryKeyLong());
        return new MachineKind<NameList>(key, () => new NameList(key));
    }

    private IEnumerable<long> Campaigns => Machine.Names.Select(name => long.Parse(name, CultureInfo.InvariantCulture));

    private static string NameOf(long campaign) => campaign.ToString(CultureInfo.InvariantCulture);

    private void Announce()
    {
        _version++;
        _news.Tell();
    }

    /// <summary>Asks everybody what they publish; who cannot be reached is asked again by the next reminder.</summary>
    private async Task CollectAsync()
    {
        foreach (long[] some in Campaigns.ToArray().Chunk(AskedAtOnce))
            await Task.WhenAll(some.Select(TryCollectAsync)).ConfigureAwait(true);
        // Asking wakes it, too.
        await GrainCalls.TryAsync(async () =>
        {
            CalibrationMessage? calibration =
                await grains.GetGrain<ICalibratorGrain>(CalibratorHeads.Click).CurrentAsync().ConfigureAwait(true);
            if (_calibration is null && calibration is not null)
                await TakeAsync(calibration).ConfigureAwait(true);
        }).ConfigureAwait(true);
    }

    // A campaign without an offer bids nothing: that is safe, and it is asked again.
    private Task TryCollectAsync(long campaign) => GrainCalls.TryAsync(async () =>
    {
        if (await grains.GetGrain<ICampaignGrain>(campaign).OfferAsync().ConfigureAwait(true) is { } offer)
            await OfferAsync(offer).ConfigureAwait(true);
    });
}

/// <summary>What is calibrated.</summary>
internal static class CalibratorHeads
{
    /// <summary>Click and conversion probabilities.</summary>
    public const string Click = "ctr";
}
