using System.Buffers;
using System.Text;
using System.Text.Json;
using RecallCluster.Serving;
using RecallCluster.Serving.Catalogue;

namespace RecallCluster.Http.OpenRtb;

/// <summary>Answers a native request: its assets, filled from the ad, as a JSON string.</summary>
/// <remarks>Source: IAB Tech Lab, OpenRTB Dynamic Native Ads 1.2, section 5.</remarks>
internal static class NativeMarkup
{
    /// <summary>The markup; null where the ad lacks a required asset, or its picture does not fit.</summary>
    public static string? Of(PlacedAd placed, NativeOffer offer, string click)
    {
        var filled = new List<(NativeAsset Asset, string Value)>(offer.Assets.Count);
        foreach (NativeAsset asset in offer.Assets)
        {
            if (ValueOf(placed, asset) is { } value)
                filled.Add((asset, value));
            else if (asset.IsRequired)
                return null;
        }
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = BidResponseWriter.Encoder }))
        {
            json.WriteStartObject();
            if (offer.IsWrapped)
                json.WriteStartObject("native");
            Write(json, placed, filled, click);
            if (offer.IsWrapped)
                json.WriteEndObject();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Write(
        Utf8JsonWriter json, PlacedAd placed, List<(NativeAsset, string)> filled, string click)
    {
        json.WriteString("ver", "1.2");
        json.WriteStartArray("assets");
        foreach ((NativeAsset asset, string value) in filled)
        {
            json.WriteStartObject();
            json.WriteNumber("id", asset.Id);
            if (asset.IsRequired)
                json.WriteNumber("required", 1);
            Write(json, placed.Ad.Creative, asset, value);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartObject("link");
        json.WriteString("url", click);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Creative creative, NativeAsset asset, string value)
    {
        switch (asset.Kind)
        {
            case NativeAssetKind.Title:
                json.WriteStartObject("title");
                json.WriteString("text", value);
                break;
            case NativeAssetKind.MainImage:
                json.WriteStartObject("img");
                json.WriteString("url", value);
                if (creative is { Width: > 0, Height: > 0 })
                {
                    json.WriteNumber("w", creative.Width);
                    json.WriteNumber("h", creative.Height);
                }
                break;
            default:
                json.WriteStartObject("data");
                json.WriteString("value", value);
                break;
        }
        json.WriteEndObject();
    }

    private static string? ValueOf(PlacedAd placed, NativeAsset asset) => asset.Kind switch
    {
        NativeAssetKind.Title => Cut(placed.Ad.Creative.Title, asset.MaxLength),
        NativeAssetKind.Description => Cut(placed.Ad.Creative.Text, asset.MaxLength),
        NativeAssetKind.Sponsor or NativeAssetKind.DisplayUrl => Cut(placed.AdvertiserDomain, asset.MaxLength),
        _ => Fits(placed.Ad.Creative, asset) ? placed.Ad.Creative.Media.AbsoluteUri : null,
    };

    // A picture of unknown size is one that adapts.
    private static bool Fits(Creative creative, NativeAsset asset) =>
        (asset.MediaTypes.Length == 0 || asset.MediaTypes.Contains(creative.MediaType))
        && Fits(creative.Width, asset.Width, asset.MinWidth)
        && Fits(creative.Height, asset.Height, asset.MinHeight);

    private static bool Fits(int has, int wanted, int least) =>
        has == 0 || (least > 0 ? has >= least : wanted == 0 || has == wanted);

    private static string? Cut(string? text, int length)
    {
        if (string.IsNullOrEmpty(text) || length == 0 || text.Length <= length)
            return string.IsNullOrEmpty(text) ? null : text;
        int end = length - 1;
        if (end > 0 && char.IsHighSurrogate(text[end - 1]))
            end--;
        return text[..end] + "…";
    }
}
