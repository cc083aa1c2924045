namespace RecallCluster.Serving.Catalogue;

/// <summary>What an ad must be like to be shown.</summary>
internal static class AdChecks
{
    private const int LongestText = 4096, LargestSide = 32_768, MostCategories = 64;
    private const int MostFeatures = 256, LongestName = 128, LongestLabel = 512;

    /// <exception cref="InvalidRequestException">The ad makes no sense; the message names the field.</exception>
    public static void Check(Ad ad)
    {
        Require(RequestLimits.IsId(ad.Id), "id", $"has 1 to {RequestLimits.MaxIdBytes} bytes.");
        Require(ad.CampaignId > 0, "campaign", "is a positive number.");
        Require(ad.Categories.Count <= MostCategories, "categories", $"has at most {MostCategories} entries.");
        foreach (string category in ad.Categories)
            Require(category is { Length: > 0 and <= 64 } && !category.Contains(','), "categories",
                "holds codes of 1 to 64 characters without commas.");
        Creative creative = ad.Creative;
        Require(Enum.IsDefined(creative.Kind), "kind", "is banner, native or video.");
        Require(creative.Width is >= 0 and <= LargestSide, "width", $"is 0 to {LargestSide}.");
        Require(creative.Height is >= 0 and <= LargestSide, "height", $"is 0 to {LargestSide}.");
        Require(creative.MediaType is { Length: > 0 and <= 128 } && creative.MediaType.Contains('/'), "mediaType", "is like image/png.");
        Require(creative.Duration >= TimeSpan.Zero && creative.Duration <= TimeSpan.FromDays(1), "durationMs", "is 0 to a day.");
        Require((creative.Title?.Length ?? 0) <= LongestText, "title", $"has at most {LongestText} characters.");
        Require((creative.Text?.Length ?? 0) <= LongestText, "text", $"has at most {LongestText} characters.");
        RequireWeb(creative.Media, "media");
        RequireWeb(ad.LandingPage, "landingPage");
        if (ad.Features is { } features)
            Check(features);
    }

    private static void Check(IReadOnlyDictionary<string, ProfileValue> features)
    {
        Require(features.Count <= MostFeatures, "features", $"has at most {MostFeatures} fields.");
        foreach ((string name, ProfileValue value) in features)
        {
            Require(name is { Length: > 0 and <= LongestName }, "features", $"has names of 1 to {LongestName} characters.");
            Require(value.Label is null ? value.Code >= 0 : value.Label.Length <= LongestLabel, $"features.{name}",
                $"is a code from 0 on, or a label of at most {LongestLabel} characters.");
        }
    }

    private static void RequireWeb(Uri uri, string field) => Require(
        uri is { IsAbsoluteUri: true } && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
            && uri.OriginalString.Length <= LongestText,
        field, $"is an absolute http or https address of at most {LongestText} characters.");

    private static void Require(bool condition, string field, string rule)
    {
        if (!condition)
            throw new InvalidRequestException(field, rule);
    }
}
