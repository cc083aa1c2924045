using Microsoft.AspNetCore.Http;
using RecallCluster.Http.Json;
using RecallCluster.Http.Native;
using RecallCluster.Serving.Users;

namespace RecallCluster.Http.Admin;

/// <summary>What is remembered of a user.</summary>
internal sealed record UserMemoryBody(IReadOnlyList<string> Sequence, bool? MayPersonalise);

/// <summary>Body of <c>PUT /v1/users/{id}/consent</c>.</summary>
internal sealed record ConsentBody
{
    public bool? MayPersonalise { get; init; }
}

/// <summary><c>/v1/users/{id}</c>: what users may ask of those who keep their data.</summary>
internal sealed class UserRoutes(FrontDoorParts parts)
{
    private IUserStore Users => parts.Users.Need("user store");

    public async Task<IResult> GetAsync(string id, HttpContext context) =>
        await Users.FindAsync(id, context.RequestAborted).ConfigureAwait(false) is { IsErased: false } memory
            ? Results.Json(new UserMemoryBody(memory.Sequence, memory.Consent), AdminJson.Default.UserMemoryBody)
            : NoSuch();

    public async Task<IResult> PutConsentAsync(string id, HttpContext context)
    {
        IUserStore users = Users;
        ConsentBody body = await StrictJson.ReadAsync(context.Request, AdminJson.Default.ConsentBody).ConfigureAwait(false);
        bool may = FieldChecks.Required("mayPersonalise", body.MayPersonalise, "true or false.");
        await users.SetConsentAsync(FieldChecks.Id("id", id, "the user."), may, context.RequestAborted).ConfigureAwait(false);
        return Results.NoContent();
    }

    public async Task<IResult> EraseAsync(string id, HttpContext context) =>
        await Users.EraseAsync(id, context.RequestAborted).ConfigureAwait(false) ? Results.NoContent() : NoSuch();

    private static IResult NoSuch() => Problem.OfStatus(StatusCodes.Status404NotFound, "Nothing is known of such a user.");
}
