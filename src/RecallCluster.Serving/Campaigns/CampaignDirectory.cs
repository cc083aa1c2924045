using System.Collections.Concurrent;
using RecallCluster.Calibration.Maps;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.State;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Serving.Campaigns;

/// <summary>
/// The campaigns of a journal and what of them is published: numbers them in the order in which they came, and makes a new bid book when
/// weights, a status or the calibration have changed. Books are made on the journal's writer, at most one for each round of changes;
/// reading takes no lock.
/// </summary>
public sealed class CampaignDirectory : ICampaignFeed, ICalibratedCampaigns
{
    /// <summary>What keys of campaigns begin with.</summary>
    internal const string Prefix = "campaign/";

    private readonly ConcurrentDictionary<long, int> _numbers = new();
    private readonly List<Campaign> _byNumber = [];
    private IJournal? _journal;
    private CalibrationModel _click = new("raw", CalibrationMap.Identity);
    private ConversionRates _conversions;
    private PublishedCampaigns _current;
    private long _version;
    private int _pending;

    /// <summary>An empty directory, whose machines are added to those that the journal will be opened with.</summary>
    internal CampaignDirectory(StateMachines machines, MachineFactory factory)
    {
        Factory = factory;
        _conversions = ConversionRates.Everywhere(factory.Calibration.Calibrator.ConversionPrior);
        _current = new PublishedCampaigns(new BidBook(0, [], _click), [], []);
        machines.AddFamily(Prefix, key =>
        {
            Campaign campaign = factory.Campaign(key);
            campaign.Changed = OnChanged;
            return campaign;
        });
    }

    /// <inheritdoc/>
    /// <remarks>It is the journal's writer that calls.</remarks>
    public event Action<PublishedCampaigns>? Published;

    /// <summary>
    /// Told what became of a publication that nobody waited for: why it failed, or null. A later change is published anew.
    /// </summary>
    internal Action<Exception?>? PublicationEnded { get; set; }

    /// <inheritdoc/>
    public PublishedCampaigns Current => Volatile.Read(ref _current);

    /// <summary>Number of campaigns.</summary>
    public int Count => _numbers.Count;

    internal MachineFactory Factory { get; }

    /// <summary>All campaigns by number; read on the journal's writer.</summary>
    internal IReadOnlyList<Campaign> Campaigns => _byNumber;

    /// <summary>The number of a campaign in books; -1 for one that is not there.</summary>
    public int NumberOf(long campaign) => _numbers.TryGetValue(campaign, out int number) ? number : -1;

    /// <summary>The calibration context of a campaign, "advertiser/campaign".</summary>
    string ICalibratedCampaigns.ContextOf(long campaign)
    {
        int number = NumberOf(campaign);
        ReadOnlySpan<BidBookEntry> entries = Current.Book.Campaigns;
        return number >= 0 && number < entries.Length ? entries[number].Context : $"0/{campaign}";
    }

    /// <summary>The latest time that any ledger was told; read on the journal's writer.</summary>
    internal DateTimeOffset LatestTime => _byNumber.Select(campaign => campaign.Ledger.Now).DefaultIfEmpty(DateTimeOffset.MinValue).Max();

    /// <summary>The machine of a campaign.</summary>
    internal static string KeyOf(long campaign) => $"{Prefix}{campaign}";

    /// <summary>Takes the journal that was opened with this directory's machines, and publishes the first book.</summary>
    internal Task AttachAsync(IJournal journal, CancellationToken cancellation)
    {
        _journal = journal;
        return PublishAsync(cancellation);
    }

    Task ICalibratedCampaigns.PublishAsync(CalibrationModel click, ConversionRates? conversions, CancellationToken cancellation)
    {
        Volatile.Write(ref _click, click);
        if (conversions is not null)
            Volatile.Write(ref _conversions, conversions);
        return PublishAsync(cancellation);
    }

    /// <summary>Makes a new book now.</summary>
    internal Task PublishAsync(CancellationToken cancellation) =>
        _journal is { } journal ? journal.ReadAsync(Publish, cancellation)
            : throw new InvalidOperationException("The directory has no journal yet.");

    internal Campaign? Find(long id) => _numbers.TryGetValue(id, out int number) ? _byNumber[number] : null;

    // On the journal's writer, or while it is opened.
    private void OnChanged(Campaign campaign)
    {
        if (_numbers.TryAdd(campaign.Settings.Id, _byNumber.Count))
            _byNumber.Add(campaign);
        Schedule();
    }

    private void Schedule()
    {
        if (_journal is { } journal && Interlocked.Exchange(ref _pending, 1) == 0)
            _ = PublishLaterAsync(journal);
    }

    private async Task PublishLaterAsync(IJournal journal)
    {
        try
        {
            await journal.ReadAsync(Publish, CancellationToken.None).ConfigureAwait(false);
            PublicationEnded?.Invoke(null);
        }
        catch (Exception e) when (e is ObjectDisposedException or IOException)
        {
            // The journal has stopped: there will be no newer book.
            Volatile.Write(ref _pending, 1);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            PublicationEnded?.Invoke(e);
        }
    }

    private bool Publish()
    {
        Volatile.Write(ref _pending, 0);
        CampaignOffer[] offers = [.. _byNumber.Select(campaign => campaign.Offer())];
        var published = PublishedCampaigns.Of(++_version, offers, Volatile.Read(ref _click), Volatile.Read(ref _conversions));
        Volatile.Write(ref _current, published);
        Published?.Invoke(published);
        return true;
    }
}
