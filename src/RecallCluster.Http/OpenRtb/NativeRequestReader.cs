using System.Text.Json;
using RecallCluster.Serving;

namespace RecallCluster.Http.OpenRtb;

/// <summary>Reads <c>imp[].native</c>: a request of OpenRTB Native 1.2 (or 1.0, 1.1) that stands in a string.</summary>
internal static class NativeRequestReader
{
    private const int MainImage = 3;
    private const int MostAssets = 64;

    /// <summary>The offer; null where it wants what we do not have.</summary>
    public static NativeOffer? Read(JsonPlace native)
    {
        string request = native.Text("request") ?? throw native.Wrong("request", "is missing.");
        try
        {
            using JsonDocument document = JsonDocument.Parse(request, BidRequestReader.Tolerant);
            JsonPlace root = JsonPlace.RootOf(document.RootElement, native, "request");
            JsonPlace? wrapped = root.Object("native");
            return OfferOf(wrapped ?? root, wrapped is not null);
        }
        catch (JsonException e)
        {
            throw native.Wrong("request", $"is no JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.");
        }
        catch (ArgumentException e) when (e is not InvalidRequestException)
        {
            throw native.Wrong("request", "is no well-formed text.");
        }
    }

    private static NativeOffer? OfferOf(JsonPlace request, bool isWrapped)
    {
        JsonPlace[] places = request.Objects("assets") ?? throw request.Wrong("assets", "is missing.");
        if (places.Length > MostAssets)
            throw request.Wrong("assets", $"has at most {MostAssets} entries, not {places.Length}.");
        var assets = new List<NativeAsset>(places.Length);
        bool canBeFilled = true;
        for (int i = 0; i < places.Length; i++)
        {
            bool isRequired = places[i].Flag("required");
            if (AssetOf(places[i], i, isRequired) is { } asset)
                assets.Add(asset);
            else
                canBeFilled &= !isRequired;
        }
        return canBeFilled && assets.Count > 0
            ? new NativeOffer { Assets = assets, IsWrapped = isWrapped }
            : null;
    }

    private static NativeAsset? AssetOf(JsonPlace place, int index, bool isRequired)
    {
        int id = place.Integer("id") ?? index;
        if (place.Object("title") is { } title)
            return new NativeAsset(id, NativeAssetKind.Title, isRequired) { MaxLength = Bound(title, "len") };
        if (place.Object("img") is { } image)
            return image.Integer("type") is null or MainImage ? ImageOf(image, id, isRequired) : null;
        if (place.Object("data") is not { } data)
            return null;
        NativeAssetKind? kind = data.Integer("type") switch
        {
            null => throw data.Wrong("type", "is missing."),
            1 => NativeAssetKind.Sponsor,
            2 => NativeAssetKind.Description,
            11 => NativeAssetKind.DisplayUrl,
            _ => null,
        };
        return kind is { } known ? new NativeAsset(id, known, isRequired) { MaxLength = Bound(data, "len") } : null;
    }

    private static NativeAsset ImageOf(JsonPlace image, int id, bool isRequired) => new(id, NativeAssetKind.MainImage, isRequired)
    {
        Width = Bound(image, "w"),
        Height = Bound(image, "h"),
        MinWidth = Bound(image, "wmin"),
        MinHeight = Bound(image, "hmin"),
        MediaTypes = image.Texts("mimes"),
    };

    private static int Bound(JsonPlace place, string field) =>
        place.Integer(field) is not { } value ? 0 : value >= 0 ? value : throw place.Wrong(field, $"must not be negative, as {value} is.");
}
