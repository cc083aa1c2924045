using System.Globalization;
using Microsoft.AspNetCore.Http;
using RecallCluster.Http.Json;
using RecallCluster.Http.Native;
using RecallCluster.Serving;
using RecallCluster.Serving.Campaigns;

namespace RecallCluster.Http.Admin;

/// <summary><c>/v1/campaigns</c>: list, read, create, change, pause.</summary>
internal sealed class CampaignRoutes(FrontDoorParts parts)
{
    private const int UsualPage = 50, LargestPage = 500;
    private const int Attempts = 5;

    private ICampaigns Campaigns => parts.Campaigns.Need("campaigns");

    public async Task<IResult> ListAsync(HttpContext context)
    {
        long after = Number(context.Request.Query["after"], "after", 0, 0, long.MaxValue);
        int limit = (int)Number(context.Request.Query["limit"], "limit", UsualPage, 1, LargestPage);
        IReadOnlyList<CampaignView> views = await Campaigns.ListAsync(after, limit, context.RequestAborted).ConfigureAwait(false);
        string? next = views.Count == limit ? views[^1].Settings.Id.ToString(CultureInfo.InvariantCulture) : null;
        if (next is not null)
            context.Response.Headers.Link = $"</v1/campaigns?after={next}&limit={limit}>; rel=\"next\"";
        return Results.Json(new CampaignPageBody([.. views.Select(CampaignBodyMap.BodyOf)], next), AdminJson.Default.CampaignPageBody);
    }

    public async Task<IResult> GetAsync(long id, HttpContext context)
    {
        if (await Campaigns.FindAsync(id, context.RequestAborted).ConfigureAwait(false) is not { } view)
            return NoSuch(id);
        if (!VersionTag.IsKnown(context.Request, view.Version))
            return Answer(context, view);
        context.Response.Headers.ETag = VersionTag.Of(view.Version);
        return Results.StatusCode(StatusCodes.Status304NotModified);
    }

    public async Task<IResult> PutAsync(long id, HttpContext context)
    {
        ICampaigns campaigns = Campaigns;
        CampaignBody body = await StrictJson.ReadAsync(context.Request, AdminJson.Default.CampaignBody).ConfigureAwait(false);
        CampaignSettings settings = CampaignBodyMap.SettingsOf(FieldChecks.InRange("id", id, 1, long.MaxValue), body);
        long? ifVersion = VersionTag.WantedBy(context.Request, out bool mustExist);
        bool existed = await campaigns.FindAsync(id, context.RequestAborted).ConfigureAwait(false) is not null;
        if (mustExist && !existed)
            return Problem.VersionConflict("There is no such campaign.");
        CampaignView view = await campaigns.PutAsync(settings, ifVersion, context.RequestAborted).ConfigureAwait(false);
        if (existed)
            return Answer(context, view);
        context.Response.Headers.Location = string.Create(CultureInfo.InvariantCulture, $"/v1/campaigns/{id}");
        return Answer(context, view, StatusCodes.Status201Created);
    }

    public async Task<IResult> PatchAsync(long id, HttpContext context)
    {
        CampaignPatchBody patch = await StrictJson.ReadAsync(context.Request, AdminJson.Default.CampaignPatchBody).ConfigureAwait(false);
        return await ChangeAsync(id, context, settings => settings with
        {
            IsPaused = patch.IsPaused ?? settings.IsPaused,
            Terms = patch.DailyBudget is { } budget
                ? settings.Terms with { DailyBudget = FieldChecks.Money("dailyBudget", budget) }
                : settings.Terms,
        }).ConfigureAwait(false);
    }

    public Task<IResult> PauseAsync(long id, HttpContext context) => ChangeAsync(id, context, settings => settings with { IsPaused = true });

    public Task<IResult> ResumeAsync(long id, HttpContext context) => ChangeAsync(id, context, settings => settings with { IsPaused = false });

    /// <summary>Changes what is there. Without If-Match a change that somebody else came before is made anew on top of theirs.</summary>
    private async Task<IResult> ChangeAsync(long id, HttpContext context, Func<CampaignSettings, CampaignSettings> change)
    {
        long? ifVersion = VersionTag.WantedBy(context.Request, out _);
        for (int attempt = 1; ; attempt++)
        {
            if (await Campaigns.FindAsync(id, context.RequestAborted).ConfigureAwait(false) is not { } view)
                return NoSuch(id);
            try
            {
                return Answer(
                    context, await Campaigns.PutAsync(change(view.Settings), ifVersion ?? view.Version, context.RequestAborted).ConfigureAwait(false));
            }
            catch (VersionConflictException) when (ifVersion is null && attempt < Attempts)
            {
                context.RequestAborted.ThrowIfCancellationRequested();
            }
        }
    }

    private static IResult Answer(HttpContext context, CampaignView view, int status = StatusCodes.Status200OK)
    {
        context.Response.Headers.ETag = VersionTag.Of(view.Version);
        return Results.Json(CampaignBodyMap.BodyOf(view), AdminJson.Default.CampaignViewBody, statusCode: status);
    }

    private static IResult NoSuch(long id) => Problem.OfStatus(StatusCodes.Status404NotFound, $"There is no campaign {id}.");

    private static long Number(string? text, string field, long otherwise, long min, long max) =>
        text is null ? otherwise
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? FieldChecks.InRange(field, value, min, max)
        : throw new InvalidRequestException(field, "wants a whole number.");
}
