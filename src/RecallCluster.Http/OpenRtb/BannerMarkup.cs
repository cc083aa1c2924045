using System.Text.Encodings.Web;
using RecallCluster.Serving.Catalogue;

namespace RecallCluster.Http.OpenRtb;

/// <summary>A picture that leads to its landing page.</summary>
internal static class BannerMarkup
{
    public static string Of(Creative creative, string click)
    {
        HtmlEncoder html = HtmlEncoder.Default;
        string size = creative is { Width: > 0, Height: > 0 } ? $" width=\"{creative.Width}\" height=\"{creative.Height}\"" : "";
        return $"<a href=\"{html.Encode(click)}\" target=\"_blank\" rel=\"noopener\">"
            + $"<img src=\"{html.Encode(creative.Media.AbsoluteUri)}\"{size} "
            + $"alt=\"{html.Encode(creative.Title ?? "")}\" style=\"border:0\"/></a>";
    }
}
