using Microsoft.AspNetCore.Http;
using RecallCluster.Serving;

namespace RecallCluster.Http;

/// <summary>Answers that say what is wrong, as problem details (RFC 9457).</summary>
internal static class Problem
{
    private const string ContentType = "application/problem+json";

    public static IResult Invalid(InvalidRequestException e) => Of(new ProblemBody(
        "urn:recallcluster:problem:invalid-request",
        "The request makes no sense.",
        StatusCodes.Status400BadRequest,
        e.Message,
        e.Field,
        e.Reason));

    public static IResult NotReady() => Of(new ProblemBody(
        "urn:recallcluster:problem:not-ready", "No shard is loaded yet.", StatusCodes.Status503ServiceUnavailable));

    public static IResult NoShardAnswered(IReadOnlyList<ShardFailure> failures) => Of(new ProblemBody(
        "urn:recallcluster:problem:no-shard-answered",
        "No shard answered.",
        StatusCodes.Status503ServiceUnavailable,
        string.Join("; ", failures.Select(f => $"shard {f.Shard}: {f.Reason}"))));

    /// <summary>A plain HTTP error; its title is the status code's own text.</summary>
    public static IResult OfStatus(int status, string? detail = null) => Of(new ProblemBody(
        "about:blank", Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status), status, detail));

    private static IResult Of(ProblemBody body) => Results.Json(body, HttpJson.Default.ProblemBody, ContentType, body.Status);
}
