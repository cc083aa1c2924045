using RecallCluster.Bidding.Money;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Serving.Gateway;

/// <summary>Puts into words how each candidate came to its place.</summary>
internal static class Explainer
{
    public static Explanation Of(GatewayScratch scratch, BookView book, List<SoldPlace> sold)
    {
        var ads = new ExplainedAd[scratch.Count];
        for (int i = 0; i < ads.Length; i++)
        {
            ref readonly Candidate candidate = ref scratch.Candidates[i];
            bool known = candidate.Fate is not (Fate.Unknown or Fate.Ineligible);
            ads[i] = new ExplainedAd(
                candidate.Id,
                candidate.Fate == Fate.Unknown ? 0 : candidate.Campaign.Id,
                candidate.Score,
                known ? candidate.RawClick : 0,
                known ? candidate.Click : 0,
                known ? candidate.Conversion : 0,
                known ? TermsOf(book.EntryOf(candidate.Entry.Campaign), candidate.Click) : new Dictionary<string, double>(),
                known && candidate.Bid > 0 ? Micros.Floor(Math.Min(candidate.Bid * 1000 * Micros.PerUnit, Bidding.Auctions.AuctionBid.MaxBid.Value)) : Micros.Zero,
                FateOf(in candidate, i, sold));
        }
        return new Explanation(ads);
    }

    private static Dictionary<string, double> TermsOf(in BidBookEntry entry, double click) => new()
    {
        ["click"] = entry.Slope * click,
        ["offset"] = entry.Offset,
        ["cap"] = entry.Cap,
    };

    private static string FateOf(in Candidate candidate, int place, List<SoldPlace> sold) => candidate.Fate switch
    {
        Fate.Won => WinOf(place, sold),
        Fate.Unknown => "not for sale: no such ad, held back, or its campaign is gone",
        Fate.Ineligible => "not eligible: targeting, flight, cap, block, format or no lease",
        Fate.NoBid => "bids nothing, or less than its deal's floor",
        Fate.Excluded => "another ad of its campaign won, or its advertiser has all it may have",
        Fate.NoRoom => "its campaign's lease has no room",
        _ => "outbid, below the floor, or no slot left",
    };

    private static string WinOf(int place, List<SoldPlace> sold)
    {
        SoldPlace won = sold.Find(s => s.Candidate == place);
        return $"won {won.Slot.Id}/{won.Position} at {won.Price} per {(won.IsPerClick ? "click" : "impression")}";
    }
}
