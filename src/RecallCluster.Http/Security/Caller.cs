using System.Net;
using Microsoft.AspNetCore.Http;

namespace RecallCluster.Http.Security;

/// <summary>Who sent a request.</summary>
/// <param name="Name">Name to count by: the key's id, or the address.</param>
/// <param name="Roles">What it may do.</param>
/// <param name="Key">Its key, or null.</param>
internal sealed record Caller(string Name, ApiRoles Roles, ApiKey? Key)
{
    private static readonly object Slot = new();

    /// <summary>The caller of a request, found out once for each.</summary>
    public static Caller Of(HttpContext context, AccessOptions access)
    {
        if (context.Items.TryGetValue(Slot, out object? known))
            return (Caller)known!;
        Caller caller = Find(context, access);
        context.Items[Slot] = caller;
        return caller;
    }

    /// <summary>Says who the caller of a request is that nobody sent: the door's own.</summary>
    public static void Assume(HttpContext context, ApiRoles roles) => context.Items[Slot] = new Caller("door", roles, null);

    private static Caller Find(HttpContext context, AccessOptions access)
    {
        string address = context.Connection.RemoteIpAddress?.ToString() ?? "unknown";
        if (KeyTextOf(context.Request) is { } text)
            return access.Keys?.Find(text) is { } key ? new Caller(key.Id, key.Roles, key) : new Caller(address, ApiRoles.None, null);
        return new Caller(address, IsLocal(context) ? access.AnonymousOnLoopback : ApiRoles.None, null);
    }

    private static string? KeyTextOf(HttpRequest request)
    {
        const string Scheme = "Bearer ";
        string? bearer = request.Headers.Authorization;
        return bearer is not null && bearer.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            ? bearer[Scheme.Length..].Trim()
            : request.Headers["X-Api-Key"] is [{ Length: > 0 } key] ? key : null;
    }

    /// <summary>
    /// Whether a request comes from somebody at this machine. A page in a browser here can be made to call us, under a name of its own (DNS
    /// rebinding) or by a form that is sent to ours, and a proxy here forwards strangers: none of them is.
    /// </summary>
    public static bool IsLocal(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } remote && IPAddress.IsLoopback(remote)
        && IsLoopbackName(context.Request.Host.Host)
        && context.Request.Headers.Origin.All(IsLoopbackOrigin)
        && context.Request.Headers["X-Forwarded-For"].Count == 0
        && context.Request.Headers["Forwarded"].Count == 0;

    private static bool IsLoopbackOrigin(string? origin) =>
        Uri.TryCreate(origin, UriKind.Absolute, out Uri? page) && IsLoopbackName(page.Host);

    private static bool IsLoopbackName(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.AsSpan().Trim("[]"), out IPAddress? address) && IPAddress.IsLoopback(address));
}
