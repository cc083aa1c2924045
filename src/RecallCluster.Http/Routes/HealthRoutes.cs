using Microsoft.AspNetCore.Http;
using RecallCluster.Serving;

namespace RecallCluster.Http;

/// <summary><c>GET /healthz</c>: the process lives. <c>GET /readyz</c>: it can answer requests.</summary>
internal sealed class HealthRoutes(FrontDoorParts parts)
{
    public static IResult Alive() => Results.Json(new HealthBody("alive"), HttpJson.Default.HealthBody);

    public IResult Ready()
    {
        RetrieverSummary? summary = parts.Retriever?.Summary;
        bool isReady = !parts.IsOpening && summary is not null && parts.Gateway?.IsReady != false;
        // Requests are answered all the same; why it fails is for the operator's eyes only.
        string[] failing = [.. (parts.Background?.Parts ?? []).Where(part => part.IsFailing).Select(part => part.Part)];
        return isReady
            ? Results.Json(
                new HealthBody("ready", summary?.Version, summary?.Shards, summary?.Ads, failing.Length == 0 ? null : failing),
                HttpJson.Default.HealthBody)
            : Problem.NotReady();
    }
}
