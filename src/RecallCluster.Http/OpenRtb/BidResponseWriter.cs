using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using RecallCluster.Http.Tracking;
using RecallCluster.Serving;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Feedback;

namespace RecallCluster.Http.OpenRtb;

/// <summary>
/// Writes a bid response: a seat for each advertiser, its bids in the currency of the request, notice URLs with the exchange's macros left
/// in for it to fill.
/// </summary>
/// <remarks>Source: IAB Tech Lab, OpenRTB 2.6, sections 4.2 and 4.4.</remarks>
internal sealed class BidResponseWriter(TrackingOptions tracking)
{
    // Macros must reach the exchange as they are written.
    public static JavaScriptEncoder Encoder => JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    private static readonly JsonWriterOptions Options = new() { Encoder = Encoder, SkipValidation = true };

    /// <summary>Writes the bids.</summary>
    /// <param name="output">Gets the response; nothing is written when there is no bid.</param>
    /// <param name="bid">The request.</param>
    /// <param name="mapped">Its currency.</param>
    /// <param name="answer">What was found.</param>
    /// <param name="links">Makes tracking URLs.</param>
    /// <param name="unused">Receives the wins that are no bid: worth nothing in the currency, or without markup that fits.</param>
    /// <returns>How many bids there are.</returns>
    public int Write(
        IBufferWriter<byte> output, BidRequest bid, MappedBidRequest mapped, AdAnswer answer, TrackingLinks links, List<Win> unused)
    {
        List<BidDraft> drafts = DraftsOf(bid, mapped, answer, links, unused);
        if (drafts.Count == 0)
            return 0;
        using var json = new Utf8JsonWriter(output, Options);
        json.WriteStartObject();
        json.WriteString("id", bid.Id);
        json.WriteStartArray("seatbid");
        foreach (IGrouping<string, BidDraft> seat in drafts.GroupBy(d => d.Placed.AdvertiserDomain, StringComparer.Ordinal))
        {
            json.WriteStartObject();
            json.WriteStartArray("bid");
            foreach (BidDraft draft in seat)
                Write(json, bid, mapped, draft, links);
            json.WriteEndArray();
            json.WriteString("seat", seat.Key);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteString("bidid", answer.RequestId);
        json.WriteString("cur", mapped.Currency);
        json.WriteEndObject();
        return drafts.Count;
    }

    /// <summary>Writes a response that says why there is no bid.</summary>
    public static void WriteNoBid(IBufferWriter<byte> output, string id, NoBid reason)
    {
        using var json = new Utf8JsonWriter(output, Options);
        json.WriteStartObject();
        json.WriteString("id", id);
        json.WriteNumber("nbr", (int)reason);
        json.WriteEndObject();
    }

    private static List<BidDraft> DraftsOf(
        BidRequest bid, MappedBidRequest mapped, AdAnswer answer, TrackingLinks links, List<Win> unused)
    {
        var drafts = new List<BidDraft>(answer.Ads.Count);
        foreach (PlacedAd placed in answer.Ads)
        {
            decimal price = CurrencyTable.Cpm(placed.Price, mapped.Rate);
            Impression impression = bid.Impressions.First(i => i.Id == placed.SlotId);
            string win = bid.IsTest ? "" : links.Impression(placed.Win);
            string click = bid.IsTest
                ? placed.Ad.LandingPage.AbsoluteUri
                : links.Click(placed.Win);
            if (price > 0 && Allows(bid.AllowedSeats, placed.AdvertiserDomain) && Markup.Of(placed, impression, click) is { } markup)
                drafts.Add(new BidDraft(placed, impression.Id, price, markup, win));
            else if (!bid.IsTest)
                unused.Add(placed.Win);
        }
        return drafts;
    }

    private static bool Allows(string[] seats, string seat) => seats.Length == 0 || seats.Contains(seat, StringComparer.OrdinalIgnoreCase);

    private static string PriceNotice(string url, string currency) => $"{url}?p=${{AUCTION_PRICE}}&c={currency}";

    private void Write(Utf8JsonWriter json, BidRequest bid, MappedBidRequest mapped, BidDraft draft, TrackingLinks links)
    {
        (PlacedAd placed, string impression, decimal price, MarkupText markup, string win) = draft;
        Ad ad = placed.Ad;
        json.WriteStartObject();
        json.WriteString("id", placed.Win.Id.ToString("x32", CultureInfo.InvariantCulture));
        json.WriteString("impid", impression);
        json.WriteNumber("price", price);
        if (!bid.IsTest)
        {
            json.WriteString("nurl", win + "/win");
            json.WriteString("burl", PriceNotice(win, mapped.Currency));
            json.WriteString("lurl", links.Loss(placed.Win) + "?l=${AUCTION_LOSS}");
        }
        json.WriteString("adm", markup.Text);
        json.WriteString("adid", ad.Id);
        json.WriteStartArray("adomain");
        json.WriteStringValue(placed.AdvertiserDomain);
        json.WriteEndArray();
        if (ad.Creative.Kind != CreativeKind.Video)
            json.WriteString("iurl", ad.Creative.Media.AbsoluteUri);
        json.WriteString("cid", ad.CampaignId.ToString(CultureInfo.InvariantCulture));
        json.WriteString("crid", ad.Id);
        if (ad.Categories.Count > 0)
        {
            json.WriteStartArray("cat");
            foreach (string category in ad.Categories)
                json.WriteStringValue(category);
            json.WriteEndArray();
        }
        if (placed.DealId is { } deal)
            json.WriteString("dealid", deal);
        if (ad.Creative is { Width: > 0, Height: > 0 })
        {
            json.WriteNumber("w", ad.Creative.Width);
            json.WriteNumber("h", ad.Creative.Height);
        }
        if (ad.Creative.Kind == CreativeKind.Video)
            json.WriteNumber("dur", (int)ad.Creative.Duration.TotalSeconds);
        // The token may live longer than the campaign takes impressions, or shorter: after either nothing can be charged.
        TimeSpan life = placed.EventWindow < tracking.ImpressionLifetime ? placed.EventWindow : tracking.ImpressionLifetime;
        json.WriteNumber("exp", (int)Math.Min(int.MaxValue, life.TotalSeconds));
        json.WriteNumber("mtype", markup.Type);
        json.WriteEndObject();
    }

    private sealed record BidDraft(PlacedAd Placed, string Impression, decimal Price, MarkupText Markup, string Win);
}
