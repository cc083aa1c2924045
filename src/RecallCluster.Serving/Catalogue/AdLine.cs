using System.Text.Json;
using System.Text.Json.Serialization;
using RecallCluster.Serving.Campaigns;

namespace RecallCluster.Serving.Catalogue;

/// <summary>An ad as a line of an ads file.</summary>
internal sealed record AdLine
{
    public required string Id { get; init; }

    public required long Campaign { get; init; }

    public string[]? Categories { get; init; }

    public required CreativeKind Kind { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Width { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Height { get; init; }

    public required string Media { get; init; }

    public required string MediaType { get; init; }

    public string? Title { get; init; }

    public string? Text { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long DurationMs { get; init; }

    public required string LandingPage { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Paused { get; init; }

    public Dictionary<string, ProfileValue>? Features { get; init; }

    public static AdLine Of(Ad ad) => new()
    {
        Id = ad.Id,
        Campaign = ad.CampaignId,
        Categories = ad.Categories.Count == 0 ? null : [.. ad.Categories],
        Kind = ad.Creative.Kind,
        Width = ad.Creative.Width,
        Height = ad.Creative.Height,
        Media = ad.Creative.Media.OriginalString,
        MediaType = ad.Creative.MediaType,
        Title = ad.Creative.Title,
        Text = ad.Creative.Text,
        DurationMs = (long)ad.Creative.Duration.TotalMilliseconds,
        LandingPage = ad.LandingPage.OriginalString,
        Paused = ad.IsPaused,
        Features = ad.Features is null ? null : new Dictionary<string, ProfileValue>(ad.Features),
    };

    /// <exception cref="InvalidRequestException">The ad makes no sense.</exception>
    public Ad ToAd()
    {
        if (DurationMs is < 0 or > 86_400_000)
            throw new InvalidRequestException("durationMs", "is 0 to a day.");
        var ad = new Ad
        {
            Id = Id,
            CampaignId = Campaign,
            Categories = Categories ?? [],
            Creative = new Creative
            {
                Kind = Kind,
                Width = Width,
                Height = Height,
                Media = AddressOf(Media, "media"),
                MediaType = MediaType,
                Title = Title,
                Text = Text,
                Duration = TimeSpan.FromMilliseconds(DurationMs),
            },
            LandingPage = AddressOf(LandingPage, "landingPage"),
            IsPaused = Paused,
            Features = Features,
        };
        AdChecks.Check(ad);
        return ad;
    }

    private static Uri AddressOf(string text, string field) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) ? uri : throw new InvalidRequestException(field, "is no absolute address.");
}

[JsonSerializable(typeof(AdLine))]
[JsonSerializable(typeof(CampaignSettings[]))]
[JsonSerializable(typeof(CatalogueEdit))]
[JsonSerializable(typeof(CatalogueEdit[]))]
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    NumberHandling = JsonNumberHandling.Strict,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    Converters = [typeof(FeatureValueJson)])]
internal sealed partial class CatalogueJson : JsonSerializerContext;

/// <summary>The value of a field: a whole number is its code, a string its label.</summary>
internal sealed class FeatureValueJson : JsonConverter<ProfileValue>
{
    public override ProfileValue Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType switch
    {
        JsonTokenType.String => ProfileValue.OfLabel(LabelOf(ref reader)),
        JsonTokenType.Number when reader.TryGetInt32(out int code) => ProfileValue.OfCode(code),
        _ => throw new JsonException("A code (whole number) or a label (string) is wanted."),
    };

    public override void Write(Utf8JsonWriter writer, ProfileValue value, JsonSerializerOptions options)
    {
        if (value.Label is { } label)
            writer.WriteStringValue(label);
        else
            writer.WriteNumberValue(value.Code);
    }

    private static string LabelOf(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new JsonException("A label is no well-formed text (half of a surrogate pair).", e);
        }
    }
}
