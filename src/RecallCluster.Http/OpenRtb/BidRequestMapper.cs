using RecallCluster.Bidding.Money;
using RecallCluster.Http.Native;
using RecallCluster.Serving;
using RecallCluster.Serving.Catalogue;

namespace RecallCluster.Http.OpenRtb;

/// <summary>A bid request as our gateway sees it.</summary>
/// <param name="Request">The request; null where there can be no bid.</param>
/// <param name="Reason">Why not.</param>
/// <param name="Currency">The currency to bid in.</param>
/// <param name="Rate">How many of its units one of ours is.</param>
internal readonly record struct MappedBidRequest(AdRequest? Request, NoBid Reason, string Currency, decimal Rate);

/// <summary>From an OpenRTB request to an <see cref="AdRequest"/>: one slot for each impression that we can fill.</summary>
internal sealed class BidRequestMapper(OpenRtbOptions options)
{
    private const string UsualCurrency = "USD";
    private const int MostSeconds = 4 * 3600;
    private const int MostDurations = 16;

    public MappedBidRequest Map(BidRequest bid)
    {
        if (CurrencyOf(bid.Currencies) is not { } chosen)
            return new MappedBidRequest(null, NoBid.UnknownCurrency, "", 0);
        if (bid.BlocksByOtherTaxonomy)
            return new MappedBidRequest(null, NoBid.UnknownTaxonomy, "", 0);
        TimeSpan? deadline = bid.TimeLimit - options.TmaxMargin;
        if (deadline < options.LeastTime)
            return new MappedBidRequest(null, NoBid.InsufficientTime, "", 0);
        var slots = new List<SlotRequest>(bid.Impressions.Count);
        NoBid reason = NoBid.UnsupportedFormat;
        foreach (Impression impression in bid.Impressions)
        {
            FormatRequest[] formats = FormatsOf(impression);
            if (formats.Length == 0)
                continue;
            NoBid passed = TrySlot(impression, formats, out SlotRequest? slot);
            if (slot is not null)
                slots.Add(slot);
            else if (reason != NoBid.UnknownCurrency)
                reason = passed;
        }
        if (slots.Count == 0)
            return new MappedBidRequest(null, reason, "", 0);
        var request = new AdRequest
        {
            Id = RequestLimits.IsId(bid.Id) ? bid.Id : AdsRequestReader.NewId(),
            User = bid.User,
            Context = bid.Context,
            Slots = slots,
            BlockedCategories = bid.BlockedCategories,
            BlockedAdvertisers = bid.BlockedAdvertisers,
            AllowedAdvertisers = bid.AllowedSeats,
            MayPersonalise = bid.MayPersonalise,
            Sale = SaleKind.BidOnly,
            Deadline = deadline,
            IsTest = bid.IsTest,
        };
        return new MappedBidRequest(request, NoBid.Plain, chosen.Code, chosen.Rate);
    }

    // An exchange that names no currency takes the specification's usual one.
    private (string Code, decimal Rate)? CurrencyOf(string[] wanted)
    {
        if (wanted.Length == 0)
            return options.Currencies.RateOf(UsualCurrency) is { } usual ? (UsualCurrency, usual) : (options.Currencies.Own, 1);
        if (wanted.Contains(options.Currencies.Own))
            return (options.Currencies.Own, 1);
        foreach (string code in wanted)
            if (options.Currencies.RateOf(code) is { } rate)
                return (code, rate);
        return null;
    }

    private static FormatRequest[] FormatsOf(Impression impression)
    {
        var formats = new List<FormatRequest>();
        CreativeParts secure = impression.IsSecure ? CreativeParts.SecureMedia : CreativeParts.None;
        if (impression.Banner is { } banner)
            formats.AddRange(
                banner.Sizes.Select(s => new FormatRequest(CreativeKind.Banner, s.Width, s.Height)
                {
                    MediaTypes = banner.MediaTypes,
                    Needs = secure,
                }));
        if (impression.Video is { } video)
        {
            formats.AddRange(DurationsOf(video).Select(bounds => new FormatRequest(CreativeKind.Video)
            {
                MinDuration = bounds.Min,
                MaxDuration = bounds.Max,
                MediaTypes = video.MediaTypes,
                Needs = secure,
            }));
        }
        if (impression.Native is { } native)
            formats.Add(NativeOf(native, secure));
        return [.. formats];
    }

    /// <summary>Bounds of the playing time: one pair, or one for each second that is allowed.</summary>
    private static IEnumerable<(TimeSpan Min, TimeSpan Max)> DurationsOf(VideoOffer video) => video.ExactSeconds.Length == 0
        ? [(video.MinDuration, video.MaxDuration)]
        : video.ExactSeconds.Where(s => s is >= 0 and <= MostSeconds).Distinct().Take(MostDurations).Select(
            s => (TimeSpan.FromSeconds(s), TimeSpan.FromSeconds(s + 1) - TimeSpan.FromTicks(1)));

    /// <summary>What an ad must have so that every required asset can be filled.</summary>
    private static FormatRequest NativeOf(NativeOffer native, CreativeParts needs)
    {
        int width = 0, height = 0, minWidth = 0, minHeight = 0;
        string[]? types = null;
        foreach (NativeAsset asset in native.Assets.Where(asset => asset.IsRequired))
        {
            needs |= asset.Kind switch
            {
                NativeAssetKind.Title => CreativeParts.Title,
                NativeAssetKind.Description => CreativeParts.Text,
                _ => CreativeParts.None,
            };
            if (asset.Kind != NativeAssetKind.MainImage)
                continue;
            // A least size takes the place of an exact one, as in the markup.
            (minWidth, minHeight) = (Math.Max(minWidth, asset.MinWidth), Math.Max(minHeight, asset.MinHeight));
            (width, height) = (asset.MinWidth > 0 ? width : asset.Width, asset.MinHeight > 0 ? height : asset.Height);
            if (asset.MediaTypes.Length > 0)
                types = asset.MediaTypes;
        }
        return new FormatRequest(CreativeKind.Native, width, height)
        {
            MinWidth = minWidth, MinHeight = minHeight, Needs = needs, MediaTypes = types,
        };
    }

    /// <summary>The slot of an impression; none, and why, where it has to be passed over.</summary>
    private NoBid TrySlot(Impression impression, FormatRequest[] formats, out SlotRequest? slot)
    {
        slot = null;
        if (FloorOf(impression.Floor, impression.FloorCurrency) is not { } floor)
            return NoBid.UnknownCurrency;
        var deals = new List<DealOffer>(impression.Deals.Count);
        foreach (DealTerms deal in impression.Deals)
            if (FloorOf(deal.Floor, deal.FloorCurrency) is { } dealFloor)
                deals.Add(new DealOffer(deal.Id, dealFloor, deal.IsFirstPrice) { Advertisers = deal.Advertisers });
        if (impression.DealsOnly && deals.Count == 0)
            return impression.Deals.Count == 0 ? NoBid.Plain : NoBid.UnknownCurrency;
        slot = new SlotRequest(impression.Id) { Formats = formats, Floor = floor, Deals = deals, DealsOnly = impression.DealsOnly };
        return NoBid.Plain;
    }

    // No floor at all needs no rate.
    private Micros? FloorOf(double cpm, string currency) =>
        cpm == 0 ? Micros.Zero : options.Currencies.RateOf(currency) is { } rate ? CurrencyTable.Floor(cpm, rate) : null;
}
