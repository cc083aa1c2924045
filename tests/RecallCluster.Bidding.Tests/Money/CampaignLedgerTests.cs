using RecallCluster.Bidding.Money;

namespace RecallCluster.Bidding.Tests.Money;

public class CampaignLedgerTests
{
    private static readonly DateTimeOffset Noon = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly CampaignTerms Usual = new()
    {
        CampaignId = 7,
        TimeZone = "Etc/UTC",
        DailyBudget = Units(100),
        FlightStart = Noon.AddDays(-1),
        Pacing = PacingMode.AsFastAsPossible,
    };

    private static Micros Units(decimal units) => Micros.FromUnits(units);

    private static FeedbackEvent Click(int id, Lease lease, decimal price, double secondsAfterGrant = 1) =>
        new((UInt128)id, FeedbackKind.Click, lease.Id, lease.GrantedAt.AddSeconds(secondsAfterGrant), Units(price));

    private static Lease Grant(CampaignLedger ledger, decimal wanted, DateTimeOffset? at = null, int gateway = 1, long epoch = 1)
    {
        LeaseGrant grant = ledger.RequestLease(at ?? Noon, gateway, epoch, Units(wanted));
        Assert.Equal(LedgerOutcome.Applied, grant.Outcome);
        return grant.Lease;
    }

    [Fact]
    public void Leases_together_never_hold_more_than_the_budget()
    {
        var ledger = new CampaignLedger(Usual);
        Assert.Equal(Units(70), Grant(ledger, 70).Amount);
        Assert.Equal(Units(30), Grant(ledger, 70, gateway: 2).Amount);
        Assert.Equal(LedgerOutcome.BudgetCommitted, ledger.RequestLease(Noon, 3, 1, Units(1)).Outcome);
    }

    [Fact]
    public void A_click_is_charged_once_however_often_it_comes()
    {
        var ledger = new CampaignLedger(Usual);
        Lease lease = Grant(ledger, 10);
        Assert.Equal(new FeedbackResult(LedgerOutcome.Applied, Units(2)), ledger.Feedback(Noon, Click(1, lease, 2)));
        Assert.Equal(LedgerOutcome.Duplicate, ledger.Feedback(Noon.AddMinutes(29), Click(1, lease, 2)).Outcome);
        Assert.Equal(LedgerOutcome.Late, ledger.Feedback(Noon.AddMinutes(31), Click(1, lease, 2)).Outcome);
        Assert.Equal((Units(2), 1), (ledger.Today.Spent, ledger.Today.Clicks));
        ledger.Advance(Noon.AddMinutes(40));
        Assert.Equal(0, ledger.RememberedEvents);
        Assert.Equal(LedgerOutcome.Late, ledger.Feedback(Noon, Click(1, lease, 2)).Outcome);
    }

    [Fact]
    public void A_conversion_counts_long_after_its_lease_is_forgotten_and_once()
    {
        var ledger = new CampaignLedger(Usual);
        Lease lease = Grant(ledger, 10);
        FeedbackEvent conversion = Click(1, lease, 0) with { Kind = FeedbackKind.Conversion };
        Assert.Equal(LedgerOutcome.Applied, ledger.Feedback(Noon.AddDays(3), conversion).Outcome);
        Assert.Equal(LedgerOutcome.Duplicate, ledger.Feedback(Noon.AddDays(6), conversion).Outcome);
        Assert.Equal((0, 1), (ledger.OpenLeases, ledger.Days[0].Conversions));
        Assert.Equal(LedgerOutcome.UnknownLease, ledger.Feedback(Noon, conversion with { Id = 2, Lease = 2 }).Outcome);
        Assert.Equal(
            LedgerOutcome.OutsideLease,
            ledger.Feedback(Noon, conversion with { Id = 2, AuctionAt = Noon.AddDays(-1).AddSeconds(1) }).Outcome);
        Assert.Equal(LedgerOutcome.Late, ledger.Feedback(Noon.AddDays(8), conversion with { Id = 2 }).Outcome);
        Assert.Equal(LedgerOutcome.Late, ledger.Feedback(Noon.AddDays(8), conversion with { Id = 3, Price = Units(1) }).Outcome);
    }

    [Fact]
    public void A_click_beyond_what_is_left_is_free_counted_and_reported()
    {
        var ledger = new CampaignLedger(Usual with { DailyBudget = Units(10) });
        Lease lease = Grant(ledger, 4);
        Lease other = Grant(ledger, 5, gateway: 2);
        Assert.Equal(new FeedbackResult(LedgerOutcome.Applied, Units(5), Units(2)), ledger.Feedback(Noon, Click(1, lease, 7)));
        Assert.Equal(new FeedbackResult(LedgerOutcome.Applied, Micros.Zero, Units(7)), ledger.Feedback(Noon, Click(2, lease, 7)));
        DayAccount day = ledger.Today;
        Assert.Equal((Units(5), other.Amount, Units(9), 2L, 2L), (day.Spent, day.Leased, day.FreeAmount, day.FreeEvents, day.Clicks));
    }

    [Fact]
    public void An_expired_lease_stays_reserved_until_its_events_window_closes()
    {
        var ledger = new CampaignLedger(Usual);
        Lease lease = Grant(ledger, 100);
        DateTimeOffset closes = lease.Expiry + Usual.ClockMargin + Usual.EventWindow;
        Assert.Equal(LedgerOutcome.BudgetCommitted, ledger.RequestLease(closes.AddTicks(-1), 2, 1, Units(1)).Outcome);
        Assert.Equal(LedgerOutcome.Applied, ledger.Feedback(closes.AddTicks(-1), Click(1, lease, 3, 62)).Outcome);
        Assert.Equal(Units(97), Grant(ledger, 100, closes, 2).Amount);
        Assert.Equal(1, ledger.OpenLeases);
    }

    [Fact]
    public void A_closed_lease_gives_back_all_but_what_is_kept_and_takes_no_later_wins()
    {
        var ledger = new CampaignLedger(Usual);
        Lease lease = Grant(ledger, 50);
        ledger.Feedback(Noon, Click(1, lease, 5));
        Assert.Equal(LedgerOutcome.Applied, ledger.CloseLease(Noon.AddSeconds(10), lease.Id, 1, Units(8)));
        Assert.Equal((Units(5), Units(8), Units(37)), (ledger.Today.Spent, ledger.Today.Leased, ledger.Today.Returned));
        Assert.Equal(LedgerOutcome.Applied, ledger.CloseLease(Noon.AddSeconds(11), lease.Id, 1, Units(20)));
        Assert.Equal(Units(8), ledger.Today.Leased);
        Assert.Equal(LedgerOutcome.OutsideLease, ledger.Feedback(Noon.AddSeconds(20), Click(2, lease, 1, 12.001)).Outcome);
        Assert.Equal(LedgerOutcome.Applied, ledger.Feedback(Noon.AddSeconds(20), Click(2, lease, 1, 12)).Outcome);
    }

    [Fact]
    public void A_stale_gateway_is_refused_and_what_it_won_still_counts()
    {
        var ledger = new CampaignLedger(Usual);
        Lease old = Grant(ledger, 10);
        Grant(ledger, 10, epoch: 2);
        Assert.Equal(LedgerOutcome.StaleGateway, ledger.RequestLease(Noon, 1, 1, Units(1)).Outcome);
        Assert.Equal(LedgerOutcome.StaleGateway, ledger.CloseLease(Noon, old.Id, 1, Micros.Zero));
        Assert.Equal(LedgerOutcome.StaleGateway, ledger.CloseLease(Noon, old.Id, 2, Micros.Zero));
        Assert.Equal(LedgerOutcome.Applied, ledger.Feedback(Noon, Click(1, old, 1)).Outcome);
    }

    [Fact]
    public void A_cut_takes_nothing_back_and_a_raise_counts_at_once()
    {
        var ledger = new CampaignLedger(Usual);
        Lease lease = Grant(ledger, 80);
        ledger.SetBudget(Noon, Units(30));
        Assert.Equal((Units(30), Units(80), Units(80)), (ledger.Today.Budget, ledger.Today.Committed, ledger.Today.Limit));
        Assert.Equal(LedgerOutcome.BudgetCommitted, ledger.RequestLease(Noon, 2, 1, Units(1)).Outcome);
        Assert.Equal(new FeedbackResult(LedgerOutcome.Applied, Units(80), Units(5)), ledger.Feedback(Noon, Click(1, lease, 85)));
        ledger.SetBudget(Noon, Units(200));
        Assert.Equal(Units(120), Grant(ledger, 500, gateway: 2).Amount);
    }

    [Fact]
    public void Every_day_has_its_budget_and_a_click_after_midnight_belongs_to_the_day_of_its_win()
    {
        DateTimeOffset beforeMidnight = new(2026, 6, 1, 23, 59, 30, TimeSpan.Zero);
        var ledger = new CampaignLedger(Usual);
        Lease lease = Grant(ledger, 100, beforeMidnight);
        Assert.Equal(beforeMidnight.AddSeconds(30), lease.Expiry);
        Assert.Equal(Units(100), Grant(ledger, 100, beforeMidnight.AddMinutes(1), 2).Amount);
        ledger.Feedback(beforeMidnight.AddMinutes(2), Click(1, lease, 6, 29));
        Assert.Equal([Units(6), Micros.Zero], ledger.Days.Select(day => day.Spent));
        ledger.SetBudget(beforeMidnight.AddMinutes(3), Units(1));
        Assert.Equal([Units(100), Units(1)], ledger.Days.Select(day => day.Budget));
    }

    [Fact]
    public void The_flight_has_a_budget_of_its_own()
    {
        var ledger = new CampaignLedger(Usual with { LifetimeBudget = Units(130) });
        Lease first = Grant(ledger, 100);
        ledger.Feedback(Noon, Click(1, first, 90));
        // The rest of the first lease goes back; the next day gets what the flight has left, less than its own budget.
        Lease second = Grant(ledger, 100, Noon.AddDays(1));
        Assert.Equal((Units(40), Units(0)), (second.Amount, ledger.LifetimeLeft!.Value));
        Assert.Equal(LedgerOutcome.BudgetCommitted, ledger.RequestLease(Noon.AddDays(1), 2, 1, Units(1)).Outcome);
        // The day has 60 units left, the flight none: beyond its lease a click is free.
        Assert.Equal(
            new FeedbackResult(LedgerOutcome.Applied, Units(40), Units(5)), ledger.Feedback(Noon.AddDays(1), Click(2, second, 45)));
        Assert.Equal(Units(130), ledger.TotalSpent);
        ledger.SetLifetimeBudget(Noon.AddDays(1), Units(10));
        Assert.Equal(Units(130), ledger.LifetimeCommittedAtEdit);
        ledger.Check();
        var revived = new CampaignLedger(MoneyFormat.ReadCampaignState(MoneyFormat.ToBytes(ledger.ToState())));
        Assert.Equal(LedgerOutcome.BudgetCommitted, revived.RequestLease(Noon.AddDays(1), 2, 1, Units(1)).Outcome);
        revived.SetLifetimeBudget(Noon.AddDays(1), null);
        Assert.Equal(Units(60), Grant(revived, 100, Noon.AddDays(1), 2).Amount);
        Assert.Throws<ArgumentOutOfRangeException>(() => ledger.SetLifetimeBudget(Noon, new Micros(-1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CampaignLedger(Usual with { LifetimeBudget = new Micros(long.MaxValue) }));
    }

    [Fact]
    public void Old_days_are_forgotten_and_the_total_is_not()
    {
        var ledger = new CampaignLedger(Usual);
        for (int day = 0; day < 60; day++)
            ledger.Feedback(Noon.AddDays(day), Click(day, Grant(ledger, 1, Noon.AddDays(day)), 1, 0));
        Assert.Equal((CampaignLedger.DaysKept, Units(60)), (ledger.Days.Count, ledger.TotalSpent));
    }

    [Fact]
    public void Even_pacing_leases_no_more_than_the_day_so_far_allows()
    {
        var ledger = new CampaignLedger(Usual with { Pacing = PacingMode.Even, DailyBudget = Units(144) });
        Assert.Equal(Units(72.1m), Grant(ledger, 144).Amount);
        Assert.Equal(LedgerOutcome.AheadOfPace, ledger.RequestLease(Noon, 1, 1, Units(1)).Outcome);
        Assert.Equal(Units(0.1m), Grant(ledger, 144, Noon.AddMinutes(1)).Amount);
        Assert.Equal(Units(120), Grant(ledger, 144, Noon.AddHours(8).AddMinutes(-1)).Amount);
    }

    [Fact]
    public void Pacing_runs_from_the_start_of_a_flight_that_begins_within_the_day()
    {
        var terms = Usual with
        {
            Pacing = PacingMode.Even,
            DailyBudget = Units(120),
            FlightStart = Noon,
            FlightEnd = Noon.AddHours(2),
        };
        var ledger = new CampaignLedger(terms);
        Assert.Equal(LedgerOutcome.NotStarted, ledger.RequestLease(Noon.AddSeconds(-1), 1, 1, Units(1)).Outcome);
        Assert.Equal(Units(31), Grant(ledger, 120, Noon.AddMinutes(30)).Amount);
        Assert.Equal(LedgerOutcome.Ended, ledger.RequestLease(Noon.AddHours(2), 1, 1, Units(1)).Outcome);
        ledger.SetFlight(Noon.AddHours(2), Noon, Noon.AddHours(3));
        Assert.Equal(Noon.AddHours(3), Grant(ledger, 120, Noon.AddHours(3).AddSeconds(-5)).Expiry);
        Assert.Throws<ArgumentException>(() => ledger.SetFlight(Noon, Noon, Noon));
    }

    [Fact]
    public void A_paused_campaign_gets_no_lease_and_its_events_count()
    {
        var ledger = new CampaignLedger(Usual);
        Lease lease = Grant(ledger, 10);
        ledger.SetPaused(Noon, true);
        Assert.Equal(LedgerOutcome.Paused, ledger.RequestLease(Noon, 1, 1, Units(1)).Outcome);
        Assert.Equal(LedgerOutcome.Applied, ledger.Feedback(Noon, Click(1, lease, 1)).Outcome);
        ledger.SetPaused(Noon, false);
        Grant(ledger, 10);
    }

    [Fact]
    public void Events_of_unknown_leases_and_from_before_the_start_change_nothing()
    {
        var ledger = new CampaignLedger(Usual);
        var stray = new FeedbackEvent(1, FeedbackKind.Click, 99, Noon, Units(1));
        Assert.Equal(LedgerOutcome.UnknownLease, ledger.Feedback(Noon, stray).Outcome);
        Lease lease = Grant(ledger, 10);
        Assert.Equal(LedgerOutcome.OutsideLease, ledger.Feedback(Noon, Click(1, lease, 1, -2.001)).Outcome);
        Assert.Equal(LedgerOutcome.Applied, ledger.Feedback(Noon, Click(1, lease, 1, -2)).Outcome);
        Assert.Equal(1, ledger.CountOf(LedgerOutcome.UnknownLease));

        var book = new CampaignBook();
        book.Add(ledger);
        Assert.Equal(LedgerOutcome.UnknownCampaign, book.Feedback(8, Noon, stray).Outcome);
        Assert.Equal(LedgerOutcome.UnknownCampaign, book.Apply(8, new PauseSet(Noon, true)));
        Assert.Equal(LedgerOutcome.Applied, book.Apply(7, new PauseSet(Noon, true)));
        Assert.Equal((2, 1), (book.UnknownCampaigns, book.Count));
        Assert.Throws<ArgumentException>(() => book.Add(new CampaignLedger(Usual)));
    }

    [Fact]
    public void A_budget_of_zero_gives_nothing_and_others_that_make_no_sense_are_refused()
    {
        var ledger = new CampaignLedger(Usual with { DailyBudget = Micros.Zero });
        Assert.Equal(LedgerOutcome.BudgetCommitted, ledger.RequestLease(Noon, 1, 1, Units(1)).Outcome);
        foreach (long bad in new[] { -1, long.MaxValue, long.MinValue })
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => new CampaignLedger(Usual with { DailyBudget = new Micros(bad) }));
            Assert.Throws<ArgumentOutOfRangeException>(() => ledger.SetBudget(Noon, new Micros(bad)));
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => ledger.RequestLease(Noon, 1, 1, Micros.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => ledger.CloseLease(Noon, 1, 1, new Micros(-1)));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => ledger.Feedback(Noon, new FeedbackEvent(1, FeedbackKind.Click, 1, Noon, new Micros(-1))));
        Assert.Throws<ArgumentException>(() => new CampaignLedger(Usual with { FlightEnd = Usual.FlightStart }));
        Assert.Throws<ArgumentException>(() => new CampaignLedger(Usual with { Pacing = PacingMode.Traffic }));
        Assert.Throws<ArgumentException>(() => new CampaignLedger(Usual with { LeaseTerm = TimeSpan.FromSeconds(1) }));
        Assert.Throws<InvalidOperationException>(() => new CampaignLedger(Usual).Today);
    }

    [Fact]
    public void A_clock_that_goes_back_turns_nothing_back()
    {
        var ledger = new CampaignLedger(Usual);
        ledger.Advance(Noon);
        Lease lease = Grant(ledger, 1, Noon.AddHours(-30));
        Assert.Equal((Noon, Noon.AddMinutes(1)), (lease.GrantedAt, lease.Expiry));
    }

    [Fact]
    public void A_damaged_state_is_refused_by_name()
    {
        var ledger = new CampaignLedger(Usual);
        Grant(ledger, 10);
        CampaignState state = ledger.ToState();
        string Message(CampaignState damaged) => Assert.Throws<InvalidDataException>(() => new CampaignLedger(damaged)).Message;
        Assert.Contains("Account of 2026-06-01", Message(state with { Leases = [] }));
        Assert.Contains("twice", Message(state with { Leases = [state.Leases[0], state.Leases[0]] }));
        Assert.Contains("Lease 1", Message(state with { NextLease = 1 }));
        Assert.Contains("gateway", Message(state with { Gateways = [] }));
        Assert.Contains("null", Message(state with { Leases = [null!] }));
        Assert.Contains("Mars", Message(state with { Terms = Usual with { TimeZone = "Mars/Olympus" } }));
        Assert.Contains("Outcomes", Message(state with { Outcomes = [] }));
        Assert.Contains("Terms", Message(state with { Terms = Usual with { DailyBudget = new Micros(-1) } }));
        Assert.Contains("twice", Message(state with { Seen = [new SeenMinute(1, [5, 5])] }));

        byte[] bytes = MoneyFormat.ToBytes(state);
        Assert.Throws<InvalidDataException>(() => MoneyFormat.ReadCampaignState(bytes.AsSpan(..^1)));
        Assert.Throws<InvalidDataException>(() => MoneyFormat.ReadCampaignState("null"u8));
        Assert.Throws<InvalidDataException>(() => MoneyFormat.ReadCampaignState("{\"terms\":null}"u8));
        Assert.Throws<InvalidDataException>(() => MoneyFormat.ReadEntry("{\"$type\":\"gift\",\"at\":\"2026-06-01T12:00:00Z\"}"u8));
        Assert.Throws<InvalidDataException>(
            () => MoneyFormat.ReadEntry("{\"$type\":\"budget\",\"at\":\"2026-06-01T12:00:00Z\",\"budget\":1.5}"u8));
        Assert.Throws<InvalidDataException>(() => MoneyFormat.ReadEntry("{\"$type\":\"budget\",\"at\":\"2026-06-01T12:00:00Z\"}"u8));
    }
}
