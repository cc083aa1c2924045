using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using RecallCluster.Http.Json;
using RecallCluster.Http.Native;
using RecallCluster.Serving;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Http.Admin;

/// <summary>Body of <c>POST /v1/actors</c>: files by name, their contents in Base64.</summary>
internal sealed record ActorsBody
{
    public string? Name { get; init; }

    public Dictionary<string, byte[]?>? Files { get; init; }

    public ActorShadowBody? Shadow { get; init; }

    /// <summary>The files.</summary>
    /// <exception cref="InvalidRequestException">There are none, or one has no content.</exception>
    public Dictionary<string, byte[]> Contents() =>
        (Files ?? throw new InvalidRequestException("files", "wants the actors' files.")).ToDictionary(
            file => file.Key,
            file => file.Value ?? throw new InvalidRequestException($"files['{file.Key}']", "wants its content in Base64."));
}

/// <summary>What a version of actors must show before it is used; what is left out is as configured for all.</summary>
internal sealed record ActorShadowBody
{
    public int? Campaigns { get; init; }

    public long? Auctions { get; init; }

    public double? LeastScore { get; init; }

    public double? MostBreachIncrease { get; init; }

    public double? PatienceSeconds { get; init; }

    /// <exception cref="InvalidRequestException">A limit makes no sense.</exception>
    public ActorLimits Over(ActorLimits usual)
    {
        var limits = new ActorLimits
        {
            Campaigns = Campaigns ?? usual.Campaigns,
            Auctions = Auctions ?? usual.Auctions,
            LeastScore = LeastScore ?? usual.LeastScore,
            MostBreachIncrease = MostBreachIncrease ?? usual.MostBreachIncrease,
            Patience = RolloutRoutes.PatienceOf(PatienceSeconds, usual.Patience),
        };
        limits.Check();
        return limits;
    }
}

/// <summary>The body of one route may be larger than others: it holds files.</summary>
internal sealed class ActorsBodySize : IRequestSizeLimitMetadata
{
    /// <summary>The only one.</summary>
    public static ActorsBodySize Limit { get; } = new();

    /// <inheritdoc/>
    public long? MaxRequestBodySize => 16 << 20;
}

/// <summary><c>/v1/actors</c>: what trained bid controllers learned, and the way from one version to the next.</summary>
internal sealed class ActorRoutes(FrontDoorParts parts) : RolloutRoutes
{
    private IActorVersions Actors => parts.Actors.Need("campaigns whose actors could be replaced");

    /// <inheritdoc/>
    protected override IRollout Rollout => Actors;

    public Task<IResult> PublishAsync(HttpContext context) => AnswerAsync(async () =>
    {
        IActorVersions actors = Actors;
        ActorsBody body = await StrictJson.ReadAsync(context.Request, AdminJson.Default.ActorsBody).ConfigureAwait(false);
        string name = FieldChecks.Id("name", body.Name, "what is the version called?");
        ActorLimits? limits = body.Shadow?.Over(actors.Limits);
        return Published(await actors.PublishAsync(name, body.Contents(), limits, context.RequestAborted).ConfigureAwait(false));
    });
}
