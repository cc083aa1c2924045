using System.Text.Json;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Http.Tests;

public sealed class ActorRouteTests : IAsyncLifetime
{
    private const string Path = "/v1/actors";

    private readonly FakeActors _actors = new();
    private Door _door = null!;

    public async Task InitializeAsync() => _door = await Door.OpenAsync(
        new FrontDoorParts { Actors = _actors, Campaigns = new FakeCampaigns() });

    public async Task DisposeAsync() => await _door.DisposeAsync();

    [Fact]
    public async Task A_version_is_published_with_its_files_and_limits()
    {
        Reply begun = await PublishAsync("next", """, "shadow":{"campaigns":3,"leastScore":0.9,"patienceSeconds":60}""");
        Assert.Equal((202, "shadowing"), (begun.Status, begun.Body.GetProperty("underWay").GetProperty("phase").GetString()));
        Assert.Equal(("next", "{}"), (_actors.Name, System.Text.Encoding.UTF8.GetString(_actors.Files!["uscb-click.json"])));
        Assert.Equal(
            new ActorLimits { Campaigns = 3, LeastScore = 0.9, Patience = TimeSpan.FromMinutes(1), Auctions = _actors.Limits.Auctions },
            _actors.Wanted);
        JsonElement figures = (await _door.SendAsync("GET", Path)).Body.GetProperty("underWay").GetProperty("figures");
        Assert.Equal(0.99, figures.GetProperty("score").GetDouble());

        Assert.Equal(409, (await PublishAsync("other")).Status);
        Assert.Equal(200, (await _door.SendAsync("POST", Path + "/rollback")).Status);
        Assert.Null(_actors.UnderWay);
    }

    [Fact]
    public async Task A_version_is_used_at_once_rolled_back_and_given_up()
    {
        Reply used = await PublishAsync("quick", """, "shadow":{"campaigns":0}""");
        Assert.Equal((200, "quick"), (used.Status, used.Body.GetProperty("running").GetProperty("name").GetString()));
        Reply back = await _door.SendAsync("POST", Path + "/rollback");
        Assert.Equal("host", back.Body.GetProperty("running").GetProperty("name").GetString());
        Assert.False((await _door.SendAsync("DELETE", Path + "/previous")).Body.TryGetProperty("previous", out _));
        Reply none = await _door.SendAsync("POST", Path + "/rollback");
        Assert.Equal((409, "There is no version to go back to."), (none.Status, none.Body.GetProperty("detail").GetString()));
    }

    [Fact]
    public async Task What_is_refused_says_why()
    {
        Reply worse = await PublishAsync("worse"), broken = await PublishAsync("broken");
        Assert.Equal((422, 422), (worse.Status, broken.Status));
        Assert.Contains("score 0.5; wanted is at least 0.97", worse.Body.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Contains("uscb-click.safetensors", broken.Body.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(503, (await PublishAsync("lost")).Status);
    }

    [Theory]
    [InlineData("""{"files":{}}""", "name")]
    [InlineData("""{"name":"v"}""", "files")]
    [InlineData("""{"name":"v","files":{"uscb-click.json":null}}""", "files['uscb-click.json']")]
    [InlineData("""{"name":"v","files":{"uscb-click.json":"no base"}}""", "files['uscb-click.json']")]
    [InlineData("""{"name":"v","files":{},"shadow":{"leastScore":-1}}""", "shadow.leastScore")]
    [InlineData("""{"name":"v","files":{},"shadow":{"patienceSeconds":0}}""", "shadow.patienceSeconds")]
    [InlineData("""{"name":"v","files":{},"shadow":{"requests":1}}""", "shadow.requests")]
    public async Task A_body_that_makes_no_sense_is_refused_by_its_field(string body, string field)
    {
        Reply reply = await _door.SendAsync("POST", Path, body);

        Assert.Equal((400, field), (reply.Status, reply.Field));
        Assert.Null(_actors.Name);
    }

    [Fact]
    public async Task Files_may_be_larger_than_other_bodies_and_not_without_end()
    {
        Assert.Equal(202, (await PublishAsync("large", "", new string('A', 4 << 20))).Status);
        Assert.Equal(413, (await _door.SendAsync("PUT", "/v1/campaigns/7", $$"""{"name":"{{new string('A', 4 << 20)}}"}""")).Status);
        using var content = new StreamContent(new MemoryStream(new byte[17 << 20]));
        content.Headers.ContentType = new("application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Path, UriKind.Relative)) { Content = content };
        request.Headers.ExpectContinue = true;
        using HttpResponseMessage reply = await _door.Client.SendAsync(request);
        Assert.Equal(413, (int)reply.StatusCode);
    }

    [Fact]
    public async Task A_door_without_campaigns_has_no_actors()
    {
        await using Door bare = await Door.OpenAsync(new FrontDoorParts());

        Assert.Equal(503, (await bare.SendAsync("GET", Path)).Status);
    }

    private Task<Reply> PublishAsync(string name, string more = "", string content = "e30=") =>
        _door.SendAsync("POST", Path, $$"""{"name":"{{name}}","files":{"uscb-click.json":"{{content}}"}{{more}}}""");

    private sealed class FakeActors()
        : FakeRollout(new RolledVersion("host", "0"), new Dictionary<string, double> { ["score"] = 0.99 }), IActorVersions
    {
        public ActorLimits Limits { get; } = new() { Auctions = 77 };

        public string? Name { get; private set; }

        public IReadOnlyDictionary<string, byte[]>? Files { get; private set; }

        public ActorLimits? Wanted { get; private set; }

        public Task<RolloutView> PublishAsync(
            string name, IReadOnlyDictionary<string, byte[]> files, ActorLimits? limits, CancellationToken cancellation)
        {
            (Name, Files, Wanted) = (name, files, limits);
            var version = new RolledVersion(name, "abc.1");
            switch (name)
            {
                case "broken":
                    throw new InvalidDataException("uscb-click.safetensors: the checksum is wrong.");
                case "lost":
                    throw new IOException("The actors' plan cannot be reached.");
                case "worse":
                    Last = new RolloutEnd(
                        version, RolloutOutcome.Refused, DateTimeOffset.UnixEpoch, "score 0.5; wanted is at least 0.97");
                    break;
                case "quick":
                    SwitchTo(version);
                    Last = new RolloutEnd(version, RolloutOutcome.Switched, DateTimeOffset.UnixEpoch);
                    break;
                default:
                    UnderWay = UnderWay is null ? version : throw new InvalidOperationException("Version abc.1 is on its way.");
                    break;
            }
            return RolloutAsync(cancellation);
        }
    }
}
