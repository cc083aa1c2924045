using RecallCluster.Serving;
using RecallCluster.Serving.Catalogue;

namespace RecallCluster.Http.OpenRtb;

/// <summary>URLs that markup carries, tracking included.</summary>
/// <param name="Impression">Pixel; the exchange puts the price into it.</param>
/// <param name="Click">Counts the click and goes on to the landing page.</param>
internal readonly record struct MarkupLinks(string Impression, string Click);

/// <summary>Markup of a bid (<c>adm</c>) and what it is (<c>mtype</c>).</summary>
/// <param name="Text">HTML, VAST or native JSON.</param>
/// <param name="Type">1 banner, 2 video, 4 native.</param>
internal readonly record struct MarkupText(string Text, int Type);

/// <summary>Makes the markup that fits what the impression offered.</summary>
internal static class Markup
{
    /// <summary>The markup; null where the ad does not fit after all, in ways that the gateway does not look at.</summary>
    public static MarkupText? Of(PlacedAd placed, Impression impression, MarkupLinks links)
    {
        Creative creative = placed.Ad.Creative;
        if (impression.IsSecure && creative.Media.Scheme != Uri.UriSchemeHttps)
            return null;
        return creative.Kind switch
        {
            CreativeKind.Banner when impression.Banner is not null => new MarkupText(BannerMarkup.Of(creative, links), 1),
            CreativeKind.Video when impression.Video is { } video && Plays(video, creative) => new MarkupText(VastMarkup.Of(placed, video.Vast, links), 2),
            CreativeKind.Native when impression.Native is { } native => NativeMarkup.Of(placed, native, links) is { } text ? new MarkupText(text, 4) : null,
            _ => null,
        };
    }

    private static bool Plays(VideoOffer video, Creative creative) =>
        video.ExactSeconds.Length == 0 || video.ExactSeconds.Contains((int)creative.Duration.TotalSeconds);
}
