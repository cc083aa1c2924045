using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace RecallCluster.Http.Dashboard;

/// <summary>
/// The dashboard:
/// <code>
/// GET /             ─► the page         its scripts then read v1/live/stream (or v1/live), v1/campaigns/{id} and v1/experiments,
/// GET /dashboard/…  ─► what it needs    relative to the page, with an API key where one is asked for
/// </code>
/// The files hold no figures, so that they are open to all; what they show is guarded where it is read.
/// </summary>
public static class DashboardRoutes
{
    /// <summary>Nothing but what comes from this server runs, and nothing inline does.</summary>
    internal const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Maps the page to the group's root and its files below <c>dashboard/</c>.</summary>
    /// <returns>All of these endpoints, for more conventions.</returns>
    public static IEndpointConventionBuilder MapDashboard(this IEndpointRouteBuilder routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        RouteGroupBuilder group = routes.MapGroup("");
        foreach (DashboardAsset asset in DashboardAsset.ReadAll())
        {
            string path = asset.Path == DashboardAsset.PagePath ? "/" : "/" + asset.Path;
            group.MapMethods(path, Methods, (HttpContext context) => Answer(context, asset));
        }
        return group.ExcludeFromDescription();
    }

    private static IResult Answer(HttpContext context, DashboardAsset asset)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        // Asked for anew each time, answered with 304 while it is the same: a new version of the program shows at once.
        headers.CacheControl = "no-cache";
        return Results.Bytes(asset.Content, asset.ContentType, entityTag: asset.Tag);
    }
}
