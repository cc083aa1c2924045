using System.Text.Json;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Http.Tests;

public sealed class CalibratorRouteTests : IAsyncLifetime
{
    private const string Path = "/v1/calibrators";

    private readonly FakeCalibrators _calibrators = new();
    private Door _door = null!;

    public async Task InitializeAsync() => _door = await Door.OpenAsync(new FrontDoorParts { Calibrators = _calibrators });

    public async Task DisposeAsync() => await _door.DisposeAsync();

    [Fact]
    public async Task A_version_is_what_is_configured_but_for_what_its_body_says()
    {
        Reply begun = await _door.SendAsync(
            "POST", Path,
            """
            {"name":"quick","settings":{"method":"bsir","refitMinutes":7.5,"priorStrength":20},
             "shadow":{"clicks":9,"mostLogLoss":1.1,"patienceSeconds":60}}
            """);

        Assert.Equal((202, "quick.1"), (begun.Status, VersionOf(begun.Body.GetProperty("underWay").GetProperty("version"))));
        Assert.Equal(
            _calibrators.Configured with
            {
                Method = CalibratorMethod.Bsir, RefitInterval = TimeSpan.FromMinutes(7.5), PriorStrength = 20,
            },
            _calibrators.Settings);
        Assert.Equal(
            _calibrators.Limits with { Clicks = 9, MostLogLoss = 1.1, Patience = TimeSpan.FromMinutes(1) }, _calibrators.Wanted);
        Assert.Equal(409, (await _door.SendAsync("POST", Path, """{"name":"other","settings":{}}""")).Status);
        Assert.Equal(200, (await _door.SendAsync("POST", Path + "/rollback")).Status);
    }

    [Fact]
    public async Task Versions_are_listed_with_their_settings_and_the_last_fit()
    {
        Reply used = await _door.SendAsync("POST", Path, """{"name":"none","settings":{"method":"raw"},"shadow":{"clicks":0}}""");
        Assert.Equal((200, "none.1"), (used.Status, VersionOf(used.Body.GetProperty("running"))));

        JsonElement view = (await _door.SendAsync("GET", Path)).Body;
        JsonElement[] versions = [.. view.GetProperty("calibrators").EnumerateArray()];
        Assert.Equal(["none.1", "configured.0"], versions.Select(VersionOf));
        Assert.Equal([true, false], versions.Select(version => version.GetProperty("isRunning").GetBoolean()));
        JsonElement configured = versions[1].GetProperty("settings");
        Assert.Equal(("raw", "rtw-bsir", 30.0),
            (versions[0].GetProperty("settings").GetProperty("method").GetString(), configured.GetProperty("method").GetString(),
                configured.GetProperty("refitMinutes").GetDouble()));
        JsonElement fit = view.GetProperty("fit");
        Assert.Equal((17, 4_711, 321),
            (fit.GetProperty("number").GetInt32(), fit.GetProperty("impressions").GetInt32(), fit.GetProperty("clicks").GetInt32()));
        Assert.Equal("none.1", VersionOf(view.GetProperty("rollout").GetProperty("running")));

        Reply back = await _door.SendAsync("POST", Path + "/rollback");
        Assert.Equal("configured.0", VersionOf(back.Body.GetProperty("running")));
        Assert.False((await _door.SendAsync("DELETE", Path + "/previous")).Body.TryGetProperty("previous", out _));
        Reply none = await _door.SendAsync("POST", Path + "/rollback");
        Assert.Equal((409, "There is no version to go back to."), (none.Status, none.Body.GetProperty("detail").GetString()));
    }

    [Theory]
    [InlineData("""{"settings":{}}""", "name", "called")]
    [InlineData("""{"name":"v"}""", "settings", "different")]
    [InlineData("""{"name":"v","settings":{"method":"platt"}}""", "settings.method", "raw, bsir, rtw-bsir")]
    [InlineData("""{"name":"v","settings":{"bins":1}}""", "settings.bins", "2 to 4096")]
    [InlineData("""{"name":"v","settings":{"refitMinutes":0}}""", "settings.refitMinutes", "a week")]
    [InlineData("""{"name":"v","settings":{"refitMinutes":1e300}}""", "settings.refitMinutes", "a week")]
    [InlineData("""{"name":"v","settings":{"conversionPrior":1}}""", "settings.conversionPrior", "below 1")]
    [InlineData("""{"name":"v","settings":{"window":1}}""", "settings.window", "")]
    [InlineData("""{"name":"v","settings":{},"shadow":{"clicks":-1}}""", "shadow.clicks", "0 to")]
    [InlineData("""{"name":"v","settings":{},"shadow":{"patienceSeconds":0}}""", "shadow.patienceSeconds", "a week")]
    public async Task A_body_that_makes_no_sense_is_refused_by_its_field(string body, string field, string said)
    {
        Reply reply = await _door.SendAsync("POST", Path, body);

        Assert.Equal((400, field), (reply.Status, reply.Field));
        Assert.Contains(said, reply.Text, StringComparison.Ordinal);
        Assert.Null(_calibrators.Settings);
    }

    [Fact]
    public async Task A_calibrator_that_is_not_there_or_cannot_be_reached_is_503()
    {
        await using Door bare = await Door.OpenAsync(new FrontDoorParts());
        Assert.Equal(503, (await bare.SendAsync("GET", Path)).Status);
        Assert.Equal(503, (await _door.SendAsync("POST", Path, """{"name":"lost","settings":{}}""")).Status);
    }

    private static string? VersionOf(JsonElement version) => version.GetProperty("version").GetString();

    private sealed class FakeCalibrators() : FakeRollout(First), ICalibratorVersions
    {
        private static readonly RolledVersion First = new("configured", "configured.0");

        public CalibratorSettings Configured { get; } = new() { FewestNewClicks = 77 };

        public CalibratorLimits Limits { get; } = new() { Impressions = 0 };

        public CalibratorSettings? Settings { get; private set; }

        public CalibratorLimits? Wanted { get; private set; }

        public async Task<CalibratorsView> ListAsync(CancellationToken cancellation) => new(
            [
                .. new[] { Running, Previous }.OfType<RolledVersion>().Select(version => new CalibratorView(
                    version.Name, version.Version, version == Running, version == First ? Configured : Settings!)),
            ],
            new CalibratorFit(17, Running.Version, DateTimeOffset.UnixEpoch, 4_711, 321),
            await RolloutAsync(cancellation));

        public Task<RolloutView> PublishAsync(
            string name, CalibratorSettings settings, CalibratorLimits? limits, CancellationToken cancellation)
        {
            if (name == "lost")
                throw new IOException("The calibrator cannot be reached.");
            if (UnderWay is not null)
                throw new InvalidOperationException($"Version {UnderWay.Version} is on its way.");
            (Settings, Wanted) = (settings, limits);
            var version = new RolledVersion(name, $"{name}.1");
            if (limits is { Clicks: 0 })
                SwitchTo(version);
            else
                UnderWay = version;
            return RolloutAsync(cancellation);
        }
    }
}
