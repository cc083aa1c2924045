using RecallCluster.Simulation.Traffic;

namespace RecallCluster.AdServer;

/// <summary>
/// What a publisher writes down of a day: what it asked, what it was given, and above all what its door acknowledged, to be held against
/// the door's own ledgers. Thread-safe while the day is played.
/// </summary>
public sealed class PublisherBooks
{
    private readonly Lock _lock = new();
    private readonly Dictionary<long, CampaignPage> _campaigns = [];
    private readonly List<ShownAd> _shown = [];
    private readonly List<double> _latencies = [];
    private readonly List<DateTimeOffset> _failures = [];
    private readonly List<(PageVisit Visit, PageEvent Kind)> _repeated = [];

    /// <summary>Requests sent.</summary>
    public int Requests { get; private set; }

    /// <summary>Requests that were answered with at least one ad.</summary>
    public int Filled { get; private set; }

    /// <summary>Requests that got no answer.</summary>
    public int Unanswered { get; private set; }

    /// <summary>The first reason for that, or null.</summary>
    public string? FirstFailure { get; private set; }

    /// <summary>When, in real time, each of them failed.</summary>
    public IReadOnlyList<DateTimeOffset> Failures => _failures;

    /// <summary>Ads delivered.</summary>
    public int Delivered { get; private set; }

    /// <summary>Times that an event was sent, duplicates included.</summary>
    public long Sent { get; private set; }

    /// <summary>Events that the door applied.</summary>
    public long Applied { get; private set; }

    /// <summary>Events that it had applied before.</summary>
    public long Duplicates { get; private set; }

    /// <summary>Events that it accepted for later.</summary>
    public long Pending { get; private set; }

    /// <summary>Events that it refused.</summary>
    public long Refused { get; private set; }

    /// <summary>Events of which it never said that they are durable.</summary>
    public long Lost { get; private set; }

    /// <summary>What the door's answers said of each campaign.</summary>
    public IReadOnlyDictionary<long, CampaignPage> Campaigns => _campaigns;

    /// <summary>All impressions that counted.</summary>
    public IReadOnlyList<ShownAd> Shown => _shown;

    /// <summary>Latencies of the requests that were answered, milliseconds, counted from when they were due.</summary>
    public IReadOnlyList<double> Latencies => _latencies;

    internal void CountAnswer(IReadOnlyList<Delivery> ads, double milliseconds)
    {
        lock (_lock)
        {
            Requests++;
            Delivered += ads.Count;
            Filled += ads.Count > 0 ? 1 : 0;
            _latencies.Add(milliseconds);
        }
    }

    internal void CountFailure(string reason, DateTimeOffset at)
    {
        lock (_lock)
        {
            _failures.Add(at);
            Requests++;
            Unanswered++;
            FirstFailure ??= reason;
        }
    }

    internal void Count(PageVisit visit, PageEvent kind, Acknowledgement acknowledged)
    {
        lock (_lock)
        {
            Sent++;
            switch (acknowledged.Fate)
            {
                case EventFate.Applied:
                    Applied++;
                    visit.Applied.Add(kind);
                    Apply(PageOf(visit.Delivery.Campaign), visit, kind, acknowledged.Charged);
                    break;
                case EventFate.Duplicate:
                    Duplicates++;
                    _repeated.Add((visit, kind));
                    break;
                case EventFate.Pending:
                    Pending++;
                    _repeated.Add((visit, kind));
                    break;
                case EventFate.Refused:
                    Refused++;
                    break;
                default:
                    Lost++;
                    break;
            }
        }
    }

    /// <summary>
    /// Closes the books: an event that the door says it had applied before, though it never said so then, was acknowledged by a door that
    /// was killed before its answer came; and one that is pending was accepted. Both count; what they cost, nobody told.
    /// </summary>
    internal void Close()
    {
        lock (_lock)
        {
            foreach ((PageVisit visit, PageEvent kind) in _repeated)
            {
                if (!visit.Applied.Add(kind))
                    continue;
                CampaignPage page = PageOf(visit.Delivery.Campaign);
                Apply(page, visit, kind, charged: 0);
                page.Unpriced++;
            }
            _repeated.Clear();
        }
    }

    private void Apply(CampaignPage page, PageVisit visit, PageEvent kind, decimal charged)
    {
        Delivery ad = visit.Delivery;
        page.Charged += charged;
        for (int hour = visit.Request.Time.Hours; hour < page.ChargedByHour.Length; hour++)
            page.ChargedByHour[hour] += charged;
        if (kind == PageEvent.Click)
            page.Clicks++;
        else if (kind == PageEvent.Conversion)
            page.Conversions++;
        if (kind != PageEvent.Impression)
            return;
        page.Impressions++;
        page.PredictedClicks += ad.ClickProbability;
        page.PredictedConversions += ad.ClickProbability * ad.ConversionProbability;
        page.TrueClicks += visit.TrueClick;
        page.TrueConversions += visit.TrueClick * visit.TrueConversion;
        _shown.Add(new ShownAd(
            visit.Request.Number, ad.Campaign, ad.RawClickProbability, ad.ClickProbability, visit.TrueClick, visit.TrueConversion,
            visit.Outcome.ClickedAfter is not null, visit.Request.Time.Hours));
    }

    private CampaignPage PageOf(long campaign)
    {
        if (!_campaigns.TryGetValue(campaign, out CampaignPage? page))
            _campaigns.Add(campaign, page = new CampaignPage());
        return page;
    }
}

/// <summary>A delivered ad on its page, with what is true of it.</summary>
internal sealed record PageVisit(TrafficRequest Request, Delivery Delivery, AdOutcome Outcome, double TrueClick, double TrueConversion)
{
    /// <summary>What the door said it applied.</summary>
    public HashSet<PageEvent> Applied { get; } = [];
}
