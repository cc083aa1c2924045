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
        return isReady
            ? Results.Json(new HealthBody("ready", summary?.Version, summary?.Shards, summary?.Ads), HttpJson.Default.HealthBody)
            : Problem.NotReady();
    }
}
