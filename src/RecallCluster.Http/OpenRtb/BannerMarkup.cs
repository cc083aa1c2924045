using System.Text.Encodings.Web;
using RecallCluster.Serving.Catalogue;

namespace RecallCluster.Http.OpenRtb;

/// <summary>A picture that leads to its landing page, and the pixel that counts it.</summary>
internal static class BannerMarkup
{
    public static string Of(Creative creative, MarkupLinks links)
    {
        HtmlEncoder html = HtmlEncoder.Default;
        string size = creative is { Width: > 0, Height: > 0 } ? $" width=\"{creative.Width}\" height=\"{creative.Height}\"" : "";
        return $"<a href=\"{html.Encode(links.Click)}\" target=\"_blank\" rel=\"noopener\">"
            + $"<img src=\"{html.Encode(creative.Media.AbsoluteUri)}\"{size} alt=\"{html.Encode(creative.Title ?? "")}\" style=\"border:0\"/></a>"
            + $"<img src=\"{Pixel(links.Impression)}\" width=\"1\" height=\"1\" alt=\"\" style=\"display:none\"/>";
    }

    // The exchange looks for its macro letter by letter, so that is left as it is; the rest of the URL is ours and has nothing to escape
    // but the ampersand.
    private static string Pixel(string url) => url.Replace("&", "&amp;", StringComparison.Ordinal).Replace("\"", "%22", StringComparison.Ordinal);
}
