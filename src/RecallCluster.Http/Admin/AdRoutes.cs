using Microsoft.AspNetCore.Http;
using RecallCluster.Http.Json;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.NewAds;

namespace RecallCluster.Http.Admin;

/// <summary><c>/v1/ads/{id}</c>: one ad of the catalogue.</summary>
internal sealed class AdRoutes(FrontDoorParts parts)
{
    private IAdCatalogue Catalogue => parts.Catalogue.Need("catalogue");

    public IResult Get(string id) => Catalogue.TryGet(id, out Ad? ad)
        ? Results.Json(AdResourceBody.Of(ad!, Catalogue.StandingOf(id)), AdminJson.Default.AdResourceBody)
        : NoSuch();

    public async Task<IResult> PutAsync(string id, HttpContext context)
    {
        IAdCatalogue catalogue = Catalogue;
        AdResourceBody body = await StrictJson.ReadAsync(context.Request, AdminJson.Default.AdResourceBody).ConfigureAwait(false);
        Ad ad = body.ToAd(id);
        bool existed = catalogue.TryGet(id, out _);
        try
        {
            await catalogue.PutAsync(ad, context.RequestAborted).ConfigureAwait(false);
        }
        catch (NewAdsFullException e)
        {
            return Problem.NewAdsFull(e.Message);
        }
        int status = existed ? StatusCodes.Status200OK : StatusCodes.Status201Created;
        return Results.Json(AdResourceBody.Of(ad, catalogue.StandingOf(id)), AdminJson.Default.AdResourceBody, statusCode: status);
    }

    public async Task<IResult> DeleteAsync(string id, HttpContext context) =>
        await Catalogue.RemoveAsync(id, context.RequestAborted).ConfigureAwait(false) ? Results.NoContent() : NoSuch();

    private static IResult NoSuch() => Problem.OfStatus(StatusCodes.Status404NotFound, "There is no such ad.");
}
