using System.Numerics;
using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;

namespace RecallCluster.Serving.Tests.Market;

/// <summary>A position as the oracle sells it.</summary>
public sealed record OracleSale(string Slot, int Position, string Ad, long Ecpm, long Price, bool PerClick, string? Deal);

/// <summary>
/// Answers requests the plain way: scores every ad, tests every rule on it with a loop, sorts, and prices with big integers. Nothing of it
/// is the gateway's code but the records that it reads. It knows no budgets and no caps.
/// </summary>
public sealed class LoopOracle(LoopWorld world)
{
    private static readonly BigInteger One = BigInteger.Pow(10, 12);

    public IReadOnlyList<OracleSale> Answer(AdRequest request, DateTimeOffset now)
    {
        var sales = new List<OracleSale>();
        var used = new HashSet<long>();
        List<Bid> bids = BidsOf(request, now);
        foreach (SlotRequest slot in request.Slots)
        {
            List<Bid> ranked = [.. bids
                .Where(bid => !used.Contains(bid.Campaign.Id) && slot.Formats.Any(f => Fits(bid.Ad, f)) | slot.Formats.Count == 0)
                .Select(bid => bid with { Deal = DealOf(slot, bid) })
                .Where(bid => bid.Deal is not null || !slot.DealsOnly)
                .Where(bid => bid.Ecpm >= BigInteger.Max(1, (bid.Deal?.Floor ?? slot.Floor).Value))
                .GroupBy(bid => bid.Campaign.Id)
                .Select(group => group.OrderByDescending(bid => bid.Worth).ThenBy(bid => bid.Row).First())
                .OrderByDescending(bid => bid.Ecpm).ThenBy(bid => bid.Row)];
            Micros floor = ranked.Count == 0 ? slot.Floor : new Micros(Math.Min(slot.Floor.Value,
                ranked.Min(bid => (bid.Deal?.Floor ?? slot.Floor).Value)));
            for (int rank = 0; rank < Math.Min(slot.Count, ranked.Count); rank++)
            {
                Bid winner = ranked[rank];
                used.Add(winner.Campaign.Id);
                BigInteger next = rank + 1 < ranked.Count ? ranked[rank + 1].Ecpm : floor.Value;
                next = BigInteger.Max(next, (winner.Deal?.Floor ?? slot.Floor).Value);
                bool first = request.Sale != SaleKind.SecondPrice || winner.Deal is { IsFirstPrice: true };
                sales.Add(new OracleSale(
                    slot.Id, rank, winner.Ad.Id, (long)winner.Ecpm, (long)(first ? winner.Most : winner.PriceFor(next)), winner.PerClick,
                        winner.Deal?.Id));
            }
        }
        return sales;
    }

    private List<Bid> BidsOf(AdRequest request, DateTimeOffset now)
    {
        var bids = new List<Bid>();
        float state = LoopWorld.StateOf(request.User.Id, request.User.Sequence ?? []);
        for (int row = 0; row < world.Ads.Count; row++)
        {
            Ad ad = world.Ads[row];
            CampaignSettings campaign = world.Campaigns.Single(c => c.Id == ad.CampaignId);
            if (ad.IsPaused || request.BlockedAds.Contains(ad.Id) || !Wants(campaign, request, now)
                || ad.Categories.Any(c => request.BlockedCategories.Any(b => IsWithin(c, b))))
                continue;
            double click = 1 / (1 + Math.Exp(-LoopWorld.Score(ad.Id, state)));
            double worth = Math.Min(campaign.StartWeights![0] * click, campaign.MaxBid is { } cap
                ? (double)cap.Value / Micros.PerUnit : double.PositiveInfinity);
            bool elsewhere = request.Sale == SaleKind.BidOnly;
            bids.Add(new Bid(ad, campaign, row, worth, click, !elsewhere && campaign.Pricing == PricingModel.Cpc, elsewhere));
        }
        return bids;
    }

    private static bool Wants(CampaignSettings campaign, AdRequest request, DateTimeOffset now)
    {
        Targeting targeting = campaign.Targeting;
        RequestContext context = request.Context;
        return !campaign.IsPaused && now >= campaign.Terms.FlightStart && now < campaign.Terms.FlightEnd
            && One(targeting.Countries, context.Country) && One(targeting.Publishers, context.Publisher) && One(targeting.Languages,
                context.Language)
            && (targeting.Devices.Count == 0 || targeting.Devices.Contains(context.Device))
            && (targeting.Categories.Count == 0 || targeting.Categories.Any(t => context.Categories.Any(c => IsWithin(c, t))))
            && (targeting.Hours.Count == 0 || targeting.Hours.Contains(now.UtcDateTime.Hour))
            && !targeting.ExcludedPublishers.Contains(context.Publisher ?? "")
            && !request.BlockedAdvertisers.Contains(campaign.AdvertiserDomain, StringComparer.OrdinalIgnoreCase);

        static bool One(IReadOnlyList<string> wanted, string? value) =>
            wanted.Count == 0 || (value is not null && wanted.Contains(value, StringComparer.OrdinalIgnoreCase));
    }

    private static bool IsWithin(string category, string whole) =>
        category == whole || category.StartsWith(whole + "-", StringComparison.Ordinal);

    private static bool Fits(Ad ad, FormatRequest format) =>
        ad.Creative.Kind == format.Kind
        && (format.Width == 0 || ad.Creative.Width == 0 || format.Width == ad.Creative.Width)
        && (format.Height == 0 || ad.Creative.Height == 0 || format.Height == ad.Creative.Height);

    private static DealOffer? DealOf(SlotRequest slot, Bid bid) => slot.Deals.FirstOrDefault(
        deal => bid.Campaign.Targeting.Deals.Contains(deal.Id)
            && (deal.Advertisers.Count == 0 || deal.Advertisers.Contains(bid.Campaign.AdvertiserDomain))
            && bid.Worth * 1e9 >= deal.Floor.Value);

    private sealed record Bid(Ad Ad, CampaignSettings Campaign, int Row, double Worth, double Click, bool PerClick, bool Elsewhere)
    {
        public DealOffer? Deal { get; init; }

        private BigInteger ClickUnits => new(Math.Floor((Click * 1e12) + 0.5));

        // Somebody else's auction is told, and charges, a whole number of micro-units for an impression.
        private BigInteger Amount => Elsewhere
            ? new BigInteger(Math.Floor(Worth * 1e6)) * 1000
            : new BigInteger(Math.Floor((PerClick ? Worth / Click : Worth * 1000) * 1e6));

        public BigInteger Ecpm => PerClick ? Amount * ClickUnits / 1_000_000_000 : Amount;

        /// <summary>What it pays at most, for a click or an impression.</summary>
        public BigInteger Most => PerClick ? Amount : Amount / 1000;

        public BigInteger PriceFor(BigInteger ecpm)
        {
            BigInteger price = PerClick ? Up(ecpm * 1_000_000_000, ClickUnits) : Up(ecpm, 1000);
            return BigInteger.Min(price, Most);
        }

        private static BigInteger Up(BigInteger amount, BigInteger divisor) => (amount + divisor - 1) / divisor;
    }
}
