using Microsoft.AspNetCore.Http;
using RecallCluster.Serving;

namespace RecallCluster.Http;

/// <summary>Answers that say what is wrong, as problem details (RFC 9457).</summary>
internal static class Problem
{
    public const string ContentType = "application/problem+json";

    public static IResult Invalid(InvalidRequestException e) => Of(new ProblemBody(
        "urn:recallcluster:problem:invalid-request",
        "The request makes no sense.",
        StatusCodes.Status400BadRequest,
        e.Message,
        e.Field,
        e.Reason));

    public static IResult NotReady() => Of(new ProblemBody(
        "urn:recallcluster:problem:not-ready", "No shard is loaded yet.", StatusCodes.Status503ServiceUnavailable));

    public static IResult NotReady(string detail) => Of(new ProblemBody(
        "urn:recallcluster:problem:not-ready", "This door should get no requests now.", StatusCodes.Status503ServiceUnavailable, detail));

    public static IResult NoShardAnswered(IReadOnlyList<ShardFailure> failures) => Of(new ProblemBody(
        "urn:recallcluster:problem:no-shard-answered",
        "No shard answered.",
        StatusCodes.Status503ServiceUnavailable,
        string.Join("; ", failures.Select(f => $"shard {f.Shard}: {f.Reason}"))));

    public static IResult PartMissing(string detail) => Of(new ProblemBody(
        "urn:recallcluster:problem:part-missing", "This process cannot do that.", StatusCodes.Status503ServiceUnavailable, detail));

    public static IResult NotDurable() => Of(new ProblemBody(
        "urn:recallcluster:problem:not-durable",
        "Nothing was recorded; send it again.",
        StatusCodes.Status503ServiceUnavailable,
        "What was sent could not be made durable."));

    public static IResult NewAdsFull(string detail) => Of(new ProblemBody(
        "urn:recallcluster:problem:new-ads-full",
        "There is no room for a further ad that the index does not know.",
        StatusCodes.Status409Conflict,
        detail));

    public static IResult VersionConflict(string detail) => Of(new ProblemBody(
        "urn:recallcluster:problem:version-conflict",
        "Somebody else changed it first.",
        StatusCodes.Status412PreconditionFailed,
        detail));

    public static IResult TokenRefused(int status, string reason) => Of(new ProblemBody(
        "urn:recallcluster:problem:token-refused", "The token is refused.", status, reason));

    /// <summary>A plain HTTP error; its title is the status code's own text.</summary>
    public static IResult OfStatus(int status, string? detail = null) => Of(new ProblemBody(
        "about:blank", Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status), status, detail));

    private static IResult Of(ProblemBody body) => Results.Json(body, HttpJson.Default.ProblemBody, ContentType, body.Status);
}
