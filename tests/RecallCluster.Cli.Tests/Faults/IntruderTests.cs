using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using RecallCluster.Client;
using RecallCluster.Http.Security;
using RecallCluster.Http.Tokens;
using RecallCluster.Serving.Feedback;
using RecallCluster.Testing;

namespace RecallCluster.Cli.Tests.Faults;

/// <summary>What strangers try at a front door.</summary>
[Collection(FaultSuite.Name)]
public class IntruderTests(FaultWorld world)
{
    private const string Stranger = "ads.example";

    [LinuxProcessFact]
    public async Task Tokens_that_were_forged_replayed_re_targeted_or_kept_too_long_charge_nothing()
    {
        await using var door = new DoorProcess(world);
        await door.StartAsync();
        AdsPlaced ad = (await door.AskAsync()).Ads[0];
        string impression = TokenOf(ad.Tracking!.Impression), click = TokenOf(ad.Tracking.Click);
        Assert.Equal("applied", await TellAsync(door, impression));
        decimal spent = await SpentAsync(door);

        Assert.Equal("duplicate", await TellAsync(door, impression));
        foreach (int place in (int[])[4, 12, 20, 30])
            Assert.Equal("forged", await TellAsync(door, Changed(click, place)));
        Assert.Equal("forged", await TellAsync(door, Changed(click, Base64Url.DecodeFromChars(click).Length - 1)));
        Assert.Equal("otherKind", await TellAsync(door, impression, "click"));
        Assert.Equal("otherKind", await TellAsync(door, click, "conversion"));
        Assert.Equal("oversized", await TellAsync(door, new string('A', 4000)));
        Assert.Equal("malformed", await TellAsync(door, "no token"));

        // Another door's key signs the same win; its kind and its campaign are whatever one likes.
        var foreign = new WinTokens(TokenKeyRing.CreateEphemeral());
        var win = new Win
        {
            Id = 1, RequestId = "r", CampaignId = 2, AdId = "ad1", Gateway = 0, Lease = 1, AuctionAt = SmallMarket.Morning,
            Price = new(1_000_000), IsPerClick = false, RawClickProbability = 0.1, ClickProbability = 0.1,
        };
        string signed = foreign.Sign(AdEventKind.Impression, win, SmallMarket.Morning.AddDays(9));
        Assert.Contains(await TellAsync(door, signed), (string[])["forged", "unknownKey"]);
        Assert.Equal(HttpStatusCode.BadRequest, await GetAsync(door, $"t/{Changed(click, 12)}"));
        Assert.Equal(spent, await SpentAsync(door));

        door.ClockShift = TimeSpan.FromDays(5);
        await door.RestartAsync();
        Assert.Equal("expired", await TellAsync(door, impression));
        Assert.Equal("expired", await TellAsync(door, click));
        Assert.Equal(HttpStatusCode.Gone, await GetAsync(door, $"t/{impression}"));
        Assert.Equal(HttpStatusCode.Redirect, await GetAsync(door, $"t/{click}"));
        Assert.Equal(spent, (await door.CampaignsAsync()).Values.Sum(campaign => campaign.TotalSpent));
    }

    [LinuxProcessFact]
    public async Task Keys_open_what_their_role_says_and_nothing_else()
    {
        string file = world.NewState() + ".keys";
        string serve = ApiKeyFile.AddNew(file, ApiRoles.Serve), events = ApiKeyFile.AddNew(file, ApiRoles.Events);
        string admin = ApiKeyFile.AddNew(file, ApiRoles.Admin);
        await using var door = new DoorProcess(world, "--keys", file);
        await door.StartAsync();
        const string Ads = "POST v1/ads", Events = "POST v1/events", Campaigns = "GET v1/campaigns", Metrics = "GET metrics";
        const string Bids = "POST openrtb/2.6/bid", Candidates = "POST v1/candidates", Users = "DELETE v1/users/u";
        const string Explain = "POST v1/ads?explain=true";

        foreach (string route in (string[])[Ads, Events, Campaigns, Metrics, Bids, Candidates, Users, Explain])
        {
            foreach (string? wrong in (string?[])[null, "", "rck_", serve[..^1] + (serve[^1] == 'A' ? 'B' : 'A'), serve + "A",
                new string('k', 3000)])
                Assert.Equal((route, 401), (route, await CallAsync(door, route, wrong)));
        }
        foreach (string route in (string[])[Events, Campaigns, Metrics, Users, Explain])
            Assert.Equal((route, 403), (route, await CallAsync(door, route, serve)));
        foreach (string route in (string[])[Ads, Bids, Candidates, Campaigns, Metrics, Users, Explain])
            Assert.Equal((route, 403), (route, await CallAsync(door, route, events)));
        foreach (string route in (string[])[Ads, Events])
            Assert.Equal((route, 403), (route, await CallAsync(door, route, admin)));
        Assert.Equal(200, await CallAsync(door, Ads, serve));
        Assert.Equal(202, await CallAsync(door, Events, events));
        Assert.Equal(200, await CallAsync(door, Campaigns, admin));
        Assert.Equal(200, await CallAsync(door, "GET healthz", null));
    }

    [LinuxProcessFact]
    public async Task Bodies_that_are_too_large_or_too_deep_are_refused_and_the_door_stands()
    {
        await using var door = new DoorProcess(world);
        await door.StartAsync();
        string deep = string.Concat(Enumerable.Repeat("[", 100_000)), deepObject = string.Concat(Enumerable.Repeat("{\"ext\":", 50_000));
        foreach (string route in (string[])["v1/ads", "v1/events", "v1/candidates", "openrtb/2.6/bid"])
        {
            Assert.Equal((route, 413), (route, await PostAsync(door, route, new string(' ', 2 << 20))));
            Assert.Equal((route, 400), (route, await PostAsync(door, route, deep)));
            Assert.Equal((route, 400), (route, await PostAsync(door, route, deepObject)));
        }
        Assert.Equal(400, await PostAsync(
            door, "v1/ads", "{\"slots\":[" + string.Concat(Enumerable.Repeat("{\"id\":\"s\"},", 5_000)) + "{}]}"));

        // A megabyte of zeros is a kilobyte when it is compressed.
        using var bomb = new ByteArrayContent(Gzip(new byte[64 << 20]));
        bomb.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        bomb.Headers.ContentEncoding.Add("gzip");
        using HttpResponseMessage answer = await door.Http.PostAsync(new Uri("v1/ads", UriKind.Relative), bomb);
        Assert.Contains((int)answer.StatusCode, (int[])[400, 413]);
        Assert.NotEmpty((await door.AskAsync()).Ads);
    }

    [LinuxProcessFact]
    public async Task No_spelling_of_a_path_or_method_gets_a_stranger_past_the_roles()
    {
        await using var door = new DoorProcess(world);
        await door.StartAsync();
        foreach (string path in (string[])
            ["/v1/campaigns", "//v1/campaigns", "/v1//campaigns", "/V1/CAMPAIGNS", "/v1/campaigns/", "/v1/campaigns/1",
             "/t/../v1/campaigns",
             "/healthz/../v1/campaigns", "/t/%2e%2e/v1/campaigns", "/%76%31/campaigns", "/v1/campaigns;x", "/v1/campaigns%00",
             "/v1%2fcampaigns",
             "/v1\\campaigns", "/metrics", "/./metrics", "/v1/live", "/v1/users/u", "/v1/indexes"])
        {
            foreach (string method in (string[])["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "get", "G3T"])
            {
                int status = await RawHttp.StatusAsync(door.Address, $"{method} {path}", Stranger, "X-HTTP-Method-Override: GET\r\n");
                Assert.True(status is 400 or 401 or 404 or 405 or 411 or 501, $"{method} {path}: {status}.");
            }
        }
        Assert.Equal(401, await RawHttp.StatusAsync(door.Address, $"GET http://{Stranger}/v1/campaigns", Stranger));
        Assert.Equal(401, await RawHttp.StatusAsync(door.Address, "GET /v1/campaigns", "127.0.0.1", "X-Forwarded-For: 192.0.2.1\r\n"));
        Assert.Equal(400, await RawHttp.StatusAsync(door.Address, "GET /v1/campaigns", "127.0.0.1", $"Host: {Stranger}\r\n"));
        Assert.Equal(405, await RawHttp.StatusAsync(door.Address, "GET /v1/ads", "127.0.0.1"));
        Assert.Equal(405, await RawHttp.StatusAsync(door.Address, "POST /healthz", "127.0.0.1", "Content-Length: 0\r\n"));
        Assert.Equal(200, await RawHttp.StatusAsync(door.Address, "GET /v1/campaigns", "127.0.0.1"));
    }

    [LinuxProcessFact]
    public async Task Two_lengths_of_one_request_are_one_refusal_not_two_requests()
    {
        await using var door = new DoorProcess(world);
        await door.StartAsync();
        await using RawHttp connection = await RawHttp.ConnectAsync(door.Address);
        await connection.SendAsync(
            "POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 4\r\n"
            + "Content-Length: 60\r\n\r\n"
            + "{}\r\nGET /v1/campaigns HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
        Assert.Equal(400, await connection.ReadStatusAsync());
    }

    private static string TokenOf(string url) => url[(url.LastIndexOf('/') + 1)..];

    private static string Changed(string token, int place)
    {
        byte[] bytes = Base64Url.DecodeFromChars(token);
        bytes[place] ^= 1;
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>What became of a token's event: the outcome, or why it was refused.</summary>
    private static async Task<string> TellAsync(DoorProcess door, string token, string? kind = null)
    {
        string body = kind is null ? $$"""{"token":"{{token}}"}""" : $$"""{"token":"{{token}}","kind":"{{kind}}"}""";
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await door.Http.PostAsync(new Uri("v1/events", UriKind.Relative), content);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        using var answer = System.Text.Json.JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        System.Text.Json.JsonElement result = answer.RootElement.GetProperty("results")[0];
        string outcome = result.GetProperty("outcome").GetString()!;
        return outcome == "refused" ? result.GetProperty("reason").GetString()! : outcome;
    }

    private static async Task<decimal> SpentAsync(DoorProcess door) =>
        (await door.CampaignsAsync()).Values.Sum(campaign => campaign.TotalSpent);

    private static async Task<HttpStatusCode> GetAsync(DoorProcess door, string path)
    {
        using HttpResponseMessage response = await door.Http.GetAsync(new Uri(path, UriKind.Relative));
        return response.StatusCode;
    }

    private static async Task<int> PostAsync(DoorProcess door, string path, string body)
    {
        // A refusal closes the connection; whoever is still sending then may lose the answer, and asks again.
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                using var content = new StringContent(body, Encoding.UTF8, "application/json");
                using HttpResponseMessage response = await door.Http.PostAsync(new Uri(path, UriKind.Relative), content);
                return (int)response.StatusCode;
            }
            catch (HttpRequestException e) when (attempt < 10 && e.InnerException is IOException)
            {
                continue;
            }
        }
    }

    private static async Task<int> CallAsync(DoorProcess door, string route, string? key)
    {
        string[] parts = route.Split(' ');
        using var request = new HttpRequestMessage(new HttpMethod(parts[0]), parts[1]);
        if (key is not null)
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key}");
        if (parts[0] == "POST")
            request.Content = new StringContent(
                parts[1] == "v1/events" ? """{"token":"x"}""" : """{"slots":[{"id":"s"}]}""", Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await door.Http.SendAsync(request);
        return (int)response.StatusCode;
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var stream = new System.IO.Compression.GZipStream(packed, System.IO.Compression.CompressionLevel.Fastest))
            stream.Write(bytes);
        return packed.ToArray();
    }
}
