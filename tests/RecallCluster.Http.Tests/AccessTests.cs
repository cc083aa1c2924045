using System.Threading.RateLimiting;
using RecallCluster.Http.Security;

namespace RecallCluster.Http.Tests;

public class AccessTests
{
    private const string Ask = """{"slots":[{"id":"s"}]}""";

    [Fact]
    public async Task Each_role_opens_its_own_routes_only()
    {
        ApiKey serve = ApiKey.Create(ApiRoles.Serve, out string serveText), events = ApiKey.Create(ApiRoles.Events, out string eventsText),
        admin = ApiKey.Create(
            ApiRoles.Admin, out string adminText);
        await using Door door =
            await OpenAsync(new AccessOptions { Keys = new ApiKeyFile([serve, events, admin]), AnonymousOnLoopback = ApiRoles.None });
        (string Method, string Path, string? Body, ApiRoles Role)[] routes =
        [
            ("POST", "/v1/ads", Ask, ApiRoles.Serve), ("POST", "/v1/candidates", "{}", ApiRoles.Serve), (
                "POST", "/openrtb/2.6/bid", "{}", ApiRoles.Serve),
            ("POST", "/v1/events", "{}", ApiRoles.Events), ("GET", "/v1/campaigns", null, ApiRoles.Admin), (
                "GET", "/v1/ads/x", null, ApiRoles.Admin),
            ("GET", "/v1/users/x", null, ApiRoles.Admin), ("GET", "/v1/live", null, ApiRoles.Admin), (
                "GET", "/v1/live/stream", null, ApiRoles.Admin),
            ("GET", "/metrics", null, ApiRoles.Admin), ("POST", "/v1/indexes", "{}", ApiRoles.Admin),
            ("GET", "/v1/actors", null, ApiRoles.Admin), ("POST", "/v1/actors", "{}", ApiRoles.Admin),
            ("GET", "/v1/calibrators", null, ApiRoles.Admin), ("POST", "/v1/calibrators", "{}", ApiRoles.Admin), (
                "DELETE", "/v1/users/x", null, ApiRoles.Admin),
        ];

        foreach ((string method, string path, string? body, ApiRoles role) in routes)
        {
            Reply without = await door.SendAsync(method, path, body);
            Assert.Equal((401, "Bearer"), (without.Status, without.Headers["WWW-Authenticate"]));
            foreach (
                (ApiRoles has, string key) in new[] { (ApiRoles.Serve, serveText), (ApiRoles.Events, eventsText),
                    (ApiRoles.Admin, adminText) })
            {
                int status = (await door.SendAsync(method, path, body, ("Authorization", $"Bearer {key}"))).Status;
                Assert.True((status is 403) == (has != role) && status != 401, $"{method} {path} with {has}: {status}");
            }
        }
        Assert.Equal(200, (await door.SendAsync("GET", "/healthz")).Status);
        Assert.Equal(403, (await door.SendAsync("POST", "/v1/ads?explain=true", Ask, ("X-Api-Key", serveText))).Status);
        Assert.Equal(403, (await door.SendAsync("POST", "/v1/ads?explain=true", Ask, ("X-Api-Key", eventsText))).Status);
        Reply explained = await door.SendAsync("POST", "/v1/ads?explain=true", Ask, ("X-Api-Key", adminText));
        Assert.True(explained.Status is not (401 or 403), $"{explained.Status}");
    }

    [Fact]
    public async Task A_wrong_key_opens_nothing_not_even_on_loopback()
    {
        ApiKey key = ApiKey.Create(ApiRoles.Serve, out string text);
        await using Door door = await OpenAsync(new AccessOptions { Keys = new ApiKeyFile([key]) });
        foreach (
            string wrong in new[] { text[..^1] + (text[^1] == 'A' ? 'B' : 'A'), text
                + "x", text[..^1], "rck_", "x", text.ToUpperInvariant(), "rck_000000000000_" + text[^43..] })
            Assert.Equal(401, (await door.SendAsync("POST", "/v1/ads", Ask, ("Authorization", $"Bearer {wrong}"))).Status);

        Assert.Equal(200, (await door.SendAsync("POST", "/v1/ads", Ask, ("Authorization", $"bearer {text}"))).Status);
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("http://127.0.0.1:9", true)]
    [InlineData("http://localhost:3000", true)]
    [InlineData("https://evil.example", false)]
    [InlineData("http://127.0.0.1.evil.example", false)]
    [InlineData("null", false)]
    public async Task A_page_of_somebody_else_in_a_browser_here_is_nobody_at_this_machine(string? origin, bool isLocal)
    {
        var campaigns = new FakeCampaigns();
        await using Door door = await Door.OpenAsync(new FrontDoorParts { Campaigns = campaigns });

        // A form can send this from any page, without asking the door first.
        Reply reply = await door.SendAsync("POST", "/v1/campaigns/7/pause", null, origin is null ? [] : [("Origin", origin)]);

        Assert.Equal(isLocal ? 404 : 401, reply.Status);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(9)]
    [InlineData(10)]
    [InlineData(15)]
    [InlineData(19)]
    [InlineData(99)]
    [InlineData(5_000)]
    public void A_key_may_come_as_often_as_its_line_says(int rate)
    {
        TokenBucketRateLimiterOptions bucket = KeyRateLimit.BucketOf(rate, 2);

        Assert.Equal(rate, bucket.TokensPerPeriod / bucket.ReplenishmentPeriod.TotalSeconds, rate * 1e-4);
        Assert.Equal(2 * rate, bucket.TokenLimit);
    }

    [Fact]
    public async Task A_key_that_is_revoked_is_gone_from_its_file_and_from_a_door_that_reads_it_again()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("recall-keys-").FullName, "keys");
        string kept = ApiKeyFile.AddNew(path, ApiRoles.Serve), lost = ApiKeyFile.AddNew(path, ApiRoles.Serve, note: "lost");
        ApiKeyFile keys = ApiKeyFile.Load(path);
        await using Door door = await OpenAsync(new AccessOptions { Keys = keys, AnonymousOnLoopback = ApiRoles.None });
        Assert.Equal(200, await AskAsync(lost));

        string id = keys.Keys.Single(key => key.Note == "lost").Id;
        Assert.True(ApiKeyFile.Revoke(path, id));
        Assert.False(ApiKeyFile.Revoke(path, id));
        keys.Take(ApiKeyFile.Load(path));

        Assert.Equal((401, 200), (await AskAsync(lost), await AskAsync(kept)));
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);

        async Task<int> AskAsync(string key) => (await door.SendAsync("POST", "/v1/ads", Ask, ("Authorization", $"Bearer {key}"))).Status;
    }

    [Fact]
    public async Task A_key_may_be_held_to_so_many_requests_at_once()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("recall-keys-").FullName, "keys");
        string few = ApiKeyFile.AddNew(path, ApiRoles.Serve, note: "an exchange", maxConcurrent: 1);
        string any = ApiKeyFile.AddNew(path, ApiRoles.Serve, requestsPerSecond: 100);
        ApiKeyFile keys = ApiKeyFile.Load(path);
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        Assert.Equal((1, null), keys.Keys.Select(k => (k.MaxConcurrent, k.RequestsPerSecond)).Single(k => k.MaxConcurrent is not null));
        var entered = new TaskCompletionSource();
        var leave = new TaskCompletionSource();
        var gateway = new FakeGateway(_ => null)
        {
            Before = () =>
            {
                entered.TrySetResult();
                return leave.Task;
            },
        };
        await using Door door = await Door.OpenAsync(
            new FrontDoorParts { Gateway = gateway }, new FrontDoorOptions { Access = new AccessOptions { Keys = keys } });

        Task<Reply> first = door.SendAsync("POST", "/v1/ads", Ask, ("X-Api-Key", few));
        await entered.Task;
        Reply second = await door.SendAsync("POST", "/v1/ads", Ask, ("X-Api-Key", few));
        Task<Reply> other = door.SendAsync("POST", "/v1/ads", Ask, ("X-Api-Key", any));
        leave.SetResult();

        Assert.Equal((200, 429, 200), ((await first).Status, second.Status, (await other).Status));
        Assert.Equal(200, (await door.SendAsync("POST", "/v1/ads", Ask, ("X-Api-Key", few))).Status);
    }

    [Fact]
    public async Task Without_a_key_only_somebody_at_this_machine_is_let_in()
    {
        await using Door door = await OpenAsync(new AccessOptions());

        Assert.Equal(200, (await door.SendAsync("POST", "/v1/ads", Ask)).Status);
        Assert.Equal(401, (await door.SendAsync("POST", "/v1/ads", Ask, ("X-Forwarded-For", "203.0.113.9"))).Status);
        Assert.Equal(401, (await door.SendAsync("POST", "/v1/ads", Ask, ("Forwarded", "for=203.0.113.9"))).Status);
        Assert.Equal(401, (await door.SendAsync("POST", "/v1/ads", Ask, ("Host", "evil.example"))).Status);
    }

    [Fact]
    public async Task A_flood_from_one_key_does_not_touch_another()
    {
        ApiKey slow = ApiKey.Create(ApiRoles.Serve, out string slowText) with { RequestsPerSecond = 1 }, other = ApiKey.Create(
            ApiRoles.Serve, out string otherText);
        await using Door door = await OpenAsync(new AccessOptions { Keys = new ApiKeyFile([slow, other]), BurstSeconds = 3 });

        var flood = new List<Reply>();
        for (int i = 0; i < 40; i++)
            flood.Add(await door.SendAsync("POST", "/v1/ads", Ask, ("X-Api-Key", slowText)));

        Assert.Equal([200, 200, 200], flood.Take(3).Select(r => r.Status));
        Reply refused = flood.First(r => r.Status == 429);
        Assert.Equal("1", refused.Headers["Retry-After"]);
        Assert.Equal(200, (await door.SendAsync("POST", "/v1/ads", Ask, ("X-Api-Key", otherText))).Status);
    }

    [Fact]
    public void Keys_are_kept_as_hashes_in_a_file_of_their_owner()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("keys").FullName, "keys");
        string first = ApiKeyFile.AddNew(
            path, ApiRoles.Serve | ApiRoles.Events, 500, "the news\nsite"), second = ApiKeyFile.AddNew(path, ApiRoles.Admin);
        ApiKeyFile read = ApiKeyFile.Load(path);

        Assert.Equal(
            (ApiRoles.Serve | ApiRoles.Events, 500, "the news site"),
            (read.Find(first)!.Roles, read.Find(first)!.RequestsPerSecond!.Value, read.Find(first)!.Note));
        Assert.Equal(ApiRoles.Admin, read.Find(second)!.Roles);
        Assert.Null(read.Find(first.AsSpan(0, 20)));
        Assert.DoesNotContain(first, File.ReadAllText(path));
        Assert.DoesNotContain(first[^43..], File.ReadAllText(path));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Theory]
    [InlineData("0123456789ab serve -")]
    [InlineData("0123456789ab king - 00")]
    [InlineData("0123456789ab serve 0 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("0123456789ab serve x e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("short serve - e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("0123456789ab serve - e3b0")]
    public void A_broken_line_is_named(string line)
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("keys").FullName, "keys");
        File.WriteAllText(path, $"# keys\n{line}\n");

        Assert.Contains("line 2", Assert.Throws<InvalidDataException>(() => ApiKeyFile.Load(path)).Message);
    }

    private static Task<Door> OpenAsync(AccessOptions access) =>
        Door.OpenAsync(
            new FrontDoorParts { Gateway = new FakeGateway(_ => FakeCatalogue.AdOf("a")) }, new FrontDoorOptions { Access = access });
}
