using System.Globalization;
using Microsoft.AspNetCore.Http;
using RecallCluster.Http.Json;
using RecallCluster.Http.Native;
using RecallCluster.Serving.Experiments;

namespace RecallCluster.Http.Admin;

/// <summary><c>/v1/experiments</c>: list, read with results, make, change, stop, delete.</summary>
internal sealed class ExperimentRoutes(FrontDoorParts parts)
{
    private IExperiments Experiments => parts.Experiments.Need("experiments");

    public async Task<IResult> ListAsync(HttpContext context)
    {
        IReadOnlyList<ExperimentView> views = await Experiments.ListAsync(context.RequestAborted).ConfigureAwait(false);
        return Results.Json(new ExperimentsBody([.. views.Select(ExperimentViewBody.Of)]), AdminJson.Default.ExperimentsBody);
    }

    // Results change without a version: it is for changes, and nothing is answered from a cache.
    public async Task<IResult> GetAsync(long id, HttpContext context) =>
        await Experiments.FindAsync(id, context.RequestAborted).ConfigureAwait(false) is { } view ? Answer(context, view) : NoSuch(id);

    public async Task<IResult> PutAsync(long id, HttpContext context)
    {
        IExperiments experiments = Experiments;
        ExperimentBody body = await StrictJson.ReadAsync(context.Request, AdminJson.Default.ExperimentBody).ConfigureAwait(false);
        ExperimentSettings settings = body.ToSettings(FieldChecks.InRange("id", id, 1, long.MaxValue));
        long? ifVersion = VersionTag.WantedBy(context.Request, out bool mustExist);
        if (mustExist && await experiments.FindAsync(id, context.RequestAborted).ConfigureAwait(false) is null)
            return Problem.VersionConflict("There is no such experiment.");
        ExperimentView view = await experiments.PutAsync(settings, ifVersion, context.RequestAborted).ConfigureAwait(false);
        if (view.Version > 1)
            return Answer(context, view);
        context.Response.Headers.Location = string.Create(CultureInfo.InvariantCulture, $"/v1/experiments/{id}");
        return Answer(context, view, StatusCodes.Status201Created);
    }

    public async Task<IResult> StopAsync(long id, HttpContext context)
    {
        long? ifVersion = VersionTag.WantedBy(context.Request, out _);
        return await Experiments.StopAsync(id, ifVersion, context.RequestAborted).ConfigureAwait(false) is { } view
            ? Answer(context, view) : NoSuch(id);
    }

    public async Task<IResult> DeleteAsync(long id, HttpContext context)
    {
        long? ifVersion = VersionTag.WantedBy(context.Request, out _);
        return await Experiments.DeleteAsync(id, ifVersion, context.RequestAborted).ConfigureAwait(false)
            ? Results.NoContent() : NoSuch(id);
    }

    private static IResult Answer(HttpContext context, ExperimentView view, int status = StatusCodes.Status200OK)
    {
        context.Response.Headers.ETag = VersionTag.Of(view.Version);
        return Results.Json(ExperimentViewBody.Of(view), AdminJson.Default.ExperimentViewBody, statusCode: status);
    }

    private static IResult NoSuch(long id) => Problem.OfStatus(StatusCodes.Status404NotFound, $"There is no experiment {id}.");
}
