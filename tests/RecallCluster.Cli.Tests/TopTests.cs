using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using RecallCluster.Http;

namespace RecallCluster.Cli.Tests;

public class TopTests
{
    private const string Snapshot = """
        {
          "at": "2026-05-12T10:30:00Z",
          "traffic": {
            "requestsPerSecond": 512.5, "errorsPerSecond": 0, "shedPerSecond": 1.5, "p50Ms": 4.1, "p99Ms": 12.6,
            "stageMs": { "search": 3.1 }
          },
          "retrieval": { "ads": 100000, "scoredShare": 0.0203, "coverage": 1, "valueRecall": null },
          "market": {
            "revenue": 1234.5, "impressions": 40000, "clicks": 842, "conversions": 44, "duplicates": 12, "refused": 3, "freeClicks": 7
          },
          "campaigns": [
            {
              "id": 7, "version": 3, "status": "active", "settings": { "name": "[Kettle] & Co", "product": "click-ctr" },
              "today": { "budget": 200, "spent": 50.000000, "impressions": 4000, "clicks": 90 }, "plannedShare": 0.4375,
              "weights": [0.8, 0.25], "kpis": [{ "name": "1/ctr", "value": 50, "limit": 40 }], "ticks": []
            },
            {
              "id": 8, "version": 1, "status": "budgetSpent", "settings": { "name": "Lumen Lamps" },
              "today": { "budget": 80.5, "spent": 80.5, "impressions": 9000, "clicks": 170 }, "plannedShare": 0.9,
              "weights": [1.5], "kpis": [{ "name": "cpc", "value": null, "limit": 0.5 }]
            }
          ],
          "calibration": { "before": [], "after": [], "pcocByHour": [] },
          "shards": [
            {
              "number": 0, "ads": 50000,
              "replicas": [
                { "address": "in process", "state": "healthy", "version": "v7", "inFlight": 2, "p95Ms": 3.4 },
                { "address": "http://127.0.0.1:7100", "state": "suspect", "version": "v7", "inFlight": 0, "p95Ms": null }
              ]
            },
            { "number": 1, "ads": 50001, "replicas": [] }
          ],
          "versions": { "model": "deep-1", "index": "ads-2" },
          "background": [{ "part": "leases", "failures": 3, "isFailing": true, "lastFailure": "[disk] is full" }]
        }
        """;

    [Fact]
    public async Task One_look_shows_traffic_campaigns_and_shards()
    {
        await using Server server = await Server.StartAsync(_ => Results.Text(Snapshot, "application/json"));

        Recall run = await Recall.RunAsync("top", "--url", server.Url, "--once");

        Assert.Equal("", run.Error);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("512.5", run.Output);
        Assert.Matches(@"leases.*✕ down.*3.*\[disk\] is full", run.Output);
        Assert.Contains("12.60 ms", run.Output);
        string kettle = LineWith(run, "[Kettle] & Co"), lamps = LineWith(run, "Lumen Lamps");
        Assert.True(run.Output.IndexOf(lamps, StringComparison.Ordinal) < run.Output.IndexOf(kettle, StringComparison.Ordinal), "by spend");
        // A quarter of 20 cells is spent, and the plan is at 43.75 % of them.
        Assert.Contains("█████····|··········  25 %", kettle);
        Assert.Contains("−18.8 pp", kettle);
        Assert.Contains("CTR 2.00 % (>= 2.50 %) ✕", kettle);
        Assert.Contains("budget spent", lamps);
        Assert.Contains("▲ suspect", LineWith(run, "7100"));
        Assert.Contains("✕ down", LineWith(run, "nobody"));
    }

    [Fact]
    public async Task As_json_it_is_the_servers_own_document()
    {
        await using Server server = await Server.StartAsync(_ => Results.Text(Snapshot, "application/json"));

        Recall run = await Recall.RunAsync("top", "--url", server.Url, "--once", "--json");

        Assert.Equal(0, run.ExitCode);
        Assert.True(JsonElement.DeepEquals(JsonDocument.Parse(Snapshot).RootElement, run.Json));
    }

    [Fact]
    public async Task The_key_is_sent_and_a_missing_one_is_asked_for()
    {
        await using Server server = await Server.StartAsync(context => context.Request.Headers.Authorization == "Bearer secret"
            ? Results.Text(Snapshot, "application/json")
            : Results.StatusCode((int)HttpStatusCode.Unauthorized));

        Recall without = await Recall.RunAsync("top", "--url", server.Url, "--once");
        Recall with = await Recall.RunAsync("top", "--url", server.Url, "--once", "--key", "secret");

        Assert.Equal(1, without.ExitCode);
        Assert.Contains("wants an API key with the role admin (--key)", without.Error);
        Assert.Equal(0, with.ExitCode);
    }

    [Theory]
    [InlineData("not JSON", "does not answer with JSON")]
    [InlineData("{}", "is no snapshot")]
    [InlineData("""{"at":"yesterday"}""", "is no snapshot")]
    public async Task What_is_no_snapshot_is_refused(string answer, string complaint)
    {
        await using Server server = await Server.StartAsync(_ => Results.Text(answer, "application/json"));

        Recall run = await Recall.RunAsync("top", "--url", server.Url, "--once");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(complaint, run.Error);
        Assert.Equal("", run.Output);
    }

    [Theory]
    [InlineData("127.0.0.1:8080")]
    [InlineData("ftp://127.0.0.1/")]
    public async Task An_address_that_is_none_is_wrong_usage(string url)
    {
        Recall run = await Recall.RunAsync("top", "--url", url);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--url wants an http or https URL", run.Error);
    }

    private static string LineWith(Recall run, string text) =>
        Assert.Single(run.Output.Split('\n'), line => line.Contains(text, StringComparison.Ordinal));

    /// <summary>A server that answers one question.</summary>
    private sealed class Server(WebApplication app) : IAsyncDisposable
    {
        public string Url => FrontDoor.AddressesOf(app)[0].AbsoluteUri;

        public static async Task<Server> StartAsync(Func<HttpContext, IResult> answer)
        {
            WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Logging.ClearProviders();
            WebApplication app = builder.Build();
            app.MapGet("/v1/live", (HttpContext context) => answer(context));
            await app.StartAsync();
            return new Server(app);
        }

        public async ValueTask DisposeAsync()
        {
            await app.StopAsync();
            await app.DisposeAsync();
        }
    }
}
