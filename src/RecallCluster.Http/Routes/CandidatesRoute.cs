using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using RecallCluster.Http.Formats;
using RecallCluster.Serving;

namespace RecallCluster.Http;

/// <summary><c>POST /v1/candidates</c>: user features in, the best ads with their scores out.</summary>
internal sealed partial class CandidatesRoute(
    FrontDoorParts parts, FrontDoorLimits limits, BodyFormats formats, ILogger<CandidatesRoute> logger)
{
    private static readonly (SearchLimits Limit, string Name)[] LimitNames =
        [(SearchLimits.Scorings, "scorings"), (SearchLimits.Deadline, "deadline")];

    public async Task<IResult> AnswerAsync(HttpContext context)
    {
        if (parts.Retriever is not { IsReady: true } retriever)
            return Problem.NotReady();
        IBodyFormat? format = formats.AnswerOf(context.Request);
        CandidatesRequestBody body = await formats.TryReadAsync<CandidatesRequestBody>(context.Request).ConfigureAwait(false)
            ?? await CandidatesRequestReader.DeserializeAsync(context.Request).ConfigureAwait(false);
        RetrievalRequest request = CandidatesRequestReader.RequestOf(body, limits);
        if (request.User.Id is { } id && parts.Users is { } users
            && await users.FindAsync(id, context.RequestAborted).ConfigureAwait(false) is { MayBeUsed: false })
            request = request with { User = new UserFeatures() };
        RetrievalAnswer answer = await retriever.AnswerAsync(request, context.RequestAborted).ConfigureAwait(false);
        foreach (ShardFailure failure in answer.Failures)
            LogShardFailure(logger, failure.Shard, failure.Reason);
        return answer.Coverage == 0 && answer.Failures.Count > 0
            ? Problem.NoShardAnswered(answer.Failures)
            : BodyFormats.Answer(format, BodyOf(answer), HttpJson.Default.CandidatesAnswerBody);
    }

    private static CandidatesAnswerBody BodyOf(RetrievalAnswer answer)
    {
        var ads = new AdBody[answer.Ads.Count];
        for (int i = 0; i < ads.Length; i++)
            ads[i] = new AdBody(answer.Ads[i].Id, answer.Ads[i].Score);
        UserReading user = answer.User;
        return new CandidatesAnswerBody(
            ads,
            answer.Coverage,
            answer.Version,
            answer.Scorings,
            [.. LimitNames.Where(l => answer.Limits.HasFlag(l.Limit)).Select(l => l.Name)],
            new UserBody(user.Known, user.SequenceLength, user.UnknownSequenceItems, user.DroppedSequenceItems),
            [.. answer.Failures.Select(f => new FailureBody(f.Shard, f.Reason))],
            new TimingsBody(Ms(answer.Timings.Prepare), Ms(answer.Timings.Search), Ms(answer.Timings.Merge), Ms(answer.Timings.Total)));
    }

    private static double Ms(TimeSpan time) => Math.Round(time.TotalMilliseconds, 3);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Shard {Shard} did not answer: {Reason}")]
    private static partial void LogShardFailure(ILogger logger, int shard, string reason);
}
