using System.Text.Json;
using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Http.Tests;

public sealed class AdminTests : IAsyncLifetime
{
    private const string Campaign = """
        {"name":"Spring","advertiserId":4,"advertiserDomain":"adv.example","dailyBudget":100.5,"timeZone":"Europe/Berlin",
        "flightStart":"2026-05-01T00:00:00Z",
        "product":"click-cpc","maxCpc":0.5,"maxBid":0.05,"targeting":{"countries":["DEU"],"devices":["phone"],"hours":[8,9]},
        "caps":[{"impressions":3,"withinMs":86400000}]}
        """;

    private readonly FakeCampaigns _campaigns = new();
    private readonly FakeCatalogue _catalogue = new();
    private readonly FakeUsers _users = new();
    private readonly FakeIndexes _indexes = new();
    private Door _door = null!;

    public async Task InitializeAsync() => _door = await Door.OpenAsync(
        new FrontDoorParts { Campaigns = _campaigns, Catalogue = _catalogue, Users = _users, Indexes = _indexes, Live = new FakeLive() });

    public async Task DisposeAsync() => await _door.DisposeAsync();

    [Fact]
    public async Task A_campaign_is_created_read_and_changed_with_versions()
    {
        Reply created = await _door.SendAsync("PUT", "/v1/campaigns/7", Campaign, ("If-None-Match", "*"));
        Reply again = await _door.SendAsync("PUT", "/v1/campaigns/7", Campaign, ("If-None-Match", "*"));
        Reply read = await _door.SendAsync("GET", "/v1/campaigns/7");
        Reply known = await _door.SendAsync("GET", "/v1/campaigns/7", null, ("If-None-Match", "\"v1\""));
        Reply changed = await _door.SendAsync("PUT", "/v1/campaigns/7", Campaign, ("If-Match", "\"v1\""));
        Reply stale = await _door.SendAsync("PUT", "/v1/campaigns/7", Campaign, ("If-Match", "\"v1\""));
        Reply nonsense = await _door.SendAsync("PUT", "/v1/campaigns/7", Campaign, ("If-Match", "v1"));
        Reply mustExist = await _door.SendAsync("PUT", "/v1/campaigns/8", Campaign, ("If-Match", "*"));

        Assert.Equal((201, "\"v1\"", "/v1/campaigns/7"), (created.Status, created.Headers["ETag"], created.Headers["Location"]));
        Assert.Equal([412, 304, 200, 412, 400, 412], new[] { again, known, changed, stale, nonsense, mustExist }.Select(r => r.Status));
        Assert.Equal("\"v2\"", changed.Headers["ETag"]);
        JsonElement settings = read.Body.GetProperty("settings");
        Assert.Equal(
            (100.5m, "Europe/Berlin", "phone"),
            (settings.GetProperty("dailyBudget").GetDecimal(), settings.GetProperty("timeZone").GetString(),
                settings.GetProperty("targeting").GetProperty("devices")[0].GetString()));
        Assert.Equal(
            (1.5m, "active", 86_400_000),
            (read.Body.GetProperty("totalSpent").GetDecimal(), read.Body.GetProperty("status").GetString(),
                settings.GetProperty("caps")[0].GetProperty("withinMs").GetInt32()));
        Assert.Equal(JsonValueKind.Null, read.Body.GetProperty("kpis")[0].GetProperty("value").ValueKind);
        CampaignSettings kept = (await _campaigns.FindAsync(7, default))!.Settings;
        Assert.Equal(
            (new Micros(100_500_000), new Micros(50_000), 7L), (kept.Terms.DailyBudget, kept.MaxBid!.Value, kept.Terms.CampaignId));
    }

    [Fact]
    public async Task What_is_read_can_be_put_back()
    {
        await _door.SendAsync("PUT", "/v1/campaigns/7", Campaign);
        string settings = (await _door.SendAsync("GET", "/v1/campaigns/7")).Body.GetProperty("settings").GetRawText();
        await _door.SendAsync("PUT", "/v1/campaigns/7", settings);

        Assert.Equal(settings, (await _door.SendAsync("GET", "/v1/campaigns/7")).Body.GetProperty("settings").GetRawText());
    }

    [Fact]
    public async Task The_flight_may_have_a_budget_of_its_own_and_lose_it_again()
    {
        string limited = Campaign.Replace(
            "\"dailyBudget\":100.5", "\"dailyBudget\":100.5,\"lifetimeBudget\":750.25", StringComparison.Ordinal);
        Reply made = await _door.SendAsync("PUT", "/v1/campaigns/7", limited);
        Assert.Equal(750.25m, made.Body.GetProperty("settings").GetProperty("lifetimeBudget").GetDecimal());
        Assert.Equal(Micros.FromUnits(750.25m), (await _campaigns.FindAsync(7, default))!.Settings.Terms.LifetimeBudget);
        await _door.SendAsync("PUT", "/v1/campaigns/7", Campaign);
        Assert.Null((await _campaigns.FindAsync(7, default))!.Settings.Terms.LifetimeBudget);
        Assert.Equal(
            400, (await _door.SendAsync("PUT", "/v1/campaigns/7", limited.Replace("750.25", "-1", StringComparison.Ordinal))).Status);
    }

    [Fact]
    public async Task Budget_and_pause_change_on_top_of_what_others_changed()
    {
        await _door.SendAsync("PUT", "/v1/campaigns/7", Campaign);
        _campaigns.Before = () =>
            _campaigns.PutAsync(_campaigns.FindAsync(7, default).Result!.Settings with { Name = "Theirs" }, null, default);
        Reply patched = await _door.SendAsync("PATCH", "/v1/campaigns/7", """{"dailyBudget":20}""");
        Reply stale = await _door.SendAsync("PATCH", "/v1/campaigns/7", """{"dailyBudget":30}""", ("If-Match", "\"v1\""));
        Reply paused = await _door.SendAsync("POST", "/v1/campaigns/7/pause");
        Reply resumed = await _door.SendAsync("POST", "/v1/campaigns/7/resume");

        Assert.Equal(
            ("Theirs", 20m),
            (patched.Body.GetProperty("settings").GetProperty("name").GetString(), patched.Body.GetProperty("settings")
                .GetProperty("dailyBudget").GetDecimal()));
        Assert.Equal(
            (412, "paused", "active"),
            (stale.Status, paused.Body.GetProperty("status").GetString(), resumed.Body.GetProperty("status").GetString()));
        Assert.Equal(404, (await _door.SendAsync("POST", "/v1/campaigns/9/pause")).Status);
    }

    [Fact]
    public async Task Pages_follow_one_another()
    {
        for (int id = 1; id <= 5; id++)
            await _door.SendAsync("PUT", $"/v1/campaigns/{id}", Campaign);
        var seen = new List<long>();
        string? next = "0";
        while (next is not null)
        {
            Reply page = await _door.SendAsync("GET", $"/v1/campaigns?after={next}&limit=2");
            seen.AddRange(page.Body.GetProperty("campaigns").EnumerateArray().Select(c => c.GetProperty("id").GetInt64()));
            next = page.Body.TryGetProperty("next", out JsonElement cursor) ? cursor.GetString() : null;
            Assert.Equal(next is not null, page.Headers.ContainsKey("Link"));
        }

        Assert.Equal([1L, 2, 3, 4, 5], seen);
        Assert.Equal(400, (await _door.SendAsync("GET", "/v1/campaigns?limit=0")).Status);
        Assert.Equal(400, (await _door.SendAsync("GET", "/v1/campaigns?after=x")).Status);
    }

    [Theory]
    [InlineData("\"name\":\"Spring\",", "", "name")]
    [InlineData("\"dailyBudget\":100.5", "\"dailyBudget\":-1", "dailyBudget")]
    [InlineData("\"dailyBudget\":100.5", "\"dailyBudget\":\"1\"", "dailyBudget")]
    [InlineData("Europe/Berlin", "Mars/Olympus", "timeZone")]
    [InlineData("2026-05-01T00:00:00Z", "tomorrow", "flightStart")]
    [InlineData("\"hours\":[8,9]", "\"hours\":[8,24]", "targeting.hours[1]")]
    [InlineData("\"impressions\":3", "\"impressions\":0", "caps[0].impressions")]
    [InlineData("\"maxCpc\":0.5", "\"maxCpc\":0", "maxCpc")]
    [InlineData("\"maxCpc\":0.5", "\"pacing\":\"traffic\"", "trafficByHour")]
    [InlineData("\"maxCpc\":0.5", "\"colour\":1", "colour")]
    public async Task A_wrong_setting_is_named(string part, string wrong, string field)
    {
        Reply reply = await _door.SendAsync("PUT", "/v1/campaigns/7", Campaign.Replace(part, wrong));

        Assert.Equal((400, field), (reply.Status, reply.Field));
    }

    [Fact]
    public async Task Ads_are_put_read_and_taken_away()
    {
        const string Ad = """
            {"campaignId":7,"categories":["IAB2"],"creative":{"kind":"video","width":640,"height":360,"media":"https://cdn.example/v.mp4",
            "mediaType":"video/mp4","durationMs":15000},"landingPage":"https://adv.example/x"}
            """;
        Reply put = await _door.SendAsync("PUT", "/v1/ads/ad%201", Ad);
        Reply replaced = await _door.SendAsync("PUT", "/v1/ads/ad%201", Ad);
        Reply got = await _door.SendAsync("GET", "/v1/ads/ad%201");

        Assert.Equal((201, 200, "video"), (put.Status, replaced.Status, got.Body.GetProperty("creative").GetProperty("kind").GetString()));
        Assert.Equal(TimeSpan.FromSeconds(15), _catalogue.Ads["ad 1"].Creative.Duration);
        Assert.Equal(
            [204, 404, 404],
            new[] { await _door.SendAsync("DELETE", "/v1/ads/ad%201"), await _door.SendAsync("DELETE", "/v1/ads/ad%201"),
                await _door.SendAsync("GET", "/v1/ads/ad%201") }.Select(r => r.Status));
        Assert.Equal(
            "landingPage", (await _door.SendAsync("PUT", "/v1/ads/a", Ad.Replace("https://adv.example/x", "javascript:alert(1)"))).Field);
        Assert.Equal("creative.media", (await _door.SendAsync("PUT", "/v1/ads/a", Ad.Replace("https://cdn.example/v.mp4", "//x"))).Field);
        Assert.Equal("campaignId", (await _door.SendAsync("PUT", "/v1/ads/a", Ad.Replace(":7", ":404"))).Field);
    }

    [Fact]
    public async Task Features_of_an_ad_are_codes_and_labels_and_the_answer_says_how_the_search_stands_to_it()
    {
        const string Ad = """
            {"campaignId":7,"creative":{"kind":"banner","media":"https://cdn.example/v.png","mediaType":"image/png"},
            "landingPage":"https://adv.example/x","features":{"category":12,"brand":"acme"}}
            """;
        Reply put = await _door.SendAsync("PUT", "/v1/ads/new1", Ad);
        Reply got = await _door.SendAsync("GET", "/v1/ads/new1");

        Assert.Equal((201, "added"), (put.Status, put.Body.GetProperty("standing").GetString()));
        Assert.Equal(
            ("acme", 12),
            (_catalogue.Ads["new1"].Features!["brand"].Label, _catalogue.Ads["new1"].Features!["category"].Code));
        // What was got can be put.
        Assert.Equal(200, (await _door.SendAsync("PUT", "/v1/ads/new1", got.Text)).Status);
        Assert.Equal(("acme", 12), (
            got.Body.GetProperty("features").GetProperty("brand").GetString(),
            got.Body.GetProperty("features").GetProperty("category").GetInt32()));
        Assert.Equal("features.category", (await _door.SendAsync("PUT", "/v1/ads/a", Ad.Replace("12", "1.5"))).Field);
        Assert.Equal("features.brand", (await _door.SendAsync("PUT", "/v1/ads/a", Ad.Replace("acme", "\\ud800"))).Field);
        _catalogue.Most = 1;
        Reply full = await _door.SendAsync("PUT", "/v1/ads/a", Ad);
        Assert.Equal((409, "urn:recallcluster:problem:new-ads-full"), (full.Status, full.Body.GetProperty("type").GetString()));
    }

    [Fact]
    public async Task Users_can_say_no_and_be_erased()
    {
        Reply set = await _door.SendAsync("PUT", "/v1/users/u1/consent", """{"mayPersonalise":false}""");
        Reply got = await _door.SendAsync("GET", "/v1/users/u1");

        Assert.Equal((204, false), (set.Status, got.Body.GetProperty("mayPersonalise").GetBoolean()));
        Assert.Equal(400, (await _door.SendAsync("PUT", "/v1/users/u1/consent", "{}")).Status);
        Assert.Equal(
            [204, 404],
            new[] { await _door.SendAsync("DELETE", "/v1/users/u1"), await _door.SendAsync("DELETE", "/v1/users/u1") }
                .Select(r => r.Status));
    }

    [Fact]
    public async Task Versions_of_the_index_are_listed_and_loaded()
    {
        Assert.Equal("v1", (await _door.SendAsync("GET", "/v1/indexes")).Body.GetProperty("indexes")[0].GetProperty("name").GetString());
        Assert.True((await _door.SendAsync("POST", "/v1/indexes", """{"name":"v2"}""")).Body.GetProperty("isRunning").GetBoolean());
        Reply broken = await _door.SendAsync("POST", "/v1/indexes", """{"name":"broken"}""");
        Assert.Equal(422, broken.Status);
        Assert.Contains("checksum", broken.Body.GetProperty("detail").GetString());
        JsonElement rollout = (await _door.SendAsync("GET", "/v1/indexes")).Body.GetProperty("rollout");
        Assert.Equal("abc.2", rollout.GetProperty("running").GetProperty("version").GetString());
    }

    [Fact]
    public async Task A_version_can_be_compared_first_abandoned_and_rolled_back()
    {
        Assert.Equal(409, (await _door.SendAsync("POST", "/v1/indexes/rollback")).Status);
        Assert.Equal("shadow.share", (await _door.SendAsync("POST", "/v1/indexes", """{"name":"v2","shadow":{"share":2}}""")).Field);
        await _door.SendAsync("POST", "/v1/indexes", """{"name":"v2"}""");
        Reply begun = await _door.SendAsync("POST", "/v1/indexes", """{"name":"v3","shadow":{"requests":7,"patienceSeconds":60}}""");
        Assert.Equal(
            (202, 7, TimeSpan.FromMinutes(1), _indexes.Limits.LeastValue),
            (begun.Status, _indexes.Wanted!.Requests, _indexes.Wanted.Patience, _indexes.Wanted.LeastValue));
        JsonElement underWay = (await _door.SendAsync("GET", "/v1/indexes")).Body.GetProperty("rollout").GetProperty("underWay");
        Assert.Equal("shadowing", underWay.GetProperty("phase").GetString());
        Assert.Equal(JsonValueKind.Null, underWay.GetProperty("figures").GetProperty("value").ValueKind);
        Assert.Equal(409, (await _door.SendAsync("POST", "/v1/indexes", """{"name":"v4"}""")).Status);
        Reply abandoned = await _door.SendAsync("POST", "/v1/indexes/rollback");
        Reply back = await _door.SendAsync("POST", "/v1/indexes/rollback");
        Assert.Equal("v2", abandoned.Body.GetProperty("running").GetProperty("name").GetString());
        Assert.Equal("v1", back.Body.GetProperty("running").GetProperty("name").GetString());
        Assert.False((await _door.SendAsync("DELETE", "/v1/indexes/previous")).Body.TryGetProperty("previous", out _));
    }

    [Fact]
    public async Task The_live_view_is_one_document_or_a_stream_of_them()
    {
        JsonElement live = (await _door.SendAsync("GET", "/v1/live")).Body;
        Assert.Equal(JsonValueKind.Null, live.GetProperty("shards")[0].GetProperty("replicas")[0].GetProperty("p95Ms").ValueKind);

        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        using HttpResponseMessage response = await _door.Client.GetAsync(
            new Uri("/v1/live/stream", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, timeout.Token);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(timeout.Token));
        var figures = new List<double>();
        while (figures.Count < 2)
        {
            if (await reader.ReadLineAsync(timeout.Token) is { } line && line.StartsWith("data: ", StringComparison.Ordinal))
                figures.Add(JsonDocument.Parse(line[6..]).RootElement.GetProperty("traffic").GetProperty("requestsPerSecond").GetDouble());
        }
        Assert.True(figures[1] > figures[0]);
    }

    [Fact]
    public async Task Every_route_is_in_the_document_with_its_schemas()
    {
        JsonElement document = (await _door.SendAsync("GET", "/openapi/v1.json")).Body;
        JsonElement paths = document.GetProperty("paths");
        foreach (
            string path in new[] { "/v1/ads", "/v1/candidates", "/openrtb/2.6/bid", "/v1/events", "/t/{token}", "/v1/campaigns",
                "/v1/campaigns/{id}", "/v1/ads/{id}", "/v1/indexes", "/v1/actors", "/v1/calibrators",
                "/v1/users/{id}", "/v1/live", "/healthz", "/metrics" })
            Assert.True(paths.TryGetProperty(path, out _), path);
        string? schema = paths.GetProperty("/v1/ads").GetProperty("post").GetProperty("requestBody").GetProperty("content")
            .GetProperty("application/json")
            .GetProperty("schema").GetProperty("$ref").GetString();
        JsonElement body = document.GetProperty("components").GetProperty("schemas").GetProperty(schema![(schema!.LastIndexOf('/') + 1)..]);
        Assert.True(body.GetProperty("properties").TryGetProperty("slots", out _));
    }

    [Fact]
    public async Task Metrics_are_text_that_counts()
    {
        await _door.SendAsync("GET", "/t/nonsense-nonsense-nonsense-nonsense");
        Reply reply = await _door.SendAsync("GET", "/metrics");

        Assert.StartsWith("text/plain; version=0.0.4", reply.Headers["Content-Type"]);
        Assert.Contains("# TYPE recall_http_tokens_total counter", reply.Text);
        Assert.Matches("recall_http_tokens_total\\{reading=\"malformed\"\\} [1-9]", reply.Text);
        Assert.Matches("http_server_request_duration_seconds_bucket\\{.*le=\"\\+Inf\"\\} [1-9]", reply.Text);
    }

    private sealed class FakeIndexes()
        : FakeRollout(new RolledVersion("v1", "abc.1"), new Dictionary<string, double> { ["value"] = double.NaN }), IIndexVersions
    {
        public ShadowLimits Limits { get; } = new();

        public ShadowLimits? Wanted { get; private set; }

        public Task<IReadOnlyList<IndexVersionView>> ListAsync(CancellationToken cancellation) =>
            Task.FromResult<IReadOnlyList<IndexVersionView>>([new IndexVersionView("v1", true, 1, 100)]);

        public Task<IndexVersionView> PublishAsync(string name, ShadowLimits? limits, CancellationToken cancellation)
        {
            Wanted = limits;
            if (name == "broken")
                throw new InvalidDataException("shard-0.index: the checksum is wrong.");
            if (UnderWay is not null)
                throw new InvalidOperationException("Version abc.3 is on its way.");
            if (limits is null)
                SwitchTo(new RolledVersion(name, "abc.2"));
            else
                UnderWay = new RolledVersion(name, "abc.3");
            return Task.FromResult(new IndexVersionView(name, limits is null, 1, 100));
        }
    }
}
