using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using RecallCluster.Http.Admin;

namespace RecallCluster.Http.OpenApi;

/// <summary>The OpenAPI document of the door, made from its routes and the types of their bodies: <c>GET /openapi/v1.json</c>.</summary>
internal static class DoorDocument
{
    private const string Scheme = "apiKey";

    public static void Add(IServiceCollection services)
    {
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, OpenRtbSchemas.Default);
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, AdminJson.Default);
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, HttpJson.Default);
        });
        services.AddOpenApi(options => options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "RecallCluster",
                Version = "v1",
                Description = "Ad retrieval with calibration, bidding and auctions. Money is in units of the currency unless a field says otherwise.",
            };
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
            document.Components.SecuritySchemes[Scheme] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = "An API key. Callers on loopback may do without, unless the operator says otherwise.",
            };
            document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Scheme, document)] = [] }];
            return Task.CompletedTask;
        }));
    }

    public static void Map(WebApplication app) => app.MapOpenApi("/openapi/{documentName}.json");
}
