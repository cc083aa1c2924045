using System.Numerics;
using RecallCluster.Bidding.Money;
using RecallCluster.Numerics;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Serving.Gateway;

/// <summary>
/// Tells campaigns of auctions in which they could have bid and did not: because what the ad is worth to them comes to nothing, or to too
/// little to be found. Without it a campaign that bids nothing would see no auction, and its controller could never know better.
/// <code>
/// requests ─► uniform sample, kept between two reports ─► some of the campaigns that stood by, drawn ─► their best ads by pCTR
///                                                                             ─► (pCTR, price to beat), weighted ─► tallies
/// </code>
/// A pair of request and campaign is in the survey with a probability that does not depend on the bid, and counts the inverse of it
/// (Horvitz and Thompson, 1952); those that took part are told by the auction itself and are not drawn. Requests pay for one counter, and
/// now and then a copy; the searches are the background's, and bounded in time.
/// </summary>
internal sealed class AuctionSurvey(
    AdRetriever retriever, AdCatalogue catalogue, IRanker? ranker, FacetMatch facets, double share, TimeProvider time, SeededRandom random)
{
    /// <summary>Requests kept between two reports, at most.</summary>
    public const int MostRequests = 128;

    /// <summary>Requests asked about whatever it costs.</summary>
    public const int FewestRequests = 4;

    /// <summary>Campaigns drawn for each request: few, so that a shard need not look at all ads.</summary>
    public const int CampaignsOfRequest = 32;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private Kept _kept = new();
    private long _last = time.GetTimestamp();

    /// <summary>Takes note of a request whose auctions are over. Source of the sampling: Vitter's algorithm R (1985).</summary>
    /// <param name="context">The request.</param>
    /// <param name="eligible">What could be shown.</param>
    /// <param name="scratch">Who took part, and what the last place of each slot went for.</param>
    public void Offer(in AuctionContext context, in EligibleSets eligible, GatewayScratch scratch)
    {
        if (share <= 0)
            return;
        Kept kept = Volatile.Read(ref _kept);
        long number = Interlocked.Increment(ref kept.Seen);
        long place = number <= MostRequests ? number - 1 : scratch.Random.NextInt((int)Math.Min(number, int.MaxValue));
        if (place >= MostRequests)
            return;
        var bystanders = (ulong[])eligible.Campaigns.Clone();
        Remove(scratch, bystanders);
        var request = new Surveyed(context.Request, context.User.Features, eligible.ToQuery() with { Campaigns = bystanders },
            [.. scratch.ToBeat]);
        Volatile.Write(ref kept.Requests[place], request);
    }

    /// <summary>Asks about the requests since the last call, in random order, as many as the share of the time since then allows.</summary>
    /// <param name="roster">The campaigns.</param>
    /// <param name="book">Their calibration.</param>
    /// <param name="tallies">Receives what was found.</param>
    /// <param name="cancellation">Ends it; nothing is told then.</param>
    public async Task RunAsync(CampaignRoster roster, BookView book, ScratchPool tallies, CancellationToken cancellation)
    {
        Kept kept = Interlocked.Exchange(ref _kept, new Kept());
        long start = time.GetTimestamp();
        TimeSpan budget = time.GetElapsedTime(_last, start) * share;
        _last = start;
        Surveyed[] requests = [.. kept.Requests.OfType<Surveyed>()];
        random.Shuffle<Surveyed>(requests);
        var found = new List<Bystander>();
        int asked = 0;
        foreach (Surveyed request in requests)
        {
            if (asked >= FewestRequests && time.GetElapsedTime(start) > budget)
                break;
            // Half an answer would be biased; while a shard is away the next ones would be no better.
            if (!await TryAskAsync(request, roster, book, found, cancellation).ConfigureAwait(false))
                break;
            asked++;
        }
        if (asked > 0)
            Tell(found, (double)Interlocked.Read(ref kept.Seen) / asked, tallies);
    }

    private static void Tell(List<Bystander> found, double requestWeight, ScratchPool tallies)
    {
        GatewayScratch scratch = tallies.Rent();
        try
        {
            foreach (Bystander one in found)
                scratch.Tallies.Of(one.Campaign).AddSurveyed(one.Click, one.Cost, one.Weight * requestWeight);
        }
        finally
        {
            tallies.Return(scratch);
        }
    }

    /// <summary>Leaves those that stood by: who was told of an auction, won, or had to stand back does not belong to them.</summary>
    private static void Remove(GatewayScratch scratch, ulong[] campaigns)
    {
        for (int word = 0; word < campaigns.Length; word++)
            campaigns[word] &= ~scratch.Told[word];
        for (int i = 0; i < scratch.Count; i++)
        {
            ref readonly Candidate candidate = ref scratch.Candidates[i];
            if (candidate.Fate is Fate.Won or Fate.Excluded or Fate.Capped or Fate.NoRoom)
                Bits.Remove(campaigns, candidate.Entry.Campaign);
        }
    }

    private async Task<bool> TryAskAsync(
        Surveyed request, CampaignRoster roster, BookView book, List<Bystander> found, CancellationToken cancellation)
    {
        ulong[] drawn = Draw(request.Query.Campaigns.Span, out int many, out int count);
        if (count == 0)
            return true;
        // Every slot may want another format.
        int slots = request.Request.Slots.Count;
        RetrievalAnswer answer = await retriever.AnswerAsync(
            new RetrievalRequest(request.User, count * slots)
            {
                Deadline = Patience,
                Exclude = request.Request.BlockedAds,
                Value = request.Query with { Campaigns = drawn, MostPerCampaign = slots, ByClick = true },
            },
            cancellation).ConfigureAwait(false);
        if (answer.Coverage < 1 || (answer.Limits & SearchLimits.Deadline) != 0)
            return false;
        double[] clicks = ClicksOf(answer, request.User);
        for (int slot = 0; slot < slots; slot++)
            Take(request, slot, drawn, answer, clicks, roster, book, (double)many / count, found);
        return true;
    }

    /// <summary>What the best ad of each drawn campaign would have met in one slot.</summary>
    private void Take(
        Surveyed request, int slot, ulong[] drawn, RetrievalAnswer answer, double[] clicks, CampaignRoster roster, BookView book,
        double weight, List<Bystander> found)
    {
        SlotRequest sold = request.Request.Slots[slot];
        var fitting = new ulong[facets.Words];
        facets.AddFitting(sold, fitting);
        var best = new Dictionary<int, double>();
        for (int i = 0; i < clicks.Length; i++)
        {
            if (double.IsNaN(clicks[i]) || !catalogue.TryGetEntry(answer.Ads[i].Id, out AdEntry entry) || entry.IsPaused
                || !Bits.Has(drawn, entry.Campaign) || !Bits.Has(request.Query.Facets.Span, entry.Facet) || !Bits.Has(fitting, entry.Facet))
                continue;
            double click = book.Click(entry.Campaign, clicks[i]);
            if (!best.TryGetValue(entry.Campaign, out double other) || click > other)
                best[entry.Campaign] = click;
        }
        foreach ((int campaign, double click) in best)
        {
            if (roster[campaign] is not { } settings || FloorOf(sold, settings) is not { } floor)
                continue;
            double? cost = double.IsNaN(request.ToBeat[slot]) ? null : Math.Max(AuctionStage.PerImpression(floor), request.ToBeat[slot]);
            found.Add(new Bystander(campaign, click, cost, weight));
        }
    }

    private double[] ClicksOf(RetrievalAnswer answer, UserFeatures user)
    {
        float[] scores = [.. answer.Ads.Select(ad => ad.Score)];
        if (scores.Length > 0)
            ranker?.Score(user, [.. answer.Ads.Select(ad => ad.Id)], scores);
        ClickScale scale = (ranker?.Clicks ?? answer.Clicks).Scale;
        return Array.ConvertAll(scores, score => float.IsNaN(score) ? double.NaN : scale.Probability(score));
    }

    /// <summary>Draws campaigns, each set of as many with the same chance. Source: Knuth's algorithm S (TAOCP 2, 3.4.2).</summary>
    private ulong[] Draw(ReadOnlySpan<ulong> campaigns, out int many, out int count)
    {
        many = 0;
        foreach (ulong word in campaigns)
            many += BitOperations.PopCount(word);
        count = Math.Min(many, CampaignsOfRequest);
        var drawn = new ulong[campaigns.Length];
        int left = many, wanted = count;
        for (int word = 0; word < campaigns.Length && wanted > 0; word++)
        {
            for (ulong rest = campaigns[word]; rest != 0 && wanted > 0; rest &= rest - 1, left--)
            {
                if (random.NextInt(left) >= wanted)
                    continue;
                drawn[word] |= rest & (~rest + 1);
                wanted--;
            }
        }
        return drawn;
    }

    /// <summary>The lowest floor under which a campaign can buy a slot, openly or by a deal; null where it cannot.</summary>
    private static Micros? FloorOf(SlotRequest slot, CampaignSettings campaign)
    {
        Micros? lowest = slot.DealsOnly ? null : slot.Floor;
        for (int i = 0; i < slot.Deals.Count; i++)
        {
            DealOffer deal = slot.Deals[i];
            if (AuctionStage.IsInvited(campaign, deal))
                lowest = lowest is { } other ? Micros.Min(other, deal.Floor) : deal.Floor;
        }
        return lowest;
    }

    /// <summary>A request as it was kept.</summary>
    private sealed record Surveyed(AdRequest Request, UserFeatures User, ValueQuery Query, double[] ToBeat);

    /// <summary>A campaign that could have bid; the cost is null where nobody tells it.</summary>
    private readonly record struct Bystander(int Campaign, double Click, double? Cost, double Weight);

    private sealed class Kept
    {
        public readonly Surveyed?[] Requests = new Surveyed?[MostRequests];
        public long Seen;
    }
}
