using Microsoft.AspNetCore.Http;
using RecallCluster.Serving;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Http.Admin;

/// <summary>What the routes of every kind of roll-out share: how it stands, back, and giving up the version before.</summary>
internal abstract class RolloutRoutes
{
    /// <summary>The roll-out.</summary>
    protected abstract IRollout Rollout { get; }

    /// <summary>How it stands.</summary>
    public virtual Task<IResult> GetAsync(HttpContext context) => ViewAsync(() => Rollout.RolloutAsync(context.RequestAborted));

    /// <summary>Abandons the version on its way, or goes back.</summary>
    public Task<IResult> RollBackAsync(HttpContext context) => ViewAsync(() => Rollout.RollBackAsync(context.RequestAborted));

    /// <summary>Gives up the version before.</summary>
    public Task<IResult> DropPreviousAsync(HttpContext context) => ViewAsync(() => Rollout.DropPreviousAsync(context.RequestAborted));

    /// <summary>What became of a version that was published: it is in use, on its way, or refused already.</summary>
    protected static IResult Published(RolloutView view) => view switch
    {
        { UnderWay: not null } => Results.Json(view, AdminJson.Default.RolloutView, statusCode: StatusCodes.Status202Accepted),
        { Last: { Outcome: RolloutOutcome.Refused } last } => Problem.OfStatus(
            StatusCodes.Status422UnprocessableEntity, $"Version {last.Version.Version} of {last.Version.Name} was refused: {last.Reason}"),
        _ => Results.Json(view, AdminJson.Default.RolloutView),
    };

    /// <summary>How long a version may wait.</summary>
    /// <exception cref="InvalidRequestException">It is out of range.</exception>
    protected internal static TimeSpan PatienceOf(double? patienceSeconds, TimeSpan usual) =>
        patienceSeconds is { } seconds ? LimitWords.TimeOf(seconds, TimeSpan.FromSeconds(1), "shadow.patienceSeconds") : usual;

    /// <summary>Answers, and says what went wrong as problems do.</summary>
    protected static async Task<IResult> AnswerAsync(Func<Task<IResult>> answer)
    {
        try
        {
            return await answer().ConfigureAwait(false);
        }
        catch (InvalidDataException e)
        {
            return Problem.OfStatus(StatusCodes.Status422UnprocessableEntity, e.Message);
        }
        catch (InvalidOperationException e) when (e is not ObjectDisposedException)
        {
            return Problem.OfStatus(StatusCodes.Status409Conflict, e.Message);
        }
        // A body that could not be received is the sender's trouble.
        catch (IOException e) when (e is not BadHttpRequestException)
        {
            return Problem.OfStatus(StatusCodes.Status503ServiceUnavailable, e.Message);
        }
    }

    private static Task<IResult> ViewAsync(Func<Task<RolloutView>> view) =>
        AnswerAsync(async () => Results.Json(await view().ConfigureAwait(false), AdminJson.Default.RolloutView));
}
