using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Serving.Gateway;

/// <summary>Makes bids of candidates: catalogue, eligibility, calibration, the campaign's formula, the terms of the auction.</summary>
internal sealed class BidStage(AdCatalogue catalogue)
{
    private const int PerMille = 1000;

    /// <summary>Fills in all candidates of the scratch, whose ids and scores are there.</summary>
    /// <param name="scratch">The candidates.</param>
    /// <param name="scale">From scores to raw click probabilities.</param>
    /// <param name="roster">The campaigns.</param>
    /// <param name="book">The book.</param>
    /// <param name="eligible">What may be shown.</param>
    /// <param name="sale">How the slots are sold.</param>
    /// <returns>How many bid.</returns>
    public int Bid(
        GatewayScratch scratch, ClickScale scale, CampaignRoster roster, BookView book, in EligibleSets eligible, SaleKind sale)
    {
        int bidding = 0;
        for (int i = 0; i < scratch.Count; i++)
        {
            ref Candidate candidate = ref scratch.Candidates[i];
            candidate.Fate = Admit(ref candidate, roster, in eligible);
            if (candidate.Fate != Fate.Bidding)
                continue;
            int campaign = candidate.Entry.Campaign;
            BidBookEntry entry = book.EntryOf(campaign);
            candidate.RawClick = scale.Probability(candidate.Score);
            candidate.Click = book.Click(campaign, candidate.RawClick);
            candidate.Conversion = entry.ConversionProbability;
            candidate.Bid = entry.Bid(candidate.Click);
            candidate.Offer = OfferOf(in candidate, sale);
            // Not a comparison with zero: a bid that is no number is none.
            if (candidate.Bid > 0 && candidate.Offer.Bid > Micros.Zero)
                bidding++;
            else
                candidate.Fate = Fate.NoBid;
        }
        return bidding;
    }

    private Fate Admit(ref Candidate candidate, CampaignRoster roster, in EligibleSets eligible)
    {
        if (float.IsNaN(candidate.Score) || !catalogue.TryGetEntry(candidate.Id, out candidate.Entry) || candidate.Entry.IsPaused
            || roster[candidate.Entry.Campaign] is not { } campaign)
            return Fate.Unknown;
        candidate.Campaign = campaign;
        return Bits.Has(eligible.Campaigns, candidate.Entry.Campaign) && Bits.Has(eligible.Facets, candidate.Entry.Facet)
            ? Fate.Bidding
            : Fate.Ineligible;
    }

    /// <summary>
    /// A click's price is bid where a click is charged: what the impression is worth over the chance of the click. In somebody else's
    /// auction it is a whole price of one impression, a thousand times: that is what is told, and what has to reach the floor.
    /// </summary>
    private static AuctionBid OfferOf(in Candidate candidate, SaleKind sale)
    {
        bool perClick = sale != SaleKind.BidOnly && IsPerClick(candidate.Campaign.Pricing);
        double units = perClick ? candidate.Bid / candidate.Click : sale == SaleKind.BidOnly ? candidate.Bid : candidate.Bid * PerMille;
        long times = sale == SaleKind.BidOnly ? PerMille : 1;
        return new AuctionBid
        {
            AdId = candidate.Entry.Row,
            AdvertiserId = candidate.Campaign.AdvertiserId,
            Pricing = perClick ? PricingModel.Cpc : PricingModel.Cpm,
            Bid = units > 0
                ? new Micros(Micros.Floor(Math.Min(units * Micros.PerUnit, AuctionBid.MaxBid.Value / times)).Value * times)
                : Micros.Zero,
            ClickProbability = candidate.Click,
        };
    }

    private static bool IsPerClick(PricingModel pricing) => pricing is PricingModel.Cpc or PricingModel.OptimizedCpc;
}
