using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace RecallCluster.Http.Security;

/// <summary>What a route asks of its caller.</summary>
/// <param name="Roles">One of these is enough; none for all callers.</param>
internal sealed record RequiredRoles(ApiRoles Roles);

/// <summary>Turns away callers who may not do what they ask: 401 without a good key, 403 with one of another role.</summary>
internal sealed class AccessMiddleware(RequestDelegate next, AccessOptions access)
{
    public Task InvokeAsync(HttpContext context)
    {
        ApiRoles wanted = context.GetEndpoint()?.Metadata.GetMetadata<RequiredRoles>()?.Roles ?? ApiRoles.None;
        if (wanted == ApiRoles.None)
            return next(context);
        Caller caller = Caller.Of(context, access);
        if ((caller.Roles & wanted) != 0)
            return next(context);
        DoorTelemetry.Refused.Add(1);
        if (caller.Key is null)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            return Problem.OfStatus(StatusCodes.Status401Unauthorized, "Wants an API key, as Authorization: Bearer.").ExecuteAsync(context);
        }
        return Problem.OfStatus(
            StatusCodes.Status403Forbidden, $"The key's role is {ApiRoleNames.Format(caller.Roles)}; this wants {ApiRoleNames.Format(wanted)}.")
            .ExecuteAsync(context);
    }
}

/// <summary>Says of a route who may call it.</summary>
internal static class AccessExtensions
{
    public static TBuilder For<TBuilder>(this TBuilder builder, ApiRoles roles)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new RequiredRoles(roles));
}
