using RecallCluster.Serving.Campaigns;

namespace RecallCluster.Serving.Gateway;

/// <summary>
/// Which campaigns want a request of this context, for all campaigns at once: for each thing that can be targeted a set of the campaigns
/// that do not care, and postings by value of those that do. A request costs a few passes over a set (64 campaigns a word), whatever the
/// campaigns ask for.
/// </summary>
internal sealed class TargetingIndex
{
    private readonly int _words;
    private readonly Dimension _countries, _regions, _devices, _publishers, _categories, _languages;
    private readonly PostingMap _excludedPublishers, _domains, _deals;
    private readonly ulong[] _active;

    /// <param name="campaigns">Settings by campaign number; null where there are none.</param>
    public TargetingIndex(IReadOnlyList<CampaignSettings?> campaigns)
    {
        _words = Bits.Words(campaigns.Count);
        _active = new ulong[_words];
        for (int number = 0; number < campaigns.Count; number++)
        {
            if (campaigns[number] is { IsPaused: false })
                Bits.Add(_active, number);
        }
        _countries = new Dimension(campaigns, t => t.Countries);
        _regions = new Dimension(campaigns, t => t.Regions);
        _devices = new Dimension(campaigns, t => [.. t.Devices.Select(d => d.ToString())]);
        _publishers = new Dimension(campaigns, t => t.Publishers);
        _categories = new Dimension(campaigns, t => t.Categories);
        _languages = new Dimension(campaigns, t => t.Languages);
        _excludedPublishers = MapOf(campaigns, c => c.Targeting.ExcludedPublishers);
        _domains = MapOf(campaigns, c => [c.AdvertiserDomain]);
        _deals = MapOf(campaigns, c => c.Targeting.Deals);
    }

    /// <summary>Words of a set of campaigns.</summary>
    public int Words => _words;

    /// <summary>The campaigns that are not held back and want this context; hours and flights are <see cref="TimeWindows"/>.</summary>
    /// <param name="context">The context.</param>
    /// <param name="set">Receives the set.</param>
    /// <param name="spare">Memory for another set.</param>
    public void Match(RequestContext context, Span<ulong> set, Span<ulong> spare)
    {
        _active.CopyTo(set);
        _countries.Keep(context.Country, set, spare);
        _regions.Keep(context.Region, set, spare);
        _devices.Keep(context.Device == DeviceKind.Unknown ? null : context.Device.ToString(), set, spare);
        _publishers.Keep(context.Publisher, set, spare);
        _languages.Keep(context.Language, set, spare);
        _categories.KeepAny(context.Categories, set, spare);
        if (context.Publisher is { } publisher && _excludedPublishers.TryGet(publisher, out Posting excluded))
            excluded.RemoveFrom(set);
    }

    /// <summary>Takes out the campaigns of blocked advertisers.</summary>
    public void Block(IReadOnlyCollection<string> domains, Span<ulong> set)
    {
        foreach (string domain in domains)
        {
            if (_domains.TryGet(domain, out Posting blocked))
                blocked.RemoveFrom(set);
        }
    }

    /// <summary>Keeps only the campaigns of these advertisers; all where there are none.</summary>
    public void KeepOnly(IReadOnlyCollection<string> domains, Span<ulong> set, Span<ulong> spare)
    {
        if (domains.Count == 0)
            return;
        spare.Clear();
        foreach (string domain in domains)
        {
            if (_domains.TryGet(domain, out Posting allowed))
                allowed.AddTo(spare);
        }
        Bits.Keep(set, spare);
    }

    /// <summary>The campaigns that take part in a deal and that it is for.</summary>
    public void AddDeal(DealOffer deal, Span<ulong> set, Span<ulong> spare)
    {
        if (!_deals.TryGet(deal.Id, out Posting named))
            return;
        if (deal.Advertisers.Count == 0)
        {
            named.AddTo(set);
            return;
        }
        var wanted = new ulong[_words];
        foreach (string domain in deal.Advertisers)
        {
            if (_domains.TryGet(domain, out Posting of))
                of.AddTo(wanted);
        }
        spare.Clear();
        named.AddTo(spare);
        Bits.Keep(spare, wanted);
        Bits.AddAll(set, spare);
    }

    private static PostingMap MapOf(IReadOnlyList<CampaignSettings?> campaigns, Func<CampaignSettings, IReadOnlyList<string>> values)
    {
        var numbers = new Dictionary<string, List<int>>(StringComparer.OrdinalIgnoreCase);
        for (int number = 0; number < campaigns.Count; number++)
        {
            foreach (string value in campaigns[number] is { } campaign ? values(campaign) : [])
                PostingMap.Collect(numbers, value, number);
        }
        return new PostingMap(numbers, Bits.Words(campaigns.Count));
    }

    /// <summary>One thing that can be targeted.</summary>
    private sealed class Dimension
    {
        private readonly PostingMap _values;
        private readonly ulong[] _any;

        public Dimension(IReadOnlyList<CampaignSettings?> campaigns, Func<Targeting, IReadOnlyList<string>> wanted)
        {
            _values = MapOf(campaigns, c => wanted(c.Targeting));
            _any = Bits.Full(campaigns.Count);
            for (int number = 0; number < campaigns.Count; number++)
            {
                if (campaigns[number] is { } campaign && wanted(campaign.Targeting).Count > 0)
                    Bits.Remove(_any, number);
            }
        }

        public void Keep(string? value, Span<ulong> set, Span<ulong> spare)
        {
            if (_values.IsEmpty)
                return;
            if (value is null || !_values.TryGet(value, out Posting posting))
            {
                Bits.Keep(set, _any);
                return;
            }
            _any.CopyTo(spare);
            posting.AddTo(spare);
            Bits.Keep(set, spare);
        }

        public void KeepAny(IReadOnlyList<string> values, Span<ulong> set, Span<ulong> spare)
        {
            if (_values.IsEmpty)
                return;
            _any.CopyTo(spare);
            for (int i = 0; i < values.Count; i++)
                _values.AddPathTo(values[i], spare);
            Bits.Keep(set, spare);
        }
    }
}
