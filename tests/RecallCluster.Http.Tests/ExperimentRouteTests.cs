using System.Text.Json;
using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.State;

namespace RecallCluster.Http.Tests;

/// <summary>The routes of experiments over a real state.</summary>
public sealed class ExperimentRouteTests : IAsyncLifetime
{
    private const string Experiment = """
        {"name":"Less search","layer":"search","share":0.5,
        "arms":[{"name":"as tuned"},{"name":"less","weight":2,"treatment":{"maxScorings":500,"skipRanker":true}}]}
        """;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("recall-experiments-");
    private ServingState _state = null!;
    private Door _door = null!;

    public async Task InitializeAsync()
    {
        _state = await ServingState.OpenAsync(Path.Combine(_directory.FullName, "state.db"), TimeProvider.System);
        _door = await Door.OpenAsync(new FrontDoorParts { Experiments = _state.Experiments });
    }

    public async Task DisposeAsync()
    {
        await _door.DisposeAsync();
        await _state.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task An_experiment_is_made_read_changed_stopped_and_deleted_with_versions()
    {
        Reply made = await _door.SendAsync("PUT", "/v1/experiments/17", Experiment, ("If-None-Match", "*"));
        Reply again = await _door.SendAsync("PUT", "/v1/experiments/17", Experiment, ("If-None-Match", "*"));
        Reply wider = await _door.SendAsync(
            "PUT", "/v1/experiments/17", Experiment.Replace("0.5", "0.75", StringComparison.Ordinal), ("If-Match", "\"v1\""));
        Reply stale = await _door.SendAsync("POST", "/v1/experiments/17/stop", null, ("If-Match", "\"v1\""));
        Reply stopped = await _door.SendAsync("POST", "/v1/experiments/17/stop", null, ("If-Match", "\"v2\""));
        Reply read = await _door.SendAsync("GET", "/v1/experiments/17");
        Reply deleted = await _door.SendAsync("DELETE", "/v1/experiments/17", null, ("If-Match", "\"v3\""));

        Assert.Equal((201, "\"v1\"", "/v1/experiments/17"), (made.Status, made.Headers["ETag"], made.Headers["Location"]));
        Assert.Equal([412, 200, 412, 200, 200, 204], new[] { again, wider, stale, stopped, read, deleted }.Select(r => r.Status));
        Assert.Equal(("\"v2\"", true), (wider.Headers["ETag"], wider.Body.GetProperty("isRunning").GetBoolean()));
        Assert.Equal(("\"v3\"", false), (read.Headers["ETag"], read.Body.GetProperty("isRunning").GetBoolean()));
        Assert.Equal(
            [404, 404, 404, 412, 400],
            new[]
            {
                await _door.SendAsync("GET", "/v1/experiments/17"), await _door.SendAsync("POST", "/v1/experiments/17/stop"),
                await _door.SendAsync("DELETE", "/v1/experiments/17"),
                await _door.SendAsync("PUT", "/v1/experiments/18", Experiment, ("If-Match", "*")),
                await _door.SendAsync("PUT", "/v1/experiments/17", Experiment),
            }.Select(r => r.Status));
    }

    [Fact]
    public async Task What_is_read_can_be_put_back_and_a_list_has_the_results()
    {
        Assert.Empty((await _door.SendAsync("GET", "/v1/experiments")).Body.GetProperty("experiments").EnumerateArray());
        await _door.SendAsync("PUT", "/v1/experiments/17", Experiment);
        string settings = (await _door.SendAsync("GET", "/v1/experiments/17")).Body.GetProperty("settings").GetRawText();
        Reply same = await _door.SendAsync("PUT", "/v1/experiments/17", settings);
        Assert.Equal(settings, same.Body.GetProperty("settings").GetRawText());
        await WinAsync(arm: 0, clicks: 1);
        await WinAsync(arm: 1, clicks: 3);

        JsonElement results = Assert.Single(
            (await _door.SendAsync("GET", "/v1/experiments")).Body.GetProperty("experiments").EnumerateArray()).GetProperty("results");

        Assert.Equal(("as tuned", 1.0), (results.GetProperty("control").GetString(), results.GetProperty("sampleRatioP").GetDouble()));
        JsonElement less = results.GetProperty("arms")[1];
        Assert.Equal(
            ("less", 0, 5, 3, 1.5m, 0.6),
            (less.GetProperty("name").GetString(), less.GetProperty("requests").GetInt32(), less.GetProperty("impressions").GetInt32(),
                less.GetProperty("clicks").GetInt32(), less.GetProperty("spend").GetDecimal(),
                less.GetProperty("clickRate").GetProperty("value").GetDouble()));
        // A single user tells nothing about others.
        Assert.False(less.GetProperty("clickRate").TryGetProperty("lift", out _));
        Assert.False(less.GetProperty("revenuePerThousand").TryGetProperty("value", out _));
    }

    [Theory]
    [InlineData("""{"name":"x","layer":"a","share":1}""", "arms")]
    [InlineData("""{"name":"x","layer":"a","share":1,"arms":[{"name":"a"},null]}""", "arms[1].name")]
    [InlineData("""{"name":"x","layer":"a","share":2,"arms":[{"name":"a"},{"name":"b"}]}""", "share")]
    [InlineData("""{"name":"x","layer":"a","share":1,"arms":[{"name":"a"},{"name":"b","treatment":{}}]}""", "arms[1].treatment")]
    [InlineData("""{"name":"x","layer":"a","share":1,"arms":[{"name":"a"},{"name":"b"}],"budget":1}""", "budget")]
    [InlineData("""{"name":"x","layer":"search","share":0.1,"firstBucket":4999,"arms":[{"name":"a"},{"name":"b"}]}""", "firstBucket")]
    public async Task What_makes_no_sense_or_is_taken_is_refused_by_its_field(string body, string field)
    {
        await _door.SendAsync("PUT", "/v1/experiments/17", Experiment);

        Reply refused = await _door.SendAsync("PUT", "/v1/experiments/18", body);

        Assert.Equal((400, field), (refused.Status, refused.Field));
    }

    [Fact]
    public async Task Without_experiments_the_door_says_so()
    {
        await using Door none = await Door.OpenAsync(new FrontDoorParts());
        Assert.Equal(503, (await none.SendAsync("GET", "/v1/experiments")).Status);
    }

    /// <summary>Five impressions of half a unit a click, and some clicks.</summary>
    private async Task WinAsync(int arm, int clicks)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        long id = arm + 1;
        await _state.Campaigns.PutAsync(
            new Serving.Campaigns.CampaignSettings
            {
                Id = id,
                Name = "c",
                AdvertiserId = 1,
                AdvertiserDomain = "a.example",
                Product = "click",
                StartWeights = [1],
                Terms = new CampaignTerms
                {
                    CampaignId = id, TimeZone = "UTC", DailyBudget = Micros.FromUnits(1000), FlightStart = now.AddDays(-1),
                },
            },
            null, default);
        Lease lease = (await _state.Campaigns.RequestLeaseAsync(id, 1, _state.Epoch, Micros.FromUnits(10))).Lease;
        for (int i = 0; i < 5; i++)
        {
            var win = new Win
            {
                Id = (UInt128)((100 * id) + i),
                RequestId = "r",
                CampaignId = id,
                AdId = "ad",
                UserId = "ann",
                Gateway = 1,
                Lease = lease.Id,
                AuctionAt = lease.GrantedAt,
                Price = Micros.FromUnits(0.5m),
                IsPerClick = true,
                RawClickProbability = 0.1,
                ClickProbability = 0.1,
                Arms = [new WonArm(17, arm)],
            };
            AdEvent[] events = i < clicks
                ? [new(AdEventKind.Impression, win), new(AdEventKind.Click, win)] : [new(AdEventKind.Impression, win)];
            Assert.All(await _state.Feedback.AcceptAsync(events, default), result => Assert.Equal(LedgerOutcome.Applied, result.Outcome));
        }
    }
}
