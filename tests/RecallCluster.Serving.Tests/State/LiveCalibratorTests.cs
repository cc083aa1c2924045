using RecallCluster.Bidding.Money;
using RecallCluster.Calibration.Metrics;
using RecallCluster.Numerics;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Tests.State;

public class LiveCalibratorTests
{
    [Fact]
    public async Task An_over_estimate_is_repaired_in_the_book_and_again_after_a_restart()
    {
        using var file = new StateFile();
        var clock = new ManualClock(ManualClock.Morning);
        await using (ServingState state = await file.OpenAsync(clock))
        {
            await TrafficAsync(state, clock, 4000, raw: 0.2, truth: 0.1);
            clock.Advance(TimeSpan.FromHours(1));
            Assert.True(await state.Calibrator.RunAsync(clock.Now, default));
            Check(state);
            IReadOnlyList<ReliabilityRow> before = state.Calibrator.Live.Before;
            Assert.Equal(4000, before.Sum(row => row.Count));
            Assert.InRange(before.Sum(row => row.Count * row.MeanPrediction) / before.Sum(row => row.Count * row.Rate), 1.8, 2.2);
            Assert.All(before, row => Assert.True(row.High < row.MeanPrediction));
            Assert.NotEmpty(state.Calibrator.Live.PcocByHour);
        }
        await using ServingState again = await file.OpenAsync(clock);
        Check(again);

        static void Check(ServingState state) => Assert.InRange(state.Directory.Current.Book.Click.Apply(0.2, "2/1"), 0.085, 0.115);
    }

    [Fact]
    public async Task What_lies_before_the_window_no_longer_counts()
    {
        using var file = new StateFile();
        var clock = new ManualClock(ManualClock.Morning);
        await using ServingState state = await file.OpenAsync(clock);
        await TrafficAsync(state, clock, 1500, raw: 0.2, truth: 0.1);
        clock.Advance(TimeSpan.FromHours(30));
        await TrafficAsync(state, clock, 1500, raw: 0.2, truth: 0.4);
        clock.Advance(TimeSpan.FromHours(1));
        await state.Calibrator.RefitAsync(clock.Now, default);
        Assert.InRange(state.Directory.Current.Book.Click.Apply(0.2, "2/1"), 0.34, 0.46);
    }

    [Fact]
    public void A_click_that_comes_before_its_impression_counts_it_once()
    {
        var shard = new CalibrationShard("calibration/1", new CalibrationOptions());
        var lease = new Lease(1, 1, 1, default, default, default);
        Win win = Some.Win(1, lease, ManualClock.Morning, 5);
        long sequence = 0;
        foreach (AdEventKind kind in (AdEventKind[])[AdEventKind.Click, AdEventKind.Impression])
            shard.Follow(Record(++sequence, Some.Event(kind, win)), 0);
        shard.Follow(Record(++sequence, Some.Event(AdEventKind.Click, Some.Win(1, lease, ManualClock.Morning, 6))), verdict: 1);
        HourSums hour = Assert.Single(shard.Hours).Value;
        Assert.Equal((1, 1), (hour.Impressions, hour.Clicks));
        var restored = new CalibrationShard("calibration/1", new CalibrationOptions());
        restored.Restore(shard.Snapshot());
        Assert.Equal(shard.Snapshot(), restored.Snapshot());
    }

    [Fact]
    public void Late_conversions_neither_bias_low_nor_wait()
    {
        // A quarter of clicks converts, half a day later on the mean; engaged clicks convert more. Judged while the last half day is open.
        var random = new SeededRandom(8);
        var options = new CalibrationOptions
        {
            AttributionWindow = TimeSpan.FromHours(48),
            SignalHorizon = TimeSpan.FromMinutes(15),
            Signals = 1
        };
        const double now = 120;
        var clicks = new List<ClickFact>();
        int converted = 0;
        for (int i = 0; i < 12_000; i++)
        {
            double time = now * i / 12_000;
            bool engaged = random.NextDouble() < 0.5;
            bool converts = random.NextDouble() < (engaged ? 0.45 : 0.05);
            double at = time - (12 * Math.Log(1 - random.NextDouble()));
            converted += converts && at <= now ? 1 : 0;
            clicks.Add(new ClickFact
            {
                Win = (UInt128)i,
                Campaign = 1,
                Time = time,
                Prediction = 0.3,
                Signals = [engaged ? 1 : 0],
                ConvertedAt = converts && at <= now ? at : null,
            });
        }
        ConversionRates rates = ConversionFit.Of(clicks, _ => "2/1", now, options, options.Calibrator);
        double naive = converted / 12_000.0;
        Assert.InRange(rates.Of("2/1"), 0.235, 0.265);
        Assert.True(naive < 0.235, $"Counting what has come gives {naive:F3}.");
        Assert.InRange(rates.Of("9/9"), 0.2, 0.27);
    }

    [Fact]
    public async Task Counts_of_one_click_model_say_nothing_of_another_and_come_back_with_it()
    {
        using var file = new StateFile();
        var clock = new ManualClock(ManualClock.Morning);
        await using (ServingState state = await file.OpenAsync(clock))
        {
            await state.Calibrator.UseAsync(7, clock.Now, default);
            await TrafficAsync(state, clock, 6_000, raw: 0.05, truth: 0.2, model: 7);
            await TrafficAsync(state, clock, 500, raw: 0.05, truth: 0.9, model: 8);
            await state.Calibrator.RefitAsync(clock.Now, default);
            Assert.InRange(state.Calibrator.Model.For("1/1").Apply(0.05), 0.17, 0.23);

            await state.Calibrator.UseAsync(9, clock.Now, default);
            Assert.Equal(0.05, state.Calibrator.Model.For("1/1").Apply(0.05), 1e-12);
        }
        await using ServingState again = await file.OpenAsync(clock);
        await again.Calibrator.UseAsync(7, clock.Now, default);

        Assert.InRange(again.Calibrator.Model.For("1/1").Apply(0.05), 0.17, 0.23);
    }

    [Fact]
    public async Task Engagement_reaches_the_click_that_it_belongs_to()
    {
        using var file = new StateFile();
        var clock = new ManualClock(ManualClock.Morning);
        await using ServingState state = await file.OpenAsync(clock);
        Win win = Some.Win(1, await FeedbackTests.LeaseAsync(state), clock.Now, 5);
        AdEvent engaged = Some.Event(AdEventKind.Engagement, win) with { Signals = [3, 1] };
        Assert.Equal(LedgerOutcome.Late, (await state.Feedback.AcceptAsync([engaged], default))[0].Outcome);
        await state.Feedback.AcceptAsync([Some.Event(AdEventKind.Click, win)], default);
        Assert.Equal(LedgerOutcome.Applied, (await state.Feedback.AcceptAsync([engaged], default))[0].Outcome);
    }

    [Fact]
    public async Task Conversion_rates_reach_the_book()
    {
        using var file = new StateFile();
        var clock = new ManualClock(ManualClock.Morning);
        var options = new ServingStateOptions { Calibration = new CalibrationOptions { AttributionWindow = TimeSpan.FromHours(2) } };
        await using ServingState state = await file.OpenAsync(clock, options);
        Lease lease = await FeedbackTests.LeaseAsync(state);
        for (int i = 1; i <= 800; i++)
        {
            Win win = Some.Win(1, lease, clock.Now, (UInt128)i, price: 0.01);
            await state.Feedback.AcceptAsync([Some.Event(AdEventKind.Click, win)], default);
            if (i % 4 == 0)
                await state.Feedback.AcceptAsync([Some.Event(AdEventKind.Conversion, win)], default);
        }
        clock.Advance(TimeSpan.FromHours(3));
        await state.Calibrator.RefitAsync(clock.Now, default);
        await state.Journal.ReadAsync(() => 0, default);
        Assert.InRange(state.Directory.Current.Book.Campaigns[0].ConversionProbability, 0.21, 0.26);
    }

    private static async Task TrafficAsync(ServingState state, ManualClock clock, int impressions, double raw, double truth, uint model = 0)
    {
        Lease lease = await FeedbackTests.LeaseAsync(state);
        var random = new SeededRandom((ulong)clock.Now.UtcTicks);
        var events = new List<AdEvent>();
        for (int i = 0; i < impressions; i++)
        {
            Win win = Some.Win(1, lease, clock.Now, new UInt128((ulong)clock.Now.UtcTicks + model, (ulong)i), price: 0.001) with
            {
                ClickModel = model,
                RawClickProbability = Math.Min(0.9, raw * (0.9 + (0.2 * random.NextDouble()))),
            };
            events.Add(Some.Event(AdEventKind.Impression, win));
            if (random.NextDouble() < truth)
                events.Add(Some.Event(AdEventKind.Click, win));
        }
        await state.Feedback.AcceptAsync(events, default);
    }

    private static JournalRecord Record(long sequence, AdEvent happened) => new(
        sequence,
        "campaign/1",
        [],
        System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new EventCommand(ManualClock.Morning, happened),
            ServingJson.Default.CampaignCommand));
}
