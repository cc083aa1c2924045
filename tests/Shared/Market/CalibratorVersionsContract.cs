using RecallCluster.Bidding.Money;
using RecallCluster.Calibration.Maps;
using RecallCluster.Numerics;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Serving.Tests.Market;

/// <summary>A closed loop whose calibrator can be changed.</summary>
public interface ICalibratedLoop : ILoopHost
{
    ICalibratorVersions Calibrators { get; }

    /// <summary>The click maps of the newest book.</summary>
    Task<CalibrationModel> MapsAsync();
}

/// <summary>
/// How versions of the calibrator are rolled out, whatever the host is made of. All traffic is of one campaign, whose clicks the model
/// over-estimates by half or by a factor of two: raw it is wrong, fitted it is right.
/// </summary>
public abstract class CalibratorVersionsContract
{
    private const double Raw = 0.2, Truth = 0.1;
    private const string Context = "101/1";

    private static readonly CalibratorLimits Few = new() { Impressions = 300, Clicks = 20 };

    private ulong _wins;

    protected abstract Task<ICalibratedLoop> StartAsync(LoopWorld world);

    [Fact]
    public async Task A_better_version_is_judged_by_what_comes_after_it_was_fitted_and_switched_to_at_once()
    {
        await using ICalibratedLoop host = await RunRawAsync();
        Assert.Equal(Raw, (await host.MapsAsync()).Apply(Raw, Context), 1e-12);

        RolloutView begun = await host.Calibrators.PublishAsync(
            "fitted", new CalibratorSettings { Method = CalibratorMethod.Bsir, Bins = 10 }, Few, default);
        Assert.Equal(new RolledVersion("fitted", "fitted.2"), begun.UnderWay!.Version);
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => host.Calibrators.PublishAsync("other", new CalibratorSettings(), null, default));
        // What was there before says nothing: both were fitted to it.
        await host.PassAsync(TimeSpan.FromMinutes(1));
        await host.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(0, (await host.Calibrators.RolloutAsync(default)).UnderWay!.Figures!["impressions"]);
        await ShowAsync(host, 400);
        await host.PassAsync(TimeSpan.FromMinutes(1));

        CalibratorsView view = await host.Calibrators.ListAsync(default);
        RolloutEnd end = view.Rollout.Last!;
        Assert.Equal((RolloutOutcome.Switched, "fitted.2", "raw.1"),
            (end.Outcome, view.Rollout.Running!.Version, view.Rollout.Previous!.Version));
        Assert.Equal(400, end.Figures!["impressions"]);
        Assert.InRange(end.Figures["logLoss"], 0, 0.99);
        Assert.InRange(end.Figures["pcoc"], 0.7, 1.4);
        Assert.InRange(end.Figures["runningPcoc"], 1.5, 2.7);
        Assert.InRange((await host.MapsAsync()).Apply(Raw, Context), 0.08, 0.12);
        Assert.Equal("fitted.2", view.Fit!.Version);
        Assert.Equal(1_600, view.Fit.Impressions);
        CalibratorView running = Assert.Single(view.Calibrators, calibrator => calibrator.IsRunning);
        Assert.Equal((CalibratorMethod.Bsir, 10), (running.Settings.Method, running.Settings.Bins));

        RolloutView back = await host.Calibrators.RollBackAsync(default);
        Assert.Equal((RolloutOutcome.RolledBack, "raw.1"), (back.Last!.Outcome, back.Running!.Version));
        Assert.Equal(Raw, (await host.MapsAsync()).Apply(Raw, Context), 1e-12);
        Assert.Null((await host.Calibrators.DropPreviousAsync(default)).Previous);
        await Assert.ThrowsAsync<InvalidOperationException>(() => host.Calibrators.RollBackAsync(default));
    }

    [Fact]
    public async Task A_worse_version_is_refused_and_the_running_one_goes_on()
    {
        await using ICalibratedLoop host = await StartAsync(World());
        await ShowAsync(host, 1_200);
        await host.PassAsync(TimeSpan.FromMinutes(31));
        Assert.InRange((await host.MapsAsync()).Apply(Raw, Context), 0.08, 0.12);

        await host.Calibrators.PublishAsync("raw", new CalibratorSettings { Method = CalibratorMethod.Raw }, Few, default);
        await host.PassAsync(TimeSpan.FromMinutes(1));
        await ShowAsync(host, 400);
        await host.PassAsync(TimeSpan.FromMinutes(1));

        RolloutView refused = await host.Calibrators.RolloutAsync(default);
        Assert.Equal((RolloutOutcome.Refused, "configured.0", null),
            (refused.Last!.Outcome, refused.Running!.Version, refused.UnderWay));
        Assert.StartsWith("logLoss 1.", refused.Last.Reason, StringComparison.Ordinal);
        Assert.InRange((await host.MapsAsync()).Apply(Raw, Context), 0.08, 0.12);
        await Assert.ThrowsAsync<InvalidOperationException>(() => host.Calibrators.RollBackAsync(default));
    }

    [Fact]
    public async Task A_comparison_goes_on_after_a_restart_and_what_was_switched_to_stays()
    {
        await using ICalibratedLoop host = await RunRawAsync();
        await host.Calibrators.PublishAsync("fitted", new CalibratorSettings { Method = CalibratorMethod.Bsir }, Few, default);
        await host.PassAsync(TimeSpan.FromMinutes(1));
        await ShowAsync(host, 200);
        await host.PassAsync(TimeSpan.FromMinutes(1));
        RolloutView before = await host.Calibrators.RolloutAsync(default);
        Assert.Equal(200, before.UnderWay!.Figures!["impressions"]);

        await host.RestartAsync();
        RolloutView after = await host.Calibrators.RolloutAsync(default);
        Assert.Equal((before.UnderWay.Version, RolloutPhase.Shadowing, "raw.1"),
            (after.UnderWay!.Version, after.UnderWay.Phase, after.Running!.Version));
        await host.PassAsync(TimeSpan.FromMinutes(1));
        await ShowAsync(host, 400);
        await host.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal("fitted.2", (await host.Calibrators.RolloutAsync(default)).Running!.Version);

        await host.RestartAsync();
        await host.PassAsync(TimeSpan.FromMinutes(1));
        CalibratorsView view = await host.Calibrators.ListAsync(default);
        Assert.Equal(("fitted.2", "raw.1"), (view.Rollout.Running!.Version, view.Rollout.Previous!.Version));
        Assert.Equal("fitted.2", view.Fit!.Version);
        Assert.InRange((await host.MapsAsync()).Apply(Raw, Context), 0.08, 0.12);
    }

    [Fact]
    public async Task What_is_not_shown_enough_in_time_is_refused_and_what_is_on_its_way_can_be_abandoned()
    {
        await using ICalibratedLoop host = await RunRawAsync();
        CalibratorLimits hasty = Few with { Patience = TimeSpan.FromHours(2) };
        await host.Calibrators.PublishAsync("late", new CalibratorSettings(), hasty, default);
        await ShowAsync(host, 100);
        await host.PassAsync(TimeSpan.FromHours(1));
        Assert.NotNull((await host.Calibrators.RolloutAsync(default)).UnderWay);
        await host.PassAsync(TimeSpan.FromMinutes(61));
        RolloutView refused = await host.Calibrators.RolloutAsync(default);
        Assert.Equal(RolloutOutcome.Refused, refused.Last!.Outcome);
        Assert.StartsWith("it took too long", refused.Last.Reason, StringComparison.Ordinal);

        await host.Calibrators.PublishAsync("unwanted", new CalibratorSettings(), Few, default);
        RolloutView abandoned = await host.Calibrators.RollBackAsync(default);
        Assert.Equal((RolloutOutcome.Abandoned, "raw.1", null),
            (abandoned.Last!.Outcome, abandoned.Running!.Version, abandoned.UnderWay));
    }

    [Fact]
    public async Task Settings_and_limits_that_make_no_sense_are_refused_by_name()
    {
        await using ICalibratedLoop host = await StartAsync(World());
        CalibratorSettings settings = host.Calibrators.Configured with { Bins = 1 };
        Assert.Equal("settings.bins", (await Assert.ThrowsAsync<InvalidRequestException>(
            () => host.Calibrators.PublishAsync("x", settings, null, default))).Field);
        CalibratorLimits limits = host.Calibrators.Limits with { MostLogLoss = double.NaN };
        Assert.Equal("shadow.mostLogLoss", (await Assert.ThrowsAsync<InvalidRequestException>(
            () => host.Calibrators.PublishAsync("x", new CalibratorSettings(), limits, default))).Field);
        foreach (string name in (string[])["", new('x', RequestLimits.MaxIdBytes + 1)])
        {
            Assert.Equal("name", (await Assert.ThrowsAsync<InvalidRequestException>(
                () => host.Calibrators.PublishAsync(name, new CalibratorSettings(), null, default))).Field);
        }
        Assert.Null((await host.Calibrators.RolloutAsync(default)).UnderWay);
    }

    private static LoopWorld World() => LoopWorld.Simple((1, 0.5, 1));

    /// <summary>A host that runs without maps, and has counted what maps would be fitted to.</summary>
    private async Task<ICalibratedLoop> RunRawAsync()
    {
        ICalibratedLoop host = await StartAsync(World());
        await host.Calibrators.PublishAsync(
            "raw", new CalibratorSettings { Method = CalibratorMethod.Raw }, CalibratorLimits.None, default);
        await host.PassAsync(TimeSpan.FromMinutes(1));
        await ShowAsync(host, 1_200);
        await host.PassAsync(TimeSpan.FromMinutes(31));
        Assert.Equal("raw.1", (await host.Calibrators.RolloutAsync(default)).Running!.Version);
        return host;
    }

    private async Task ShowAsync(ICalibratedLoop host, int impressions)
    {
        AdAnswer answer = await host.Gateway.AnswerAsync(LoopWorld.Request($"r{_wins}", null, new SlotRequest("s")), default);
        Win sold = Assert.Single(answer.Ads).Win;
        var random = new SeededRandom(_wins + 1);
        var events = new List<AdEvent>();
        for (int i = 0; i < impressions; i++)
        {
            double spread = 0.9 + (0.2 * random.NextDouble());
            Win win = sold with
            {
                Id = new UInt128(1, ++_wins),
                Price = new Micros(1),
                ClickModel = 0,
                RawClickProbability = Raw * spread,
            };
            events.Add(new AdEvent(AdEventKind.Impression, win));
            if (random.NextDouble() < Truth * spread)
                events.Add(new AdEvent(AdEventKind.Click, win));
        }
        IReadOnlyList<AdEventResult> results = await host.Feedback.AcceptAsync(events, default);
        Assert.All(results, result => Assert.Equal(LedgerOutcome.Applied, result.Outcome));
    }
}
