using Microsoft.AspNetCore.Http;
using RecallCluster.Serving;
using RecallCluster.Serving.State;

namespace RecallCluster.Http;

/// <summary><c>GET /healthz</c>: the process lives. <c>GET /readyz</c>: it can answer requests.</summary>
internal sealed class HealthRoutes(FrontDoorParts parts)
{
    public static IResult Alive() => Results.Json(new HealthBody("alive"), HttpJson.Default.HealthBody);

    public IResult Ready()
    {
        // A door that cannot make events durable answers requests all the same, but others should get them where there are others.
        if (parts.Journal?.Invoke() is { Condition: not JournalCondition.Working } journal)
            return Problem.NotReady($"The journal {SaidOf(journal.Condition)}.");
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

    // Why it fails may name files: that stands in the log and in /v1/live.
    private static string SaidOf(JournalCondition condition) => condition switch
    {
        JournalCondition.Failing => "cannot be written: nothing can be made durable until it can",
        JournalCondition.Stopped => "has stopped; the process has to be started again",
        _ => "is closed",
    };
}
