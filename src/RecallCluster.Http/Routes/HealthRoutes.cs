using Microsoft.AspNetCore.Http;
using RecallCluster.Serving;

namespace RecallCluster.Http;

/// <summary><c>GET /healthz</c>: the process lives. <c>GET /readyz</c>: it can answer requests.</summary>
internal sealed class HealthRoutes(AdRetriever retriever)
{
    public static IResult Alive() => Results.Json(new HealthBody("alive"), HttpJson.Default.HealthBody);

    public IResult Ready() => retriever.Summary is { } serving
        ? Results.Json(new HealthBody("ready", serving.Version, serving.Shards, serving.Ads), HttpJson.Default.HealthBody)
        : Problem.NotReady();
}
