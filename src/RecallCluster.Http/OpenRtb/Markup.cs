using RecallCluster.Serving;
using RecallCluster.Serving.Catalogue;

namespace RecallCluster.Http.OpenRtb;

/// <summary>Markup of a bid (<c>adm</c>) and what it is (<c>mtype</c>).</summary>
/// <param name="Text">HTML, VAST or native JSON.</param>
/// <param name="Type">1 banner, 2 video, 4 native.</param>
internal readonly record struct MarkupText(string Text, int Type);

/// <summary>
/// Makes the markup that fits what the impression offered. It has no impression tracker: the exchange's billing notice (<c>burl</c>) alone
/// says what an impression costs, and markup, whose macros not every exchange fills, must not get ahead of it.
/// </summary>
internal static class Markup
{
    /// <summary>The markup; null where the ad does not fit after all, in ways that the gateway does not look at.</summary>
    /// <param name="placed">The ad.</param>
    /// <param name="impression">What was offered.</param>
    /// <param name="click">URL that counts the click and goes on to the landing page.</param>
    public static MarkupText? Of(PlacedAd placed, Impression impression, string click)
    {
        Creative creative = placed.Ad.Creative;
        if (impression.IsSecure && creative.Media.Scheme != Uri.UriSchemeHttps)
            return null;
        return creative.Kind switch
        {
            CreativeKind.Banner when impression.Banner is not null => new MarkupText(BannerMarkup.Of(creative, click), 1),
            CreativeKind.Video when impression.Video is { } video && Plays(video, creative) =>
                new MarkupText(VastMarkup.Of(placed, video.Vast, click), 2),
            CreativeKind.Native when impression.Native is { } native =>
                NativeMarkup.Of(placed, native, click) is { } text ? new MarkupText(text, 4) : null,
            _ => null,
        };
    }

    private static bool Plays(VideoOffer video, Creative creative) =>
        video.ExactSeconds.Length == 0 || video.ExactSeconds.Contains((int)creative.Duration.TotalSeconds);
}
