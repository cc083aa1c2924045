using Microsoft.AspNetCore.Http;
using RecallCluster.Http.Json;
using RecallCluster.Http.Native;
using RecallCluster.Serving;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Http.Admin;

/// <summary>Body of <c>POST /v1/indexes</c>.</summary>
internal sealed record IndexLoadBody
{
    public string? Name { get; init; }

    public ShadowBody? Shadow { get; init; }
}

/// <summary>What a version must show before it is switched to; what is left out is as configured for all.</summary>
internal sealed record ShadowBody
{
    public int? Requests { get; init; }

    public double? Share { get; init; }

    public double? LeastValue { get; init; }

    public double? MostValue { get; init; }

    public double? LeastOverlap { get; init; }

    public double? MostLatency { get; init; }

    public double? LatencyAllowanceSeconds { get; init; }

    public double? MostFailures { get; init; }

    public double? PatienceSeconds { get; init; }

    /// <exception cref="InvalidRequestException">A limit makes no sense.</exception>
    public ShadowLimits Over(ShadowLimits usual)
    {
        var limits = new ShadowLimits
        {
            Requests = Requests ?? usual.Requests,
            Share = Share ?? usual.Share,
            LeastValue = LeastValue ?? usual.LeastValue,
            MostValue = MostValue ?? usual.MostValue,
            LeastOverlap = LeastOverlap ?? usual.LeastOverlap,
            MostLatency = MostLatency ?? usual.MostLatency,
            LatencyAllowance = LatencyAllowanceSeconds is not { } allowance ? usual.LatencyAllowance
                : allowance is >= 0 and <= 60 ? TimeSpan.FromSeconds(allowance)
                : throw new InvalidRequestException("shadow.latencyAllowanceSeconds", "is 0 to 60."),
            MostFailures = MostFailures ?? usual.MostFailures,
            Patience = RolloutRoutes.PatienceOf(PatienceSeconds, usual.Patience),
        };
        limits.Check();
        return limits;
    }
}

/// <summary>The versions of the index, and the change from one to the next.</summary>
internal sealed record IndexesBody(IReadOnlyList<IndexVersionView> Indexes, RolloutView? Rollout);

/// <summary><c>/v1/indexes</c>: what is running, what else could be, and the way there.</summary>
internal sealed class IndexRoutes(FrontDoorParts parts) : RolloutRoutes
{
    /// <inheritdoc/>
    protected override IRollout Rollout => Indexes;

    private IIndexVersions Indexes => parts.Indexes.Need("choice of index versions");

    /// <inheritdoc/>
    public override Task<IResult> GetAsync(HttpContext context) => AnswerAsync(async () =>
    {
        if (parts.Indexes is not { } indexes)
            return Results.Json(new IndexesBody(Running(), null), AdminJson.Default.IndexesBody);
        return Results.Json(
            new IndexesBody(
                await indexes.ListAsync(context.RequestAborted).ConfigureAwait(false),
                await indexes.RolloutAsync(context.RequestAborted).ConfigureAwait(false)),
            AdminJson.Default.IndexesBody);
    });

    public Task<IResult> PublishAsync(HttpContext context) => AnswerAsync(async () =>
    {
        IIndexVersions indexes = Indexes;
        IndexLoadBody body = await StrictJson.ReadAsync(context.Request, AdminJson.Default.IndexLoadBody).ConfigureAwait(false);
        string name = FieldChecks.Id("name", body.Name, "which version?");
        IndexVersionView view = await indexes.PublishAsync(name, body.Shadow?.Over(indexes.Limits), context.RequestAborted)
            .ConfigureAwait(false);
        int status = view.IsRunning ? StatusCodes.Status200OK : StatusCodes.Status202Accepted;
        return Results.Json(view, AdminJson.Default.IndexVersionView, statusCode: status);
    });

    private IndexVersionView[] Running() =>
        parts.Retriever?.Summary is { } summary ? [new IndexVersionView(summary.Version, true, summary.Shards, summary.Ads)] : [];
}
