using Microsoft.AspNetCore.Http;
using RecallCluster.Http.Json;
using RecallCluster.Http.Native;
using RecallCluster.Serving;

namespace RecallCluster.Http.Admin;

/// <summary>The versions of the index that a process can answer with. Thread-safe.</summary>
public interface IIndexVersions
{
    /// <summary>The versions that are there, each by the name that <see cref="LoadAsync"/> takes.</summary>
    IReadOnlyList<IndexVersionView> List();

    /// <summary>Loads a version beside the running one and switches to it, without losing a request.</summary>
    /// <param name="name">One of <see cref="List"/>.</param>
    /// <param name="cancellation">The caller gave up; the version may be loaded anyway.</param>
    /// <returns>The version, now running.</returns>
    /// <exception cref="InvalidRequestException">There is none of that name.</exception>
    /// <exception cref="InvalidDataException">It is broken; the running one goes on. The message names the check that failed.</exception>
    Task<IndexVersionView> LoadAsync(string name, CancellationToken cancellation);
}

/// <summary>A version of the index.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsRunning">Whether requests are answered with it.</param>
/// <param name="Shards">Its shards.</param>
/// <param name="Ads">Its ads.</param>
public sealed record IndexVersionView(string Name, bool IsRunning, int Shards, long Ads);

/// <summary>Body of <c>POST /v1/indexes</c>.</summary>
internal sealed record IndexLoadBody
{
    public string? Name { get; init; }
}

/// <summary>The versions of the index.</summary>
internal sealed record IndexesBody(IReadOnlyList<IndexVersionView> Indexes);

/// <summary><c>/v1/indexes</c>: what is running, and what else could be.</summary>
internal sealed class IndexRoutes(FrontDoorParts parts)
{
    public IResult List() => Results.Json(new IndexesBody(parts.Indexes?.List() ?? Running()), AdminJson.Default.IndexesBody);

    public async Task<IResult> LoadAsync(HttpContext context)
    {
        IIndexVersions indexes = parts.Indexes.Need("choice of index versions");
        IndexLoadBody body = await StrictJson.ReadAsync(context.Request, AdminJson.Default.IndexLoadBody).ConfigureAwait(false);
        string name = FieldChecks.Id("name", body.Name, "which version?");
        try
        {
            return Results.Json(await indexes.LoadAsync(name, context.RequestAborted).ConfigureAwait(false), AdminJson.Default.IndexVersionView);
        }
        catch (InvalidDataException e)
        {
            return Problem.OfStatus(StatusCodes.Status422UnprocessableEntity, e.Message);
        }
    }

    private IndexVersionView[] Running() =>
        parts.Retriever?.Summary is { } summary ? [new IndexVersionView(summary.Version, true, summary.Shards, summary.Ads)] : [];
}
