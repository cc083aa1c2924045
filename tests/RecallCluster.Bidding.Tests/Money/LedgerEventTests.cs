using FsCheck;
using FsCheck.Fluent;
using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Money;
using RecallCluster.Numerics;

namespace RecallCluster.Bidding.Tests.Money;

/// <summary>What an event is told apart by, and prices and sums near the bounds.</summary>
public class LedgerEventTests
{
    private static readonly DateTimeOffset Noon = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly CampaignTerms Terms = new()
    {
        CampaignId = 7,
        TimeZone = "Etc/UTC",
        DailyBudget = CampaignTerms.MaxDailyBudget,
        FlightStart = Noon.AddDays(-1),
        Pacing = PacingMode.AsFastAsPossible,
    };

    private static FeedbackEvent Event(UInt128 id, Lease lease, Micros price, FeedbackKind kind = FeedbackKind.Click) =>
        new(id, kind, lease.Id, lease.GrantedAt.AddSeconds(1), price);

    private static byte[] Bytes(CampaignLedger ledger) => MoneyFormat.ToBytes(ledger.ToState());

    [Fact]
    public void A_price_beyond_the_highest_bid_is_refused_by_the_events_name_and_changes_nothing()
    {
        var ledger = new CampaignLedger(Terms);
        Lease lease = ledger.RequestLease(Noon, 1, 1, new Micros(10)).Lease;
        byte[] before = Bytes(ledger);
        foreach (long price in new[] { AuctionBid.MaxBid.Value + 1, long.MaxValue, long.MaxValue - 1, -1, long.MinValue })
        {
            ArgumentOutOfRangeException refused = Assert.Throws<ArgumentOutOfRangeException>(
                () => ledger.Feedback(Noon.AddSeconds(9), Event(0xBEEF, lease, new Micros(price))));
            Assert.Contains("0000000000000000000000000000beef", refused.Message);
        }
        Assert.Throws<ArgumentOutOfRangeException>(
            () => ledger.Feedback(Noon.AddSeconds(9), Event(0xBEEF, lease, new Micros(1), (FeedbackKind)3)));
        Assert.Equal(before, Bytes(ledger));
        Assert.Equal(
            new FeedbackResult(LedgerOutcome.Applied, AuctionBid.MaxBid), ledger.Feedback(Noon, Event(0xBEEF, lease, AuctionBid.MaxBid)));
    }

    [Fact]
    public void Whatever_was_delivered_free_adds_up()
    {
        const int events = 10_000;
        var ledger = new CampaignLedger(Terms with { DailyBudget = Micros.FromUnits(1) });
        Lease lease = ledger.RequestLease(Noon, 1, 1, Micros.FromUnits(1)).Lease;
        for (int i = 0; i < events; i++)
            Assert.Equal(LedgerOutcome.Applied, ledger.Feedback(Noon, Event((UInt128)i, lease, AuctionBid.MaxBid)).Outcome);
        MicrosSum price = MicrosSum.Zero;
        for (int i = 0; i < events; i++)
            price += AuctionBid.MaxBid;
        Assert.Equal((price, events), (ledger.Today.FreeAmount + ledger.Today.Spent, ledger.Today.FreeEvents));
        Assert.Equal(Bytes(ledger), Bytes(new CampaignLedger(MoneyFormat.ReadCampaignState(Bytes(ledger)))));
    }

    [Fact]
    public void The_largest_budget_can_be_leased_and_given_back_all_day()
    {
        const int leases = 1_400;
        var ledger = new CampaignLedger(Terms);
        for (int i = 0; i < leases; i++)
        {
            Lease lease = ledger.RequestLease(Noon.AddSeconds(i), 1, 1, new Micros(long.MaxValue)).Lease;
            Assert.Equal(CampaignTerms.MaxDailyBudget, lease.Amount);
            Assert.Equal(LedgerOutcome.Applied, ledger.CloseLease(Noon.AddSeconds(i), lease.Id, 1, Micros.Zero));
        }
        Assert.Equal((Int128)CampaignTerms.MaxDailyBudget.Value * leases, ledger.Today.Granted.Value);
        Assert.Equal(ledger.Today.Granted, ledger.Today.Returned);
        ledger.Check();
    }

    [Fact]
    public void A_flight_without_a_budget_of_its_own_ends_at_the_highest_there_is()
    {
        var ledger = new CampaignLedger(Terms);
        UInt128 id = 0;
        for (int day = 0; day < 150; day++)
        {
            Lease lease = ledger.RequestLease(Noon.AddDays(day), 1, 1, CampaignTerms.MaxDailyBudget).Lease;
            for (int i = 0; lease.Id > 0 && i < 12; i++)
                ledger.Feedback(Noon.AddDays(day), Event(id++, lease, AuctionBid.MaxBid));
        }
        Assert.Equal(CampaignTerms.MaxLifetimeBudget, ledger.TotalSpent);
        Assert.Equal(50, ledger.CountOf(LedgerOutcome.BudgetCommitted));
        ledger.Check();
    }

    [Fact]
    public void A_repetition_with_another_time_of_auction_is_one()
    {
        var ledger = new CampaignLedger(Terms);
        Lease lease = ledger.RequestLease(Noon, 1, 1, Micros.FromUnits(10)).Lease;
        FeedbackEvent click = Event(1, lease, Micros.FromUnits(2));
        Assert.Equal(LedgerOutcome.Applied, ledger.Feedback(Noon.AddSeconds(2), click).Outcome);
        // The window of the first is over, and its id's minute too; that of the second is not.
        FeedbackEvent repeated = click with { AuctionAt = lease.Expiry + Terms.ClockMargin };
        DateTimeOffset late = Noon.AddMinutes(31).AddSeconds(1);
        Assert.True(late - click.AuctionAt > Terms.EventWindow && late - repeated.AuctionAt < Terms.EventWindow);
        Assert.Equal(LedgerOutcome.Duplicate, ledger.Feedback(late, repeated).Outcome);
        Assert.Equal((Micros.FromUnits(2), 1), (ledger.TotalSpent, ledger.Today.Clicks));
    }

    [Fact]
    public void A_free_conversion_belongs_to_the_day_of_its_lease()
    {
        var ledger = new CampaignLedger(Terms);
        Lease first = ledger.RequestLease(Noon, 1, 1, Micros.FromUnits(10)).Lease;
        Lease second = ledger.RequestLease(Noon.AddDays(1), 1, 1, Micros.FromUnits(10)).Lease;
        FeedbackEvent conversion = Event(1, first, Micros.Zero, FeedbackKind.Conversion);
        LedgerOutcome At(double days, FeedbackEvent told) => ledger.Feedback(Noon.AddDays(days), told).Outcome;

        // The second lease is open: the auction took place under it. The first is not: it took place on its day.
        Assert.Equal(LedgerOutcome.OutsideLease, At(1, Event(2, second, Micros.Zero, FeedbackKind.Conversion) with { AuctionAt = Noon }));
        Assert.Equal(LedgerOutcome.OutsideLease, At(1, conversion with { AuctionAt = Noon.AddDays(1) }));
        Assert.Equal(LedgerOutcome.Applied, At(1, conversion));
        // By its own time the first told is forgotten after seven days, the second is not late: it is a repetition all the same.
        FeedbackEvent repeated = conversion with { AuctionAt = Noon.AddHours(12) };
        Assert.Equal(LedgerOutcome.Duplicate, At(7.3, repeated));
        Assert.Equal(LedgerOutcome.Late, At(7.6, repeated));
        Assert.Equal([1L, 0L], ledger.Days.Select(day => day.Conversions));
    }

    [Fact]
    public void A_conversion_that_was_charged_does_not_count_again_as_a_free_one()
    {
        var ledger = new CampaignLedger(Terms);
        Lease lease = ledger.RequestLease(Noon, 1, 1, Micros.FromUnits(10)).Lease;
        FeedbackEvent conversion = Event(1, lease, Micros.FromUnits(1), FeedbackKind.Conversion);
        Assert.Equal(LedgerOutcome.Applied, ledger.Feedback(Noon.AddMinutes(5), conversion).Outcome);
        Assert.Equal(LedgerOutcome.Duplicate, ledger.Feedback(Noon.AddDays(3), conversion with { Price = Micros.Zero }).Outcome);
        Assert.Equal(1, ledger.Days[0].Conversions);
    }

    [Fact]
    public void An_event_counts_once_whatever_its_repetitions_say_of_time_and_price() => Prop.ForAll<int>(seed =>
    {
        var random = new SeededRandom((ulong)seed);
        var ledger = new CampaignLedger(Terms with { LeaseTerm = TimeSpan.FromMinutes(1 + random.NextInt(600)) });
        Lease lease = ledger.RequestLease(Noon, 1, 1, CampaignTerms.MaxDailyBudget).Lease;
        var kind = (FeedbackKind)random.NextInt(3);
        DateTimeOffset now = Noon;
        int counted = 0;
        while (now < Noon.AddDays(9))
        {
            now = now.AddMinutes(random.NextInt(8) == 0 ? random.NextInt(1500) : random.NextInt(20));
            if (random.NextInt(40) == 0)
                ledger.CloseLease(now, lease.Id, 1, Micros.FromUnits(random.NextInt(100)));
            // Any time of the lease's day and around it; lately, for most, or they would be late.
            DateTimeOffset auctionAt = random.NextInt(3) == 0
                ? Noon.AddMinutes(random.NextInt(1500) - 750) : now.AddMinutes(-random.NextInt(40));
            Micros price = random.NextInt(2) == 0 ? Micros.Zero : new Micros(1 + (long)(random.NextDouble() * 1e15));
            FeedbackResult result = ledger.Feedback(now, new FeedbackEvent(5, kind, lease.Id, auctionAt, price));
            counted += result.Outcome == LedgerOutcome.Applied ? 1 : 0;
        }
        Assert.True(counted <= 1, $"One {kind} counted {counted} times.");
        Assert.Equal(counted, ledger.Days.Sum(day => day.Impressions + day.Clicks + day.Conversions));
        Assert.Equal(0, ledger.OpenLeases + ledger.RememberedEvents);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Fact]
    public void While_an_event_is_remembered_its_id_does_not_count_under_another_lease_or_as_another_kind()
    {
        var ledger = new CampaignLedger(Terms);
        Lease lease = ledger.RequestLease(Noon, 1, 1, Micros.FromUnits(10)).Lease;
        Lease other = ledger.RequestLease(Noon, 1, 1, Micros.FromUnits(10)).Lease;
        Assert.Equal(LedgerOutcome.Applied, ledger.Feedback(Noon, Event(1, lease, Micros.FromUnits(1))).Outcome);
        Assert.Equal(LedgerOutcome.Duplicate, ledger.Feedback(Noon, Event(1, other, Micros.FromUnits(1))).Outcome);
        Assert.Equal(LedgerOutcome.Duplicate, ledger.Feedback(Noon, Event(1, lease, Micros.Zero, FeedbackKind.Conversion)).Outcome);
    }

    [Fact]
    public void A_clock_beyond_reason_is_refused_and_changes_nothing()
    {
        var ledger = new CampaignLedger(Terms);
        ledger.RequestLease(Noon, 1, 1, Micros.FromUnits(10));
        byte[] before = Bytes(ledger);
        foreach (DateTimeOffset at in new[] { DateTimeOffset.MaxValue, CampaignLedger.LatestTime.AddTicks(1) })
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => ledger.Advance(at));
            Assert.Throws<ArgumentOutOfRangeException>(() => ledger.RequestLease(at, 2, 2, new Micros(1)));
            Assert.Throws<ArgumentOutOfRangeException>(() => ledger.SetBudget(at, new Micros(1)));
            Assert.Throws<ArgumentOutOfRangeException>(() => ledger.SetLifetimeBudget(at, new Micros(1)));
            Assert.Throws<ArgumentOutOfRangeException>(() => ledger.SetFlight(at, Noon, Noon.AddDays(1)));
        }
        Assert.Equal(before, Bytes(ledger));
        var young = new CampaignLedger(Terms);
        Assert.Throws<ArgumentOutOfRangeException>(() => young.Advance(CampaignLedger.EarliestTime.AddTicks(-1)));
        Assert.Equal(LedgerOutcome.Applied, ledger.SetBudget(CampaignLedger.LatestTime, new Micros(1)));
        Assert.Equal(LedgerOutcome.Applied, ledger.RequestLease(CampaignLedger.LatestTime, 1, 1, new Micros(1)).Outcome);
    }
}
