using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using RecallCluster.Http.Admin;
using RecallCluster.Http.Dashboard;
using RecallCluster.Http.Live;
using RecallCluster.Http.Metrics;
using RecallCluster.Http.Native;
using RecallCluster.Http.OpenApi;
using RecallCluster.Http.OpenRtb;
using RecallCluster.Http.Overload;
using RecallCluster.Http.Security;
using RecallCluster.Http.Tracking;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Http;

/// <summary>Which path leads where, who may take it, and what stands about it in the OpenAPI document.</summary>
internal static class FrontDoorRoutes
{
    private const string Json = "application/json";

    public static void Map(WebApplication app)
    {
        // Instruments are listened to from the start, not from the first scrape on.
        PrometheusExposition metrics = app.Services.GetRequiredService<PrometheusExposition>();
        string[] formats = [.. app.Services.GetRequiredService<FrontDoorOptions>().Formats.Select(format => format.MediaType)];
        RouteGroupBuilder all = app.MapGroup("").AddEndpointFilter<RouteGroupBuilder, ProblemFilter>();
        MapServing(all, formats);
        MapTracking(all, formats);
        MapCampaigns(all.MapGroup("/v1/campaigns").For(ApiRoles.Admin).WithTags("campaigns"));
        MapAdmin(all.MapGroup("/v1").For(ApiRoles.Admin).WithTags("admin"));
        all.MapGet("/healthz", static () => HealthRoutes.Alive())
            .WithSummary("The process lives.").WithTags("health").Produces<HealthBody>();
        all.MapGet("/readyz", static (HealthRoutes health) => health.Ready())
            .WithSummary("Requests can be answered.").WithTags("health").Produces<HealthBody>().ProducesProblem(503);
        all.MapGet("/metrics", () => Results.Text(metrics.Write(), PrometheusText.ContentType))
            .For(ApiRoles.Admin).WithSummary("Metrics in the text format of Prometheus.").WithTags("health")
            .Produces<string>(200, "text/plain");
        app.MapDashboard();
        DoorDocument.Map(app);
    }

    /// <param name="all">All routes.</param>
    /// <param name="formats">Media types that bodies may have beside JSON.</param>
    private static void MapServing(RouteGroupBuilder all, string[] formats)
    {
        RouteGroupBuilder serving = all.MapGroup("").For(ApiRoles.Serve).WithMetadata(CostlyWork.Mark).WithTags("serving");
        serving.MapPost("/v1/candidates", static (CandidatesRoute route, HttpContext context) => route.AnswerAsync(context))
            .WithSummary("The best ads for a user by interest alone.")
            .Accepts<CandidatesRequestBody>(Json, formats).Produces<CandidatesAnswerBody>().ProducesProblem(400).ProducesProblem(503);
        all.MapPost("/v1/ads", static (AdsRoute route, HttpContext context) => route.AnswerAsync(context))
            .For(ApiRoles.Serve | ApiRoles.Admin).WithMetadata(CostlyWork.Mark).WithTags("serving")
            .WithSummary("Fill slots: retrieval, calibration, bids and auction; ?explain=true (admin) says why.")
            .Accepts<AdsRequestBody>(Json, formats).Produces<AdsAnswerBody>().ProducesProblem(400).ProducesProblem(503);
        serving.MapPost("/openrtb/2.6/bid", static (BidRoute route, HttpContext context) => route.AnswerAsync(context))
            .WithSummary("An OpenRTB 2.6 bid request: 200 with bids, 204 without, 200 with nbr and the reason.")
            .Accepts<OpenRtbRequestSchema>(Json).Produces<OpenRtbResponseSchema>().Produces(204).ProducesProblem(400).ProducesProblem(503);
    }

    private static void MapTracking(RouteGroupBuilder all, string[] formats)
    {
        all.MapPost("/v1/events", static (EventsRoute route, HttpContext context) => route.TakeAsync(context))
            .For(ApiRoles.Events).WithTags("feedback").WithSummary("Report events; 202 once they are durable.")
            .Accepts<EventsBody>(Json, formats).Produces<EventsAnswerBody>(202).ProducesProblem(400).ProducesProblem(503);
        RouteGroupBuilder links = all.MapGroup("/t/{token}").WithTags("feedback");
        links.MapGet("", static (TrackRoute route, string token, HttpContext context) => route.TakeAsync(token, context))
            .WithSummary(
                "A tracking link: a pixel for an impression, a redirect for a click. "
                + "p and c are the price and currency of a billing notice.")
            .Produces(200, contentType: "image/gif").Produces(302).Produces(204).ProducesProblem(400).ProducesProblem(410);
        links.MapGet("/win", static (TrackRoute route, string token, HttpContext context) => route.NoteWin(token, context))
            .WithSummary("A win notice of OpenRTB; it is counted, and charges nothing.").Produces(204).ProducesProblem(400);
    }

    private static void MapCampaigns(RouteGroupBuilder campaigns)
    {
        campaigns.MapGet("", static (CampaignRoutes route, HttpContext context) => route.ListAsync(context))
            .WithSummary("Campaigns by id; ?after is the cursor, ?limit the page's size.")
            .Produces<CampaignPageBody>().ProducesProblem(400);
        campaigns.MapGet("/{id:long}", static (CampaignRoutes route, long id, HttpContext context) => route.GetAsync(id, context))
            .WithSummary("One campaign, with its version as ETag.").Produces<CampaignViewBody>().Produces(304).ProducesProblem(404);
        campaigns.MapPut("/{id:long}", static (CampaignRoutes route, long id, HttpContext context) => route.PutAsync(id, context))
            .WithSummary("Create or replace; If-Match changes that version only, If-None-Match: * only creates.")
            .Accepts<CampaignBody>(Json).Produces<CampaignViewBody>().Produces<CampaignViewBody>(201)
            .ProducesProblem(400).ProducesProblem(412);
        campaigns.MapPatch("/{id:long}", static (CampaignRoutes route, long id, HttpContext context) => route.PatchAsync(id, context))
            .WithSummary("Change the daily budget, pause or resume.")
            .Accepts<CampaignPatchBody>(Json).Produces<CampaignViewBody>().ProducesProblem(400).ProducesProblem(404).ProducesProblem(412);
        campaigns.MapPost("/{id:long}/pause", static (CampaignRoutes route, long id, HttpContext context) => route.PauseAsync(id, context))
            .WithSummary("Hold it back.").Produces<CampaignViewBody>().ProducesProblem(404);
        campaigns.MapPost(
            "/{id:long}/resume", static (CampaignRoutes route, long id, HttpContext context) => route.ResumeAsync(id, context))
            .WithSummary("Let it run.").Produces<CampaignViewBody>().ProducesProblem(404);
    }

    private static void MapAdmin(RouteGroupBuilder admin)
    {
        admin.MapGet("/ads/{id}", static (AdRoutes route, string id) => route.Get(id))
            .WithSummary("One ad.").Produces<AdResourceBody>().ProducesProblem(404);
        admin.MapPut("/ads/{id}", static (AdRoutes route, string id, HttpContext context) => route.PutAsync(id, context))
            .WithSummary("Add or replace an ad; it is seen by requests that begin after the answer.")
            .Accepts<AdResourceBody>(Json).Produces<AdResourceBody>().Produces<AdResourceBody>(201)
            .ProducesProblem(400).ProducesProblem(409);
        admin.MapDelete("/ads/{id}", static (AdRoutes route, string id, HttpContext context) => route.DeleteAsync(id, context))
            .WithSummary("Take an ad away.").Produces(204).ProducesProblem(404);
        MapIndexes(admin.MapGroup("/indexes"));
        MapActors(admin.MapGroup("/actors"));
        MapCalibrators(admin.MapGroup("/calibrators"));
        MapExperiments(admin.MapGroup("/experiments"));
        admin.MapGet("/users/{id}", static (UserRoutes route, string id, HttpContext context) => route.GetAsync(id, context))
            .WithSummary("What is remembered of a user.").Produces<UserMemoryBody>().ProducesProblem(404);
        admin.MapPut("/users/{id}/consent", static (UserRoutes route, string id, HttpContext context) => route.PutConsentAsync(id, context))
            .WithSummary("Record whether a user's data may be used; a no erases what is there.")
            .Accepts<ConsentBody>(Json).Produces(204).ProducesProblem(400);
        admin.MapDelete("/users/{id}", static (UserRoutes route, string id, HttpContext context) => route.EraseAsync(id, context))
            .WithSummary("Erase a user.").Produces(204).ProducesProblem(404);
        admin.MapGet("/live", static (LiveRoutes route, HttpContext context) => route.GetAsync(context))
            .WithSummary("What is going on.").Produces<LiveBody>().ProducesProblem(503);
        admin.MapGet("/live/stream", static (LiveRoutes route, HttpContext context) => route.StreamAsync(context))
            .WithSummary("The same every second, as server-sent events of type live.")
            .Produces<string>(200, "text/event-stream").ProducesProblem(503);
    }

    private static void MapExperiments(RouteGroupBuilder experiments)
    {
        experiments.MapGet("", static (ExperimentRoutes route, HttpContext context) => route.ListAsync(context))
            .WithSummary("All experiments with their results.").Produces<ExperimentsBody>();
        experiments.MapGet("/{id:long}", static (ExperimentRoutes route, long id, HttpContext context) => route.GetAsync(id, context))
            .WithSummary("One experiment with its results, and its version as ETag.")
            .Produces<ExperimentViewBody>().ProducesProblem(404);
        experiments.MapPut("/{id:long}", static (ExperimentRoutes route, long id, HttpContext context) => route.PutAsync(id, context))
            .WithSummary("Make one, which runs at once, or change the name or share of one that runs; If-Match, If-None-Match: *.")
            .Accepts<ExperimentBody>(Json).Produces<ExperimentViewBody>().Produces<ExperimentViewBody>(201)
            .ProducesProblem(400).ProducesProblem(412);
        experiments.MapPost(
            "/{id:long}/stop", static (ExperimentRoutes route, long id, HttpContext context) => route.StopAsync(id, context))
            .WithSummary("Stop it for good; what was won under it still counts.")
            .Produces<ExperimentViewBody>().ProducesProblem(404).ProducesProblem(412);
        experiments.MapDelete("/{id:long}", static (ExperimentRoutes route, long id, HttpContext context) => route.DeleteAsync(id, context))
            .WithSummary("Delete it with all that was counted; its id is never used again.")
            .Produces(204).ProducesProblem(404).ProducesProblem(412);
    }

    private static void MapIndexes(RouteGroupBuilder indexes)
    {
        indexes.MapGet("", static (IndexRoutes route, HttpContext context) => route.GetAsync(context))
            .WithSummary("Versions of the index, and how the change from one to the next stands.")
            .Produces<IndexesBody>().ProducesProblem(503);
        indexes.MapPost("", static (IndexRoutes route, HttpContext context) => route.PublishAsync(context))
            .WithSummary("Load another version and switch to it: 200 when it is running, 202 while it is on its way.")
            .Accepts<IndexLoadBody>(Json).Produces<IndexVersionView>().Produces<IndexVersionView>(202)
            .ProducesProblem(400).ProducesProblem(409).ProducesProblem(422).ProducesProblem(503);
        MapRollout(
            indexes, static (IndexRoutes route, HttpContext context) => route.RollBackAsync(context),
            static (IndexRoutes route, HttpContext context) => route.DropPreviousAsync(context));
    }

    private static void MapActors(RouteGroupBuilder actors)
    {
        actors.MapGet("", static (ActorRoutes route, HttpContext context) => route.GetAsync(context))
            .WithSummary("Version of the bid controllers' actors that is in use, and how the change to the next stands.")
            .Produces<RolloutView>().ProducesProblem(503);
        actors.MapPost("", static (ActorRoutes route, HttpContext context) => route.PublishAsync(context))
            .WithMetadata(ActorsBodySize.Limit)
            .WithSummary("Try actors on the campaigns' sampled auctions and use them: 200 when they are in use, 202 while on their way.")
            .Accepts<ActorsBody>(Json).Produces<RolloutView>().Produces<RolloutView>(202)
            .ProducesProblem(400).ProducesProblem(409).ProducesProblem(422).ProducesProblem(503);
        MapRollout(
            actors, static (ActorRoutes route, HttpContext context) => route.RollBackAsync(context),
            static (ActorRoutes route, HttpContext context) => route.DropPreviousAsync(context));
    }

    private static void MapCalibrators(RouteGroupBuilder calibrators)
    {
        calibrators.MapGet("", static (CalibratorRoutes route, HttpContext context) => route.GetAsync(context))
            .WithSummary("Versions of the calibrator, its last fit, and how the change from one version to the next stands.")
            .Produces<CalibratorsBody>().ProducesProblem(503);
        calibrators.MapPost("", static (CalibratorRoutes route, HttpContext context) => route.PublishAsync(context))
            .WithSummary("Compare other settings on live clicks and use them: 200 when they are in use, 202 while they are on their way.")
            .Accepts<CalibratorPublishBody>(Json).Produces<RolloutView>().Produces<RolloutView>(202)
            .ProducesProblem(400).ProducesProblem(409).ProducesProblem(422).ProducesProblem(503);
        MapRollout(
            calibrators, static (CalibratorRoutes route, HttpContext context) => route.RollBackAsync(context),
            static (CalibratorRoutes route, HttpContext context) => route.DropPreviousAsync(context));
    }

    private static void MapRollout(RouteGroupBuilder rollout, Delegate rollBack, Delegate dropPrevious)
    {
        rollout.MapPost("/rollback", rollBack)
            .WithSummary("Abandon the version on its way, or go back to the one before.")
            .Produces<RolloutView>().ProducesProblem(409).ProducesProblem(422).ProducesProblem(503);
        rollout.MapDelete("/previous", dropPrevious)
            .WithSummary("Give up the version before the running one.").Produces<RolloutView>().ProducesProblem(409).ProducesProblem(503);
    }
}
