using RecallCluster.Bidding.Auctions;
using RecallCluster.Numerics;
using RecallCluster.Serving.Experiments;

namespace RecallCluster.Serving.Gateway;

/// <summary>Memory of one request at a time, kept from request to request, with randomness and tallies of its own.</summary>
internal sealed class GatewayScratch(SeededRandom random)
{
    private ulong[] _campaigns = [], _facets = [];
    private int[] _best = [];
    private ulong[] _told = [];
    private int _held;

    /// <summary>Draws win ids and samples.</summary>
    public SeededRandom Random => random;

    /// <summary>What campaigns are to be told.</summary>
    public TallySheet Tallies { get; private set; } = new();

    /// <summary>The arms of experiments that the request's user is in.</summary>
    public Assignment Assignment { get; set; }

    /// <summary>The candidates.</summary>
    public Candidate[] Candidates { get; private set; } = [];

    /// <summary>How many there are.</summary>
    public int Count { get; set; }

    /// <summary>Ids and scores of the candidates, for a ranker.</summary>
    public string[] Ids { get; private set; } = [];

    /// <summary>See <see cref="Ids"/>.</summary>
    public float[] Scores { get; private set; } = [];

    /// <summary>The bids of one slot's auction, and the candidate that each is of.</summary>
    public AuctionBid[] Bids { get; private set; } = [];

    /// <summary>See <see cref="Bids"/>.</summary>
    public int[] CandidateOf { get; private set; } = [];

    /// <summary>The deal that each bid is under, a place in the slot's list; -1 for none.</summary>
    public int[] DealOf { get; private set; } = [];

    /// <summary>The slots sold, and the best that was not.</summary>
    public AuctionWin[] Wins { get; } = new AuctionWin[AuctionRequest.MaxSlots];

    /// <summary>The campaigns that were told of an auction of the request, by number.</summary>
    public ulong[] Told => _told;

    /// <summary>
    /// By slot, the cost of an impression at which a campaign that did not take part would have won; NaN where nobody tells.
    /// </summary>
    public List<double> ToBeat { get; } = [];

    /// <summary>Empties <see cref="Told"/>, of at least as many words, and <see cref="ToBeat"/>.</summary>
    public void BeginAuctions(int words)
    {
        Grown(ref _told, words);
        _told.AsSpan().Clear();
        ToBeat.Clear();
    }

    /// <summary>Makes room for as many candidates.</summary>
    public void Reserve(int candidates)
    {
        if (Candidates.Length >= candidates)
            return;
        Candidates = new Candidate[candidates];
        Ids = new string[candidates];
        Scores = new float[candidates];
        Bids = new AuctionBid[candidates];
        CandidateOf = new int[candidates];
        DealOf = new int[candidates];
    }

    /// <summary>Memory for a set of campaigns.</summary>
    public Span<ulong> CampaignSet(int words) => Grown(ref _campaigns, words);

    /// <summary>Memory for a set of facets, empty.</summary>
    public Span<ulong> FacetSet(int words)
    {
        Span<ulong> set = Grown(ref _facets, words);
        set.Clear();
        return set;
    }

    /// <summary>For each campaign number the place of its best bid plus one; all zero, and to be left so.</summary>
    public int[] BestOf(int campaigns)
    {
        if (_best.Length < campaigns)
            _best = new int[campaigns];
        return _best;
    }

    /// <summary>Takes it, for one user alone.</summary>
    /// <returns>Whether nobody had it.</returns>
    public bool TryHold() => Interlocked.CompareExchange(ref _held, 1, 0) == 0;

    /// <summary>Lets go of it.</summary>
    public void Release() => Volatile.Write(ref _held, 0);

    /// <summary>Goes on with another, empty sheet of tallies, and gives out the one until now.</summary>
    public TallySheet ChangeTallies(TallySheet next)
    {
        (TallySheet now, Tallies) = (Tallies, next);
        return now;
    }

    private static Span<ulong> Grown(ref ulong[] memory, int words)
    {
        if (memory.Length < words)
            memory = new ulong[words];
        return memory.AsSpan(0, words);
    }
}
