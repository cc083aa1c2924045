using RecallCluster.Bidding.Money;
using RecallCluster.Calibration.Maps;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Tests.State;

/// <summary>Calibration where the counts are elsewhere: machines made singly, snapshots added up, a calibrator over ports.</summary>
public class CalibrationPortsTests
{
    private static readonly MachineFactory Factory = new(new ServingStateOptions());

    [Fact]
    public void Snapshots_of_shards_elsewhere_add_up()
    {
        CalibrationShard one = Factory.Counts("1"), two = Factory.Counts("2");
        Show(one, campaign: 1, impressions: 300, clicks: 30);
        Show(two, campaign: 2, impressions: 100, clicks: 50);

        var data = new CalibrationData();
        foreach (CalibrationShard shard in (CalibrationShard[])[one, two])
        {
            CalibrationShard copy = Factory.Counts("copy");
            copy.Restore(shard.Snapshot());
            data.Add(copy, 0, campaign => $"1/{campaign}");
        }

        Assert.Equal(80, data.ClicksEver);
        Assert.Equal(80, data.Clicks.Count);
        Assert.Equal((400, 80), (data.Hours.Values.Sum(hour => hour.Impressions), data.Hours.Values.Sum(hour => hour.Clicks)));
        Assert.Equal(300, data.Raw.At("1/1").Summarise().Sum(cell => cell.Weight), 1e-9);
        Assert.Equal(50, data.Raw.At("1/2").Summarise().Sum(cell => cell.Positives), 1e-6);
    }

    [Fact]
    public async Task The_map_of_new_campaigns_follows_the_mix_that_is_shown()
    {
        var host = new Elsewhere(Factory);
        var options = new CalibrationOptions { Calibrator = new CalibratorSettings { MixHours = 2 } };
        using var calibrator = new LiveCalibrator(host, host, options);
        Show(host.Shard, campaign: 1, impressions: 3000, clicks: 300);
        Show(host.Shard, campaign: 2, impressions: 3000, clicks: 1200);
        Assert.True(await calibrator.RunAsync(ManualClock.Morning, default));
        double trained = host.Published!.Apply(0.2, "9/9");
        Assert.InRange(trained, 0.2, 0.3);

        Show(host.Shard, campaign: 2, impressions: 20_000, clicks: 0);
        Assert.False(await calibrator.RunAsync(ManualClock.Morning + TimeSpan.FromMinutes(1), default));
        double shown = host.Published!.Apply(0.2, "9/9");
        Assert.InRange(shown, 0.35, 0.42);

        // What was taken does not count again, and goes with its hours.
        Assert.False(await calibrator.RunAsync(ManualClock.Morning + TimeSpan.FromMinutes(2), default));
        Assert.Equal(shown, host.Published!.Apply(0.2, "9/9"), 1e-12);
        Assert.Empty(await host.TakeShownAsync(default));
        Assert.False(host.Rates is null);
    }

    [Fact]
    public async Task Versions_are_judged_by_maps_from_before_what_came_and_fitted_to_it_afterwards()
    {
        var host = new Elsewhere(Factory);
        var running = new CalibratorSettings { Method = CalibratorMethod.Bsir, RefitInterval = TimeSpan.FromHours(10) };
        var candidate = new CalibratorVersion(
            "hasty", "hasty.1", running with { RefitInterval = TimeSpan.FromMinutes(5), FewestNewClicks = 10 });
        using var calibrator = new LiveCalibrator(host, host, new CalibrationOptions { Calibrator = running });
        DateTimeOffset now = ManualClock.Morning;
        Show(host.Shard, campaign: 1, impressions: 3000, clicks: 300);
        Assert.True(await calibrator.RunAsync(now, default));
        Assert.Equal(0, (await calibrator.TryAsync(candidate, now, default)).Impressions);

        // Clicks become four times as many: neither could know.
        Show(host.Shard, campaign: 1, impressions: 1000, clicks: 400);
        Show(host.Shard, campaign: 1, impressions: 1000, clicks: 0, model: 9);
        Assert.False(await calibrator.RunAsync(now += TimeSpan.FromMinutes(6), default));
        CalibratorTally first = await calibrator.TryAsync(candidate, now, default);
        Assert.Equal((1000, 400, 1.0), (first.Impressions, first.Clicks, first.LogLoss));
        Assert.Equal(0.25, first.NewPcoc, 0.02);

        // By now one of them does.
        Show(host.Shard, campaign: 1, impressions: 1000, clicks: 400);
        await calibrator.RunAsync(now += TimeSpan.FromMinutes(6), default);
        CalibratorTally second = await calibrator.TryAsync(candidate, now, default);
        Assert.Equal((2000, 800), (second.Impressions, second.Clicks));
        Assert.InRange(second.LogLoss, 0.5, 0.97);
        Assert.True(second.NewPcoc > second.RunningPcoc + 0.05, $"{second.NewPcoc:F3} against {second.RunningPcoc:F3}");

        await calibrator.LeaveAsync(candidate, default);
        Assert.Equal(0, (await calibrator.TryAsync(candidate, now, default)).Impressions);
        await calibrator.UseAsync(3, now, default);
        Assert.Equal(0, (await calibrator.TryAsync(candidate, now, default)).Clicks);
    }

    [Fact]
    public async Task What_could_not_be_published_is_published_the_next_time()
    {
        var host = new Elsewhere(Factory);
        var options = new CalibrationOptions { Calibrator = new CalibratorSettings { Method = CalibratorMethod.Bsir } };
        using var calibrator = new LiveCalibrator(host, host, options);
        Show(host.Shard, campaign: 1, impressions: 3000, clicks: 300);
        host.IsAway = true;
        await Assert.ThrowsAsync<IOException>(() => calibrator.RunAsync(ManualClock.Morning, default));

        host.IsAway = false;
        await calibrator.RunAsync(ManualClock.Morning + TimeSpan.FromMinutes(1), default);
        Assert.InRange(host.Published!.Apply(0.2, "1/1"), 0.08, 0.12);
    }

    [Fact]
    public async Task What_could_not_be_fitted_when_it_was_switched_to_is_fitted_the_next_time_however_few_clicks_are_new()
    {
        var host = new Elsewhere(Factory);
        var settings = new CalibratorSettings { Method = CalibratorMethod.Bsir };
        CalibratorVersion wanted = CalibratorVersion.Configured;
        using var calibrator = new LiveCalibrator(host, host, new CalibrationOptions { Calibrator = settings }, () => wanted);
        DateTimeOffset now = ManualClock.Morning;
        Show(host.Shard, campaign: 1, impressions: 3000, clicks: 300);
        Show(host.Shard, campaign: 1, impressions: 3000, clicks: 900, model: 3);
        Assert.True(await calibrator.RunAsync(now, default));

        wanted = CalibratorVersion.Of("next", 1, settings with { Bins = 20, FewestNewClicks = 1_000_000 });
        host.CountsAreAway = true;
        await Assert.ThrowsAsync<IOException>(() => calibrator.FollowAsync(now, default));
        await Assert.ThrowsAsync<IOException>(() => calibrator.RunAsync(now += TimeSpan.FromMinutes(1), default));
        Assert.InRange(host.Published!.Apply(0.2, "1/1"), 0.08, 0.12);
        host.CountsAreAway = false;
        Assert.True(await calibrator.RunAsync(now += TimeSpan.FromMinutes(1), default));
        Assert.Equal(wanted.Version, calibrator.Fit!.Version);
        Assert.InRange(host.Published!.Apply(0.2, "1/1"), 0.08, 0.12);
        Assert.False(await calibrator.RunAsync(now += TimeSpan.FromMinutes(1), default));

        host.CountsAreAway = true;
        await Assert.ThrowsAsync<IOException>(() => calibrator.UseAsync(3, now, default));
        host.CountsAreAway = false;
        Assert.True(await calibrator.RunAsync(now + TimeSpan.FromMinutes(1), default));
        Assert.InRange(host.Published!.Apply(0.2, "1/1"), 0.27, 0.33);
    }

    [Fact]
    public void Impressions_are_counted_from_the_first_asking_on_and_only_lately()
    {
        var counter = new ShownCounter(hours: 1);
        Win win = Some.Win(7, default, ManualClock.Morning, 1) with { ClickModel = 3, RawClickProbability = 0.05 };
        counter.Count(win, 10);
        Assert.Empty(counter.Take());

        counter.Count(win, 10);
        counter.Count(win, 10.1);
        counter.Count(win with { RawClickProbability = 0.5 }, 10.8);
        counter.Count(win, 9);
        ShownImpressions[] shown = [.. counter.Take().OrderBy(s => s.Slot)];
        Assert.Equal([2L, 1], shown.Select(s => s.Count));
        Assert.Equal((3u, 7L, 40L), (shown[0].Model, shown[0].Campaign, shown[0].Slot));
        Assert.Equal(0.05, shown[0].Probability, 0.0005);
        Assert.Equal(0.5, shown[1].Probability, 0.005);

        counter.Count(win, 10);
        counter.Count(win, 12);
        Assert.Equal(48, Assert.Single(counter.Take()).Slot);
    }

    [Fact]
    public void Clicks_are_counted_when_they_come()
    {
        var counter = new ShownCounter(hours: 1);
        Win win = Some.Win(7, default, ManualClock.Morning, 1);
        Assert.Empty(counter.Take());
        counter.Count(win, 10);
        counter.Count(win, 10);
        counter.Click(win, 10.1);
        counter.Click(win, 10.6);

        ShownImpressions[] shown = [.. counter.Take().OrderBy(s => s.Slot)];
        Assert.Equal([(40L, 2L, 1L), (42L, 0L, 1L)], shown.Select(s => (s.Slot, s.Count, s.Clicks)));
    }

    private static void Show(CalibrationShard shard, long campaign, int impressions, int clicks, uint model = 0)
    {
        var lease = new Lease(1, 1, 1, default, default, default);
        for (int i = 0; i < impressions; i++)
        {
            Win win = Some.Win(campaign, lease, ManualClock.Morning, UInt128.MaxValue - (UInt128)(campaign << 32) - (UInt128)i) with
            {
                RawClickProbability = 0.2, ClickProbability = 0.2, ClickModel = model,
            };
            Follow(shard, AdEventKind.Impression, win);
            if (i < clicks)
                Follow(shard, AdEventKind.Click, win);
        }
    }

    private static void Follow(CalibrationShard shard, AdEventKind kind, Win win) => shard.Follow(
        new JournalRecord(1, "campaign/1", [], new EventCommand(ManualClock.Morning, Some.Event(kind, win)).Write()), 0);

    /// <summary>Counts and campaigns that are somewhere else.</summary>
    private sealed class Elsewhere(MachineFactory factory) : ICalibrationCounts, ICalibratedCampaigns
    {
        public CalibrationShard Shard { get; } = factory.Counts("counts");

        public bool IsAway { get; set; }

        public bool CountsAreAway { get; set; }

        public CalibrationModel? Published { get; private set; }

        public ConversionRates? Rates { get; private set; }

        public Task<CalibrationData> CopyAsync(uint model, Func<long, string> contextOf, CancellationToken cancellation)
        {
            if (CountsAreAway)
                throw new IOException("a part is not there");
            CalibrationShard copy = factory.Counts("copy");
            copy.Restore(Shard.Snapshot());
            var data = new CalibrationData();
            data.Add(copy, model, contextOf);
            return Task.FromResult(data);
        }

        public Task<IReadOnlyList<ShownImpressions>> TakeShownAsync(CancellationToken cancellation) =>
            Task.FromResult<IReadOnlyList<ShownImpressions>>([.. Shard.Shown.Take()]);

        public string ContextOf(long campaign) => $"{campaign}/{campaign}";

        public Task PublishAsync(CalibrationModel click, ConversionRates? conversions, CancellationToken cancellation)
        {
            if (IsAway)
                throw new IOException("nobody is there");
            Published = click;
            Rates = conversions ?? Rates;
            return Task.CompletedTask;
        }
    }
}
