namespace RecallCluster.Bidding.Auctions;

/// <summary>
/// The best offers of one auction, best first, in the caller's memory: one place more than there are slots, because the offer behind the
/// last winner sets its price. Keeps at most n ads of an advertiser as it goes.
/// </summary>
internal ref struct Ranking
{
    private readonly Span<Entry> _entries;
    private readonly int _maxAdsPerAdvertiser;

    private Ranking(Span<Entry> entries, int maxAdsPerAdvertiser)
    {
        _entries = entries;
        _maxAdsPerAdvertiser = maxAdsPerAdvertiser;
    }

    /// <summary>Number of offers kept.</summary>
    public int Count { get; private set; }

    /// <summary>Bids that made no sense.</summary>
    public int Malformed { get; private set; }

    public readonly ref readonly Entry this[int rank] => ref _entries[rank];

    /// <summary>Ranks all bids of a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="bids">Its bids.</param>
    /// <param name="entries">Memory for the offers kept: as many as are wanted.</param>
    public static Ranking Of(in AuctionRequest request, ReadOnlySpan<AuctionBid> bids, Span<Entry> entries)
    {
        var ranking = new Ranking(entries, request.MaxAdsPerAdvertiser);
        long least = Math.Max(1, request.Floor.Value);
        for (int i = 0; i < bids.Length; i++)
        {
            ref readonly AuctionBid bid = ref bids[i];
            if (!Offer.TryMake(in bid, out Offer offer))
                ranking.Malformed++;
            else if (offer.Ecpm >= least && !request.Blocks(in bid))
                ranking.Add(new Entry(offer, bid.AdId, bid.AdvertiserId, i));
        }
        return ranking;
    }

    private void Add(in Entry entry)
    {
        if (Count == _entries.Length && !entry.IsBefore(in _entries[Count - 1]))
            return;
        int gap = Count;
        if (_maxAdsPerAdvertiser < _entries.Length && WorstOfFullAdvertiser(entry.AdvertiserId) is var worst and >= 0)
        {
            if (!entry.IsBefore(in _entries[worst]))
                return;
            gap = worst;
        }
        else if (Count == _entries.Length)
        {
            gap--;
        }
        else
        {
            Count++;
        }
        for (; gap > 0 && entry.IsBefore(in _entries[gap - 1]); gap--)
            _entries[gap] = _entries[gap - 1];
        _entries[gap] = entry;
    }

    // -1 while the advertiser may have more.
    private readonly int WorstOfFullAdvertiser(int advertiser)
    {
        int ads = 0, worst = -1;
        for (int i = 0; i < Count; i++)
        {
            if (_entries[i].AdvertiserId != advertiser)
                continue;
            ads++;
            worst = i;
        }
        return ads >= _maxAdsPerAdvertiser ? worst : -1;
    }

    /// <summary>An offer with what its rank depends on.</summary>
    internal readonly struct Entry(Offer offer, long adId, int advertiserId, int bid)
    {
        public Offer Offer => offer;

        public int AdvertiserId => advertiserId;

        public int Bid => bid;

        private long AdId => adId;

        public bool IsBefore(in Entry other)
        {
            if (offer.Ecpm != other.Offer.Ecpm)
                return offer.Ecpm > other.Offer.Ecpm;
            return adId != other.AdId ? adId < other.AdId : bid < other.Bid;
        }
    }
}
