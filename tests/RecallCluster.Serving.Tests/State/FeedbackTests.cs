using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Tests.State;

public class FeedbackTests
{
    [Theory]
    [InlineData(true, false, AdEventKind.Click, null, 0.4)]
    [InlineData(true, false, AdEventKind.Impression, null, 0.0)]
    [InlineData(false, false, AdEventKind.Impression, null, 0.4)]
    [InlineData(false, false, AdEventKind.Click, null, 0.0)]
    [InlineData(false, true, AdEventKind.Impression, 0.1, 0.1)]
    [InlineData(false, true, AdEventKind.Impression, 0.9, 0.4)]
    [InlineData(true, true, AdEventKind.Click, null, 0.0)]
    [InlineData(true, false, AdEventKind.Conversion, null, 0.0)]
    public async Task An_event_costs_what_its_win_says_once(bool perClick, bool bidOnly, AdEventKind kind, double? clearing, double cost)
    {
        using var file = new StateFile();
        var clock = new ManualClock(ManualClock.Morning);
        await using ServingState state = await file.OpenAsync(clock);
        Lease lease = await LeaseAsync(state);
        Win win = Some.Win(1, lease, clock.Now, 5, perClick: perClick) with { IsBidOnly = bidOnly };
        AdEvent happened = Some.Event(kind, win) with { ClearingPrice = clearing is { } c ? Some.Units(c) : null };
        var settled = new List<(UInt128, Micros)>();
        state.Feedback.Settled += (w, charged) => settled.Add((w.Id, charged));
        AdEventResult first = (await state.Feedback.AcceptAsync([happened], default))[0];
        AdEventResult second = (await state.Feedback.AcceptAsync([happened], default))[0];
        Assert.Equal(new AdEventResult(LedgerOutcome.Applied, Some.Units(cost), default), first);
        Assert.Equal(new AdEventResult(LedgerOutcome.Duplicate, default, default), second);
        Assert.Equal(Some.Units(cost), (await state.Campaigns.FindAsync(1, default))!.Today.Spent);
        Assert.Equal(cost > 0 ? [((UInt128)5, Some.Units(cost))] : [], settled);
        Assert.Equal(1, state.Feedback.Tally.CountOf(LedgerOutcome.Duplicate));
    }

    [Fact]
    public async Task A_loss_frees_the_reserve_and_what_has_no_home_is_counted_by_outcome()
    {
        using var file = new StateFile();
        var clock = new ManualClock(ManualClock.Morning);
        await using ServingState state = await file.OpenAsync(clock);
        Lease lease = await LeaseAsync(state);
        Win win = Some.Win(1, lease, clock.Now, 5);
        Micros? freed = null;
        state.Feedback.Settled += (_, charged) => freed = charged;
        await state.Feedback.AcceptAsync([Some.Event(AdEventKind.Loss, win)], default);
        Assert.Equal(Micros.Zero, freed);
        clock.Advance(TimeSpan.FromMinutes(31));
        IReadOnlyList<AdEventResult> results = await state.Feedback.AcceptAsync(
            [Some.Event(AdEventKind.Click, win with { CampaignId = 9 }), Some.Event(AdEventKind.Click, win),
                Some.Event(AdEventKind.Click, Some.Win(1, lease with { Id = 44 }, clock.Now, 8))],
            default);
        Assert.Equal([LedgerOutcome.UnknownCampaign, LedgerOutcome.Late, LedgerOutcome.UnknownLease],
            results.Select(result => result.Outcome));
        Assert.Equal(Micros.Zero, state.Feedback.Tally.Charged);
        Assert.Null(state.Users.Find("u"));
    }

    [Fact]
    public async Task Conversions_are_told_apart_by_number_clicks_are_not()
    {
        using var file = new StateFile();
        var clock = new ManualClock(ManualClock.Morning);
        await using ServingState state = await file.OpenAsync(clock);
        Win win = Some.Win(1, await LeaseAsync(state), clock.Now, 5);
        IReadOnlyList<AdEventResult> results = await state.Feedback.AcceptAsync(
            [
                Some.Event(AdEventKind.Click, win), Some.Event(AdEventKind.Click, win) with { Number = 2 },
                Some.Event(AdEventKind.Conversion, win), Some.Event(AdEventKind.Conversion, win) with { Number = 2 },
            ],
            default);
        Assert.Equal([LedgerOutcome.Applied, LedgerOutcome.Duplicate, LedgerOutcome.Applied, LedgerOutcome.Applied],
            results.Select(result => result.Outcome));
    }

    [Fact]
    public async Task An_event_that_makes_no_sense_is_refused_with_its_field()
    {
        using var file = new StateFile();
        var clock = new ManualClock(ManualClock.Morning);
        await using ServingState state = await file.OpenAsync(clock);
        Win win = Some.Win(1, await LeaseAsync(state), clock.Now, 5);
        AdEvent good = Some.Event(AdEventKind.Click, win);
        foreach (AdEvent bad in (AdEvent[])[good with { Win = win with { RawClickProbability = double.NaN } },
            good with { Win = win with { Price = new Micros(-1) } }, good with { Signals = [double.NaN] }])
            Assert.StartsWith("events[1].", (await Assert.ThrowsAsync<InvalidRequestException>(() => state.Feedback.AcceptAsync([good, bad],
                default))).Field, StringComparison.Ordinal);
        Assert.Equal(0, (await state.Campaigns.FindAsync(1, default))!.Today.Clicks);
    }

    [Fact]
    public async Task A_full_disk_refuses_events_which_count_when_they_are_sent_again()
    {
        using var file = new StateFile();
        var clock = new ManualClock(ManualClock.Morning);
        await using ServingState state = await file.OpenAsync(clock);
        Lease lease = await LeaseAsync(state);
        AdEvent[] events = [.. Enumerable.Range(1,
            500).Select(i => Some.Event(AdEventKind.Click, Some.Win(1, lease, clock.Now, (UInt128)i)))];
        var journal = (SqliteJournal)state.Journal;
        await journal.LimitPagesAsync(1);
        Assert.Contains(file.Path, (await Assert.ThrowsAsync<IOException>(() => state.Feedback.AcceptAsync(events, default))).Message,
            StringComparison.Ordinal);
        long before = (await state.Campaigns.FindAsync(1, default))!.Today.Clicks;
        await journal.LimitPagesAsync(1 << 20);
        await state.Feedback.AcceptAsync(events, default);
        Assert.True(before < 500);
        Assert.Equal(500, (await state.Campaigns.FindAsync(1, default))!.Today.Clicks);
    }

    internal static async Task<Lease> LeaseAsync(ServingState state, double amount = 1000)
    {
        await state.Campaigns.PutAsync(Some.Campaign(1, ManualClock.Morning, budget: 100_000), null, default);
        return (await state.Campaigns.RequestLeaseAsync(1, 1, state.Epoch, Some.Units(amount))).Lease;
    }
}
