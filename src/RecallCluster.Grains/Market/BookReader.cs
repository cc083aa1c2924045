using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Money;
using RecallCluster.Calibration.Maps;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Machines;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.State;
using RecallCluster.Serving.ValueRanking;
using RecallCluster.Wire.Campaigns;
using RecallCluster.Wire.Market;

namespace RecallCluster.Grains.Market;

/// <summary>
/// The published campaigns on this silo: follows the bid book's grain and makes a book of this silo's own whenever something is new. What
/// was heard is kept until something better is heard, also when the grain has moved. Thread-safe.
/// </summary>
internal sealed class BookReader : ICampaignFeed, IAsyncDisposable
{
    private readonly IGrainFactory _grains;
    private readonly MachineHostOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly ReadPlace _place = new();
    private readonly Dictionary<long, int> _numbers = [];
    private OfferMessage?[] _messages = [];
    private CampaignOffer?[] _offers = [];
    private long[] _campaigns = [];
    private CalibrationModel _click = new("raw", CalibrationMap.Identity);
    private ConversionRates _conversions;
    private PublishedCampaigns _current;
    private long _books;
    private Follower? _follower;

    public BookReader(IGrainFactory grains, MachineFactory factory, MachineHostOptions options, TimeProvider time)
    {
        (_grains, _options, _time) = (grains, options, time);
        _conversions = ConversionRates.Everywhere(factory.Calibration.Calibrator.ConversionPrior);
        _current = new PublishedCampaigns(new BidBook(0, [], _click), [], []);
    }

    /// <summary>Called with every new book, in order; must be quick.</summary>
    public event Action<PublishedCampaigns>? Published;

    /// <summary>The newest book with all that belongs to it.</summary>
    public PublishedCampaigns Current => Volatile.Read(ref _current);

    /// <summary>Ids of the campaigns by number, as far as they are known here.</summary>
    public IReadOnlyList<long> Campaigns => Volatile.Read(ref _campaigns);

    /// <summary>What each campaign has spent today, by number, in micro-units of the currency.</summary>
    public IReadOnlyList<long> SpentToday
    {
        get
        {
            lock (_lock)
                return Array.ConvertAll(_messages, message => message?.SpentToday ?? 0);
        }
    }

    /// <summary>Place of a campaign's newest offer that was heard here, in its own log; -1 for none.</summary>
    public long PlaceOf(long campaign)
    {
        lock (_lock)
            return _numbers.TryGetValue(campaign, out int number) && _messages[number] is { } message ? message.Place : -1;
    }

    /// <summary>The calibration context of a campaign, "advertiser/campaign".</summary>
    public string ContextOf(long campaign)
    {
        lock (_lock)
        {
            return _numbers.TryGetValue(campaign, out int number) && number < _offers.Length && _offers[number] is { } offer
                ? offer.Context : $"0/{campaign}";
        }
    }

    /// <summary>Begins to follow.</summary>
    public void Start() => _follower ??= new Follower(AskAsync, _options, _time);

    /// <summary>Completes when this silo knows a version of the book, or a later one.</summary>
    public Task WaitForAsync(Guid life, long version, CancellationToken cancellation) => _place.WaitForAsync(life, version, cancellation);

    public ValueTask DisposeAsync() => _follower?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>Completes when every campaign that has a number has been heard of here, or nothing will be.</summary>
    /// <param name="isBroken">Whether nothing will be heard of a campaign.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task WaitForAllAsync(Func<long, bool> isBroken, CancellationToken cancellation)
    {
        while (true)
        {
            (Guid Life, long Version) seen = _place.Current;
            lock (_lock)
            {
                if (_offers.Length > 0 && !_offers.Where((offer, number) => offer is null && !isBroken(_campaigns[number])).Any())
                    return;
            }
            await _place.WaitPastAsync(seen, cancellation).ConfigureAwait(false);
        }
    }

    // It holds a number and bids nothing.
    private static CampaignOffer NotHeardOf(long id) => new(
        new CampaignSettings
        {
            Id = id,
            Name = "not heard of yet",
            AdvertiserId = 1,
            AdvertiserDomain = "unknown.invalid",
            Product = BidProduct.Click.Name,
            IsPaused = true,
            Terms = new CampaignTerms
            {
                CampaignId = id, TimeZone = "UTC", DailyBudget = Micros.Zero, FlightStart = DateTimeOffset.UnixEpoch,
            },
        },
        0, [0], CampaignStatus.Paused);

    private async Task AskAsync(CancellationToken cancellation)
    {
        IBidBookGrain book = _grains.GetGrain<IBidBookGrain>(0);
        (Guid life, long version) = _place.Current;
        BookDelta? delta = await book.NextAsync(life, version).WaitAsync(cancellation).ConfigureAwait(false);
        if (delta is null)
            return;
        long[] campaigns = delta.Campaigns > _campaigns.Length
            ? await book.CampaignsAsync().WaitAsync(cancellation).ConfigureAwait(false) : _campaigns;
        Take(delta, campaigns);
    }

    private void Take(BookDelta delta, long[] campaigns)
    {
        PublishedCampaigns published;
        lock (_lock)
        {
            Array.Resize(ref _offers, campaigns.Length);
            Array.Resize(ref _messages, campaigns.Length);
            for (int number = _campaigns.Length; number < campaigns.Length; number++)
                _numbers[campaigns[number]] = number;
            Volatile.Write(ref _campaigns, campaigns);
            foreach ((int number, OfferMessage offer) in delta.Offers)
            {
                // A grain that has just moved may know an older offer than its silo heard before.
                if (_messages[number] is { } known && known.Place > offer.Place)
                    continue;
                _messages[number] = offer;
                _offers[number] = new CampaignOffer(
                    GrainsJson.Read(offer.Settings, GrainsJson.Default.CampaignSettings, "campaign"), offer.Version, offer.Weights,
                    (CampaignStatus)offer.Status);
            }
            if (delta.Calibration is { } calibration)
            {
                _click = ModelFormat.FromBytes(calibration.Click);
                _conversions = new ConversionRates(calibration.Conversions);
            }
            published = PublishedCampaigns.Of(
                ++_books, [.. _offers.Select((offer, number) => offer ?? NotHeardOf(_campaigns[number]))], _click, _conversions);
            Volatile.Write(ref _current, published);
        }
        Published?.Invoke(published);
        _place.Reach(delta.Life, delta.Version);
    }
}
