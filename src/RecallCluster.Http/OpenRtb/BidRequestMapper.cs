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

    public MappedBidRequest Map(BidRequest bid)
    {
        if (CurrencyOf(bid.Currencies) is not { } chosen)
            return new MappedBidRequest(null, NoBid.UnknownCurrency, "", 0);
        TimeSpan? deadline = bid.TimeLimit - options.TmaxMargin;
        if (deadline < options.LeastTime)
            return new MappedBidRequest(null, NoBid.InsufficientTime, "", 0);
        var slots = new List<SlotRequest>(bid.Impressions.Count);
        bool knowsCurrencies = true;
        foreach (Impression impression in bid.Impressions)
        {
            FormatRequest[] formats = FormatsOf(impression);
            if (formats.Length == 0)
                continue;
            if (SlotOf(impression, formats) is { } slot)
                slots.Add(slot);
            else
                knowsCurrencies = false;
        }
        if (slots.Count == 0)
            return new MappedBidRequest(null, knowsCurrencies ? NoBid.UnsupportedFormat : NoBid.UnknownCurrency, "", 0);
        var request = new AdRequest
        {
            Id = bid.Id.Length <= FieldChecks.MaxIdLength ? bid.Id : AdsRequestReader.NewId(),
            User = bid.User,
            Context = bid.Context,
            Slots = slots,
            BlockedCategories = bid.BlockedCategories,
            BlockedAdvertisers = bid.BlockedAdvertisers,
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
        if (impression.Banner is { } banner)
            formats.AddRange(banner.Sizes.Select(s => new FormatRequest(CreativeKind.Banner, s.Width, s.Height) { MediaTypes = banner.MediaTypes }));
        if (impression.Video is { } video)
        {
            formats.Add(new FormatRequest(CreativeKind.Video)
            {
                MinDuration = video.MinDuration, MaxDuration = video.MaxDuration, MediaTypes = video.MediaTypes,
            });
        }
        if (impression.Native is not null)
            formats.Add(new FormatRequest(CreativeKind.Native));
        return [.. formats];
    }

    private SlotRequest? SlotOf(Impression impression, FormatRequest[] formats)
    {
        if (FloorOf(impression.Floor, impression.FloorCurrency) is not { } floor)
            return null;
        var deals = new List<DealOffer>(impression.Deals.Count);
        foreach (DealTerms deal in impression.Deals)
            if (FloorOf(deal.Floor, deal.FloorCurrency) is { } dealFloor)
                deals.Add(new DealOffer(deal.Id, dealFloor, deal.IsFirstPrice) { Advertisers = deal.Advertisers });
        return new SlotRequest(impression.Id) { Formats = formats, Floor = floor, Deals = deals, DealsOnly = impression.DealsOnly };
    }

    // No floor at all needs no rate.
    private Micros? FloorOf(double cpm, string currency) =>
        cpm == 0 ? Micros.Zero : options.Currencies.RateOf(currency) is { } rate ? CurrencyTable.Floor(cpm, rate) : null;
}
