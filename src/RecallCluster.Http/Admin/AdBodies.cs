using System.Text.Json;
using RecallCluster.Http.Native;
using RecallCluster.Serving;
using RecallCluster.Serving.Catalogue;

namespace RecallCluster.Http.Admin;

/// <summary>Body of <c>PUT /v1/ads/{id}</c> and of the answer to a GET.</summary>
internal sealed record AdResourceBody
{
    public long? CampaignId { get; init; }

    /// <summary>IAB codes of its content.</summary>
    public string?[]? Categories { get; init; }

    public AdCreativeBody? Creative { get; init; }

    /// <summary>Where a click leads; http or https.</summary>
    public string? LandingPage { get; init; }

    public bool? IsPaused { get; init; }

    /// <summary>Side information by the model's field names, a code (whole number) or a label (string) each.</summary>
    public Dictionary<string, JsonElement>? Features { get; init; }

    /// <summary>How the search stands to it; said in answers, and not looked at in requests.</summary>
    public AdStanding? Standing { get; init; }

    /// <param name="ad">The ad.</param>
    /// <param name="standing">How the search stands to it.</param>
    public static AdResourceBody Of(Ad ad, AdStanding standing) => new()
    {
        CampaignId = ad.CampaignId,
        Categories = [.. ad.Categories],
        Creative = AdCreativeBody.Of(ad.Creative),
        LandingPage = ad.LandingPage.OriginalString,
        IsPaused = ad.IsPaused,
        Features = ad.Features?.ToDictionary(f => f.Key, f => JsonOf(f.Value)),
        Standing = standing,
    };

    /// <exception cref="InvalidRequestException">A field is missing or wrong.</exception>
    public Ad ToAd(string id) => new()
    {
        Id = FieldChecks.Id("id", id, "the ad."),
        CampaignId = FieldChecks.InRange("campaignId", FieldChecks.Required("campaignId", CampaignId, "who pays?"), 1, long.MaxValue),
        Categories = FieldChecks.Texts("categories", Categories, 100),
        Creative = FieldChecks.Required("creative", Creative, "what is shown?").ToCreative(),
        LandingPage = FieldChecks.WebUrl("landingPage", LandingPage),
        IsPaused = IsPaused ?? false,
        Features = Features?.ToDictionary(f => f.Key, f => FieldChecks.CodeOrLabel($"features.{f.Key}", f.Value)),
    };

    private static JsonElement JsonOf(ProfileValue value) => value.Label is { } label
        ? JsonSerializer.SerializeToElement(label, AdminJson.Default.String)
        : JsonSerializer.SerializeToElement(value.Code, AdminJson.Default.Int32);
}

/// <summary>What is shown.</summary>
internal sealed record AdCreativeBody
{
    public CreativeKind? Kind { get; init; }

    public int? Width { get; init; }

    public int? Height { get; init; }

    /// <summary>URL of the picture or film.</summary>
    public string? Media { get; init; }

    public string? MediaType { get; init; }

    public string? Title { get; init; }

    public string? Text { get; init; }

    public double? DurationMs { get; init; }

    public static AdCreativeBody Of(Creative creative) => new()
    {
        Kind = creative.Kind,
        Width = creative.Width,
        Height = creative.Height,
        Media = creative.Media.OriginalString,
        MediaType = creative.MediaType,
        Title = creative.Title,
        Text = creative.Text,
        DurationMs = creative.Duration > TimeSpan.Zero ? creative.Duration.TotalMilliseconds : null,
    };

    public Creative ToCreative() => new()
    {
        Kind = FieldChecks.Required("creative.kind", Kind, "banner, native or video."),
        Width = FieldChecks.InRange("creative.width", Width ?? 0, 0, 100_000),
        Height = FieldChecks.InRange("creative.height", Height ?? 0, 0, 100_000),
        Media = FieldChecks.WebUrl("creative.media", Media),
        MediaType = FieldChecks.Id("creative.mediaType", MediaType, "such as \"image/png\"."),
        Title = Title,
        Text = Text,
        Duration = FieldChecks.Milliseconds("creative.durationMs", DurationMs, TimeSpan.FromHours(4)),
    };
}
