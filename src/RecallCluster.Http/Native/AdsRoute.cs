using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using RecallCluster.Http.Formats;
using RecallCluster.Http.Security;
using RecallCluster.Http.Tracking;
using RecallCluster.Serving;

namespace RecallCluster.Http.Native;

/// <summary><c>POST /v1/ads</c>: the native request, the whole loop behind it.</summary>
internal sealed partial class AdsRoute(
    FrontDoorParts parts, FrontDoorOptions options, BodyFormats formats, Tracker tracker, ILogger<AdsRoute> logger)
{
    public async Task<IResult> AnswerAsync(HttpContext context)
    {
        bool explain = context.Request.Query["explain"] is ["true"];
        ApiRoles wanted = explain ? ApiRoles.Admin : ApiRoles.Serve;
        if (!Caller.Of(context, options.Access).Roles.HasFlag(wanted))
            return Problem.OfStatus(
                StatusCodes.Status403Forbidden, explain ? "?explain=true wants a key of role admin." : "This wants a key of role serve.");
        IAdGateway gateway = parts.Gateway.Need("gateway");
        if (!gateway.IsReady)
            return Problem.NotReady();
        IBodyFormat? format = formats.AnswerOf(context.Request);
        AdsRequestBody body = await formats.ReadAsync(context.Request, HttpJson.Default.AdsRequestBody).ConfigureAwait(false);
        AdRequest request = AdsRequestReader.Read(body, explain, options.Limits);
        AdAnswer answer = await gateway.AnswerAsync(request, context.RequestAborted).ConfigureAwait(false);
        foreach (ShardFailure failure in answer.Failures)
            LogShardFailure(logger, failure.Shard, failure.Reason);
        return answer.NoAd == NoAdReason.NoShardAnswered
            ? Problem.NoShardAnswered(answer.Failures)
            : BodyFormats.Answer(
                format, AdsAnswerWriter.BodyOf(answer, request.IsTest ? null : tracker.LinksFor(context.Request)),
                HttpJson.Default.AdsAnswerBody);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Shard {Shard} did not answer: {Reason}")]
    private static partial void LogShardFailure(ILogger logger, int shard, string reason);
}
