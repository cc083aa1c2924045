using RecallCluster.Numerics;
using RecallCluster.Serving.Campaigns;

namespace RecallCluster.Serving.Gateway;

/// <summary>Sums of one campaign's auctions. Every value and KPI of a product is a linear function of these.</summary>
internal record struct CampaignSums
{
    /// <summary>Auctions in which it bid.</summary>
    public long Auctions { get; set; }

    /// <summary>Auctions in which it could have bid and did not, as a survey estimates them.</summary>
    public double Surveyed { get; set; }

    /// <summary>Auctions won.</summary>
    public long Wins { get; set; }

    /// <summary>Sum of pCTR over auctions won.</summary>
    public double Clicks { get; set; }

    /// <summary>Sum of pCTR pCVR over auctions won.</summary>
    public double Conversions { get; set; }

    /// <summary>Expected charges of auctions won, in units of the currency.</summary>
    public double Cost { get; set; }

    /// <summary>Adds what happened elsewhere or later.</summary>
    public void Add(in CampaignSums other)
    {
        Auctions += other.Auctions;
        Surveyed += other.Surveyed;
        Wins += other.Wins;
        Clicks += other.Clicks;
        Conversions += other.Conversions;
        Cost += other.Cost;
    }
}

/// <summary>
/// What happened to one campaign since the last report, on one sheet: sums, a uniform sample of the auctions it bid in, and some of those
/// it did not bid in, each with what it stands for.
/// </summary>
internal sealed class CampaignTally
{
    /// <summary>Auctions kept of one report.</summary>
    public const int SampleSize = 64;

    private readonly AuctionSample[] _sample = new AuctionSample[SampleSize];
    private readonly List<(AuctionSample Auction, double Weight)> _surveyed = [];
    private long _seen;
    private CampaignSums _sums;

    /// <summary>The sums.</summary>
    public ref readonly CampaignSums Sums => ref _sums;

    /// <summary>The sample of the auctions that it bid in.</summary>
    public ReadOnlySpan<AuctionSample> Sample => _sample.AsSpan(0, (int)Math.Min(_seen, SampleSize));

    /// <summary>How many auctions each of the sample stands for.</summary>
    public double SampleWeight => _seen == 0 ? 0 : (double)_seen / Math.Min(_seen, SampleSize);

    /// <summary>Whether anything happened.</summary>
    public bool IsEmpty => _sums.Auctions == 0 && _sums.Wins == 0 && _sums.Surveyed == 0;

    /// <summary>An auction whose price to win is known. Source of the sampling: Vitter's algorithm R (1985).</summary>
    public void AddAuction(in AuctionSample auction, SeededRandom random)
    {
        _sums.Auctions++;
        _seen++;
        if (_seen <= SampleSize)
            _sample[_seen - 1] = auction;
        else if (random.NextInt((int)Math.Min(_seen, int.MaxValue)) is var place && place < SampleSize)
            _sample[place] = auction;
    }

    /// <summary>An auction of somebody else's, whose price nobody tells those who lose.</summary>
    public void AddUnpricedAuction() => _sums.Auctions++;

    /// <summary>An auction in which it could have bid and did not.</summary>
    /// <param name="clickProbability">pCTR of its best ad.</param>
    /// <param name="cost">What it would have taken to win; null where nobody tells.</param>
    /// <param name="weight">How many auctions it stands for.</param>
    public void AddSurveyed(double clickProbability, double? cost, double weight)
    {
        _sums.Surveyed += weight;
        if (cost is { } known)
            _surveyed.Add((new AuctionSample((float)clickProbability, (float)known), weight));
    }

    /// <summary>
    /// One sample of equal weight of all auctions whose price is known. What was surveyed may stand for more than the others, or for less:
    /// each comes as often as its weight says, on the average (systematic sampling; Madow, 1949).
    /// </summary>
    /// <param name="random">Where the first falls.</param>
    /// <param name="weight">How many auctions each of the sample stands for.</param>
    public AuctionSample[] Draw(SeededRandom random, out double weight)
    {
        weight = SampleWeight;
        if (_surveyed.Count == 0)
            return Sample.ToArray();
        double each = SampleWeight, total = _seen + _surveyed.Sum(one => one.Weight);
        int places = (int)Math.Min(SampleSize, Math.Ceiling(total));
        weight = total / places;
        var drawn = new List<AuctionSample>(places);
        double owed = random.NextDouble();
        foreach (AuctionSample auction in Sample)
            owed = Add(drawn, auction, owed + (each / weight));
        foreach ((AuctionSample auction, double stands) in _surveyed)
            owed = Add(drawn, auction, owed + (stands / weight));
        return [.. drawn];
    }

    /// <summary>A win.</summary>
    public void AddWin(double clickProbability, double conversionProbability, double cost)
    {
        _sums.Wins++;
        _sums.Clicks += clickProbability;
        _sums.Conversions += clickProbability * conversionProbability;
        _sums.Cost += cost;
    }

    /// <summary>Joins what another sheet saw: each place of the sample comes from either in proportion to what it stands for.</summary>
    public void Add(CampaignTally other, SeededRandom random)
    {
        _sums.Add(in other._sums);
        _surveyed.AddRange(other._surveyed);
        if (other._seen == 0)
            return;
        int own = Sample.Length, theirs = other.Sample.Length, kept = Math.Min(SampleSize, own + theirs);
        Span<AuctionSample> mine = stackalloc AuctionSample[SampleSize], yours = stackalloc AuctionSample[SampleSize];
        Sample.CopyTo(mine);
        other.Sample.CopyTo(yours);
        random.Shuffle(mine[..own]);
        random.Shuffle(yours[..theirs]);
        double ownShare = (double)_seen / (_seen + other._seen);
        for (int i = 0, a = 0, b = 0; i < kept; i++)
        {
            bool takeOwn = b == theirs || (a < own && random.NextDouble() < ownShare);
            _sample[i] = takeOwn ? mine[a++] : yours[b++];
        }
        _seen += other._seen;
    }

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        _sums = default;
        _seen = 0;
        _surveyed.Clear();
    }

    private static double Add(List<AuctionSample> drawn, in AuctionSample auction, double owed)
    {
        for (; owed >= 1; owed--)
            drawn.Add(auction);
        return owed;
    }
}

/// <summary>Tallies by campaign number, written by one request at a time.</summary>
internal sealed class TallySheet
{
    private CampaignTally?[] _tallies = [];
    private readonly List<int> _touched = [];

    /// <summary>Campaigns with something to tell.</summary>
    public IReadOnlyList<int> Touched => _touched;

    /// <summary>The tally of a campaign.</summary>
    public CampaignTally Of(int campaign)
    {
        if (campaign >= _tallies.Length)
            Array.Resize(ref _tallies, Math.Max(campaign + 1, _tallies.Length * 2));
        CampaignTally tally = _tallies[campaign] ??= new CampaignTally();
        if (tally.IsEmpty)
            _touched.Add(campaign);
        return tally;
    }

    /// <summary>Moves everything to another sheet.</summary>
    public void MoveTo(TallySheet other, SeededRandom random)
    {
        foreach (int campaign in _touched)
        {
            if (_tallies[campaign] is not { IsEmpty: false } tally)
                continue;
            other.Of(campaign).Add(tally, random);
            tally.Clear();
        }
        _touched.Clear();
    }

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        foreach (int campaign in _touched)
            _tallies[campaign]!.Clear();
        _touched.Clear();
    }
}
