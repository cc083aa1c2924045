using System.Buffers;
using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Money;
using RecallCluster.Bidding.Replay;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Experiments;

namespace RecallCluster.Serving.Gateway;

/// <summary>What the auctions of one request have to know of it.</summary>
/// <param name="Request">The request.</param>
/// <param name="Roster">The campaigns.</param>
/// <param name="User">The user, as far as it may be used.</param>
/// <param name="Now">The business clock.</param>
/// <param name="Clicks">What the candidates' raw click probabilities come from.</param>
internal readonly record struct AuctionContext(
    AdRequest Request, CampaignRoster Roster, RequestUser User, DateTimeOffset Now, ClickModel Clicks)
{
    /// <summary>The user; null where nothing may be remembered.</summary>
    public string? UserId => User.Id;

    /// <summary>The arms of experiments that the user is in.</summary>
    public Assignment Assignment { get; init; }
}

/// <summary>
/// Sells a request's slots one after the other, in the request's order:
/// <code>
/// candidates that fit the slot ─► the best of each campaign ─► auction ─► prices ─► reserve ─► sold
///        ▲                                                                   │
///        └──────── who has no room, no allowance, or misses its deal's floor stands back ◄┘
/// </code>
/// No campaign, and so no ad, wins twice in a request.
/// </summary>
internal sealed class AuctionStage(
    FacetMatch facets, WalletTable wallets, UnacknowledgedWins pending, GatewayOptions options, AuctionTraceWriter? trace = null)
{
    private readonly SlotPricing _pricing = new();

    /// <summary>Sells all slots.</summary>
    /// <param name="context">The request.</param>
    /// <param name="scratch">The candidates, with their bids.</param>
    /// <param name="sold">Receives what was sold.</param>
    public void Run(in AuctionContext context, GatewayScratch scratch, List<SoldPlace> sold)
    {
        scratch.BeginAuctions(context.Roster.Targeting.Words);
        foreach (SlotRequest slot in context.Request.Slots)
            Sell(in context, slot, scratch, sold);
    }

    private void Sell(in AuctionContext context, SlotRequest slot, GatewayScratch scratch, List<SoldPlace> sold)
    {
        int before = sold.Count;
        while (true)
        {
            Micros floor = slot.Floor;
            int bids = Collect(in context, slot, scratch, ref floor);
            // One place more than there are: the best that is not sold sets prices for the campaigns that watch.
            var request = new AuctionRequest(slot.Count + 1, floor, options.MaxAdsPerAdvertiser);
            int ranked = bids == 0 ? 0 : _pricing.Auction.Run(in request, scratch.Bids.AsSpan(0, bids), scratch.Wins).Sold;
            if (TryDeliver(in context, slot, scratch, Math.Min(ranked, slot.Count), ranked, floor, sold))
            {
                Tally(in context, slot, scratch, bids, ranked, floor, sold, before);
                return;
            }
            sold.RemoveRange(before, sold.Count - before);
        }
    }

    /// <summary>The best bid of each campaign for the slot.</summary>
    /// <param name="context">The request.</param>
    /// <param name="slot">The slot.</param>
    /// <param name="scratch">The candidates.</param>
    /// <param name="floor">The slot's floor; becomes that of its cheapest deal where that is lower.</param>
    private int Collect(in AuctionContext context, SlotRequest slot, GatewayScratch scratch, ref Micros floor)
    {
        Span<ulong> fitting = scratch.FacetSet(facets.Words);
        facets.AddFitting(slot, fitting);
        int[] best = scratch.BestOf(context.Roster.Count);
        int bids = 0;
        for (int i = 0; i < scratch.Count; i++)
        {
            ref readonly Candidate candidate = ref scratch.Candidates[i];
            if (candidate.Fate != Fate.Bidding || !Bits.Has(fitting, candidate.Entry.Facet))
                continue;
            int deal = DealOf(slot, in candidate);
            if (deal < 0 && slot.DealsOnly)
                continue;
            // Who cannot buy must not set a price either; the auction's own floor is the lowest of all.
            if (slot.Deals.Count > 0 && candidate.Bid * 1000 * Micros.PerUnit < FloorOf(slot, deal).Value)
                continue;
            int place = best[candidate.Entry.Campaign] - 1;
            if (place >= 0 && !IsBetter(in candidate, in scratch.Candidates[scratch.CandidateOf[place]]))
                continue;
            if (place < 0)
                best[candidate.Entry.Campaign] = (place = bids++) + 1;
            scratch.Bids[place] = candidate.Offer;
            scratch.CandidateOf[place] = i;
            scratch.DealOf[place] = deal;
            floor = Micros.Min(floor, FloorOf(slot, deal));
        }
        for (int i = 0; i < bids; i++)
            best[scratch.Candidates[scratch.CandidateOf[i]].Entry.Campaign] = 0;
        return bids;
    }

    private static bool IsBetter(in Candidate one, in Candidate other) =>
        one.Bid > other.Bid || (one.Bid == other.Bid && one.Entry.Row < other.Entry.Row);

    /// <summary>The deal that a candidate buys under: the first that its campaign names and reaches; -1 for the open slot.</summary>
    private static int DealOf(SlotRequest slot, in Candidate candidate)
    {
        if (slot.Deals.Count == 0 || candidate.Campaign.Targeting.Deals.Count == 0)
            return -1;
        for (int i = 0; i < slot.Deals.Count; i++)
        {
            DealOffer deal = slot.Deals[i];
            if (IsInvited(candidate.Campaign, deal) && candidate.Bid * 1000 * Micros.PerUnit >= deal.Floor.Value)
                return i;
        }
        return -1;
    }

    /// <summary>Whether a campaign may buy under a deal.</summary>
    public static bool IsInvited(CampaignSettings campaign, DealOffer deal) =>
        campaign.Targeting.Deals.Contains(deal.Id, StringComparer.OrdinalIgnoreCase)
            && (deal.Advertisers.Count == 0 || deal.Advertisers.Contains(campaign.AdvertiserDomain, StringComparer.OrdinalIgnoreCase));

    private static Micros FloorOf(SlotRequest slot, int deal) => deal < 0 ? slot.Floor : slot.Deals[deal].Floor;

    /// <summary>Prices and reserves what was ranked; where somebody has to stand back, everything of the slot is undone.</summary>
    private bool TryDeliver(
        in AuctionContext context, SlotRequest slot, GatewayScratch scratch, int places, int ranked, Micros floor, List<SoldPlace> sold)
    {
        int before = sold.Count;
        for (int rank = 0; rank < places; rank++)
        {
            AuctionWin win = scratch.Wins[rank];
            int deal = scratch.DealOf[win.Bid], index = scratch.CandidateOf[win.Bid];
            ref Candidate candidate = ref scratch.Candidates[index];
            Micros own = FloorOf(slot, deal), next = rank + 1 < ranked ? scratch.Wins[rank + 1].Ecpm : floor;
            if (win.Ecpm < own)
                return StandBack(in context, ref candidate, Fate.NoBid, sold, before, scratch);
            if (Allowance(in candidate, sold, scratch) <= 0)
                return StandBack(in context, ref candidate, Fate.Excluded, sold, before, scratch);
            bool firstPrice = context.Request.Sale != SaleKind.SecondPrice || (deal >= 0 && slot.Deals[deal].IsFirstPrice);
            AuctionWin priced = firstPrice ? _pricing.AtOwnPrice(in candidate.Offer)
                : own > next ? _pricing.AtFloor(in candidate.Offer, own)
                : win;
            SoldPlace place = PlaceOf(in context, slot, in candidate, index, rank, priced, deal, scratch);
            // Whether a bid in somebody else's auction will be seen is not known: it counts when it was.
            bool isDelivered = !context.Request.IsTest && context.Request.Sale != SaleKind.BidOnly;
            if (isDelivered && !pending.TryAdd(context.User, candidate.Campaign, place.WinId, context.Now))
                return StandBack(in context, ref candidate, Fate.Capped, sold, before, scratch);
            if (!context.Request.IsTest && !TryReserve(in context, in candidate, ref place))
            {
                pending.Remove(context.UserId, place.WinId);
                return StandBack(in context, ref candidate, Fate.NoRoom, sold, before, scratch);
            }
            sold.Add(place);
        }
        return true;
    }

    private bool TryReserve(in AuctionContext context, in Candidate candidate, ref SoldPlace place)
    {
        // In somebody else's auction the bid itself is held until the notice comes or its window closes.
        double probability = place.IsPerClick ? candidate.Click : 1;
        if (!wallets.TryReserve(candidate.Entry.Campaign, place.WinId, context.Now, place.Price, probability, out long lease))
            return false;
        place = place with { Lease = lease };
        return true;
    }

    private bool StandBack(
        in AuctionContext context, ref Candidate candidate, Fate why, List<SoldPlace> sold, int before, GatewayScratch scratch)
    {
        for (int i = before; i < sold.Count; i++)
        {
            if (sold[i].Lease != 0)
                wallets.Settle(scratch.Candidates[sold[i].Candidate].Entry.Campaign, sold[i].Lease, sold[i].WinId, Micros.Zero);
            pending.Remove(context.UserId, sold[i].WinId);
        }
        if (why is Fate.NoRoom or Fate.Capped)
            Exclude(scratch, candidate.Entry.Campaign, why);
        else
            candidate.Fate = why;
        return false;
    }

    private static void Exclude(GatewayScratch scratch, int campaign, Fate why)
    {
        for (int i = 0; i < scratch.Count; i++)
        {
            if (scratch.Candidates[i].Fate == Fate.Bidding && scratch.Candidates[i].Entry.Campaign == campaign)
                scratch.Candidates[i].Fate = why;
        }
    }

    private int Allowance(in Candidate candidate, List<SoldPlace> sold, GatewayScratch scratch)
    {
        if (options.MaxAdsPerAdvertiser == int.MaxValue)
            return int.MaxValue;
        int had = 0;
        foreach (SoldPlace place in sold)
            had += scratch.Candidates[place.Candidate].Campaign.AdvertiserId == candidate.Campaign.AdvertiserId ? 1 : 0;
        return options.MaxAdsPerAdvertiser - had;
    }

    private static SoldPlace PlaceOf(
        in AuctionContext context, SlotRequest slot, in Candidate candidate, int index, int rank, in AuctionWin priced, int deal,
        GatewayScratch scratch) => new()
        {
            Slot = slot,
            Candidate = index,
            Position = rank,
            Ecpm = priced.Ecpm,
            Price = priced.Price,
            IsPerClick = priced.IsPerClick,
            Deal = deal,
            WinId = new UInt128(scratch.Random.NextUInt64(), scratch.Random.NextUInt64()),
        };

    /// <summary>Tells every campaign that took part what winning cost or would have cost.</summary>
    private void Tally(
        in AuctionContext context, SlotRequest slot, GatewayScratch scratch, int bids, int ranked, Micros floor, List<SoldPlace> sold,
        int before)
    {
        if (!context.Request.IsTest)
        {
            if (trace is not null && bids > 0 && context.Request.Sale != SaleKind.BidOnly)
                Trace(trace, context.Now, slot, scratch, bids, floor);
            // A winner keeps its place against the best that was not sold; a loser has to beat the last that was.
            double toKeep = PerImpression(ranked > slot.Count ? scratch.Wins[slot.Count].Ecpm : floor);
            double toBeat = PerImpression(ranked >= slot.Count ? scratch.Wins[slot.Count - 1].Ecpm : floor);
            scratch.ToBeat.Add(context.Request.Sale == SaleKind.BidOnly ? double.NaN : toBeat);
            for (int i = before; i < sold.Count; i++)
                scratch.Candidates[sold[i].Candidate].Fate = Fate.Won;
            for (int i = 0; i < bids; i++)
            {
                ref readonly Candidate candidate = ref scratch.Candidates[scratch.CandidateOf[i]];
                CampaignTally tally = scratch.Tallies.Of(candidate.Entry.Campaign);
                Bits.Add(scratch.Told, candidate.Entry.Campaign);
                double own = PerImpression(FloorOf(slot, scratch.DealOf[i]));
                if (context.Request.Sale == SaleKind.BidOnly)
                    tally.AddUnpricedAuction();
                else
                {
                    double cost = Math.Max(own, candidate.Fate == Fate.Won ? toKeep : toBeat);
                    tally.AddAuction(new AuctionSample((float)candidate.Click, (float)cost), scratch.Random);
                }
            }
        }
        for (int i = before; i < sold.Count; i++)
        {
            ref Candidate winner = ref scratch.Candidates[sold[i].Candidate];
            winner.Fate = Fate.Bidding;
            Exclude(scratch, winner.Entry.Campaign, Fate.Excluded);
            winner.Fate = Fate.Won;
            // Whether a bid in somebody else's auction won is not known before its notice.
            if (!context.Request.IsTest && context.Request.Sale != SaleKind.BidOnly)
            {
                double charge = sold[i].Price.ToUnits();
                scratch.Tallies.Of(winner.Entry.Campaign).AddWin(
                    winner.Click, winner.Conversion, sold[i].IsPerClick ? charge * winner.Click : charge);
            }
        }
    }

    /// <summary>Writes down who could have won at what bid.</summary>
    private static void Trace(
        AuctionTraceWriter trace, DateTimeOffset now, SlotRequest slot, GatewayScratch scratch, int bids, Micros floor)
    {
        TracedBid[] offers = ArrayPool<TracedBid>.Shared.Rent(bids);
        for (int i = 0; i < bids; i++)
        {
            ref readonly Candidate candidate = ref scratch.Candidates[scratch.CandidateOf[i]];
            offers[i] = new TracedBid(candidate.Campaign.Id, (float)candidate.Click, (float)candidate.Conversion, (float)candidate.Bid);
        }
        trace.TryAppend(now, PerImpression(floor), slot.Count, offers.AsSpan(0, bids));
        ArrayPool<TracedBid>.Shared.Return(offers);
    }

    /// <summary>The cost of one impression at a price of a thousand, in units of the currency.</summary>
    public static double PerImpression(Micros ecpm) => ecpm.Value / (1000.0 * Micros.PerUnit);
}
