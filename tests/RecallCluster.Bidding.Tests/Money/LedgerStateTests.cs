using System.Text;
using System.Text.Json.Nodes;
using RecallCluster.Bidding.Money;

namespace RecallCluster.Bidding.Tests.Money;

/// <summary>States of other versions, and states that contradict themselves.</summary>
public class LedgerStateTests
{
    private static readonly DateTimeOffset Noon = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly CampaignTerms Terms = new()
    {
        CampaignId = 7,
        TimeZone = "Etc/UTC",
        DailyBudget = Micros.FromUnits(100),
        FlightStart = Noon.AddDays(-1),
        Pacing = PacingMode.AsFastAsPossible,
    };

    private static FeedbackEvent Event(int id, Lease lease, FeedbackKind kind, decimal price) =>
        new((UInt128)id, kind, lease.Id, lease.GrantedAt.AddSeconds(1), Micros.FromUnits(price));

    // As programs wrote it before states had a version: ids were kept from the event's own time on, days did not tell their leases.
    private static CampaignState Unversioned(CampaignLedger ledger, params (int Id, DateTimeOffset ForgetAt)[] seen)
    {
        JsonObject state = JsonNode.Parse(MoneyFormat.ToBytes(ledger.ToState()))!.AsObject();
        Assert.True(state.Remove("version"));
        foreach (JsonNode? day in state["days"]!.AsArray())
            Assert.True(day!.AsObject().Remove("firstLease"));
        state["seen"] = new JsonArray([.. seen.Select(one => new JsonObject
        {
            ["minute"] = one.ForgetAt.UtcTicks / TimeSpan.TicksPerMinute,
            ["ids"] = new JsonArray(one.Id),
        })]);
        return MoneyFormat.ReadCampaignState(Encoding.UTF8.GetBytes(state.ToJsonString()));
    }

    [Fact]
    public void A_state_from_before_there_were_versions_goes_on_and_counts_nothing_twice()
    {
        var before = new CampaignLedger(Terms);
        Lease lease = before.RequestLease(Noon, 1, 1, Micros.FromUnits(10)).Lease;
        FeedbackEvent click = Event(1, lease, FeedbackKind.Click, 2), conversion = Event(2, lease, FeedbackKind.Conversion, 0);
        before.Feedback(Noon.AddSeconds(2), click);
        before.Feedback(Noon.AddSeconds(3), conversion);
        var ledger = new CampaignLedger(
            Unversioned(before, (1, click.AuctionAt + Terms.EventWindow), (2, click.AuctionAt + Terms.ConversionWindow)));
        Assert.Equal((Micros.FromUnits(2), Micros.FromUnits(8)), (ledger.TotalSpent, ledger.TotalLeased));
        LedgerOutcome At(double days, FeedbackEvent told) => ledger.Feedback(Noon.AddDays(days), told).Outcome;

        // Both ids would have been forgotten by their own time.
        Assert.Equal(LedgerOutcome.Duplicate, At(1861.0 / 86_400, click with { AuctionAt = lease.Expiry + Terms.ClockMargin }));
        Assert.Equal(LedgerOutcome.Applied, At(1, Event(3, lease, FeedbackKind.Conversion, 0)));
        Lease next = ledger.RequestLease(Noon.AddDays(1), 1, 1, Micros.FromUnits(10)).Lease;
        Assert.Equal(LedgerOutcome.Applied, At(2, Event(4, next, FeedbackKind.Conversion, 0)));
        Assert.Equal(LedgerOutcome.OutsideLease, At(2, Event(5, next, FeedbackKind.Conversion, 0) with { AuctionAt = Noon }));
        Assert.Equal(LedgerOutcome.Duplicate, At(7.3, conversion with { AuctionAt = Noon.AddHours(11) }));
        Assert.Equal([(1L, 2L), (0L, 1L)], ledger.Days.Select(day => (day.Clicks, day.Conversions)));
        Assert.Equal([null, 2L], ledger.Days.Select(day => day.FirstLease));
        Assert.Equal(CampaignState.CurrentVersion, ledger.ToState().Version);
        Assert.Equal(
            MoneyFormat.ToBytes(ledger.ToState()),
            MoneyFormat.ToBytes(new CampaignLedger(MoneyFormat.ReadCampaignState(MoneyFormat.ToBytes(ledger.ToState()))).ToState()));
    }

    [Fact]
    public void Days_that_do_not_tell_their_leases_count_a_conversion_once_all_together()
    {
        var before = new CampaignLedger(Terms);
        Lease lease = before.RequestLease(Noon, 1, 1, Micros.FromUnits(10)).Lease;
        before.RequestLease(Noon.AddDays(1), 1, 1, Micros.FromUnits(10));
        FeedbackEvent told = Event(1, lease, FeedbackKind.Conversion, 0), after = Event(2, lease, FeedbackKind.Conversion, 0);
        Assert.Equal(LedgerOutcome.Applied, before.Feedback(Noon.AddDays(1), told).Outcome);
        var ledger = new CampaignLedger(Unversioned(before, (1, told.AuctionAt + Terms.ConversionWindow)));
        Assert.Equal(LedgerOutcome.Applied, ledger.Feedback(Noon.AddDays(2), after).Outcome);
        foreach (FeedbackEvent conversion in new[] { told, after })
        {
            FeedbackEvent repeated = conversion with { AuctionAt = Noon.AddDays(1.4) };
            Assert.Equal(LedgerOutcome.Duplicate, ledger.Feedback(Noon.AddDays(8.3), repeated).Outcome);
        }
        Assert.Equal(2, ledger.Days.Sum(day => day.Conversions));
        ledger.Advance(Noon.AddDays(30));
        Assert.Equal(0, ledger.RememberedEvents);
    }

    [Fact]
    public void What_a_state_cannot_be_is_refused_by_name()
    {
        var ledger = new CampaignLedger(Terms with { LifetimeBudget = Micros.FromUnits(50) });
        Lease lease = ledger.RequestLease(Noon, 1, 1, Micros.FromUnits(10)).Lease;
        ledger.Feedback(Noon, Event(1, lease, FeedbackKind.Click, 2));
        CampaignState state = ledger.ToState();
        DayAccount day = state.Days[0];
        LeaseAccount account = state.Leases[0];
        LeaseAccount more = account with { Lease = lease with { Id = 2 } };
        var most = new Micros(long.MaxValue);
        Assert.NotNull(new CampaignLedger(state));
        foreach ((string name, CampaignState damaged) in new (string, CampaignState)[]
        {
            ("Version", state with { Version = CampaignState.CurrentVersion + 1 }),
            ("Version", state with { Version = -1 }),
            ("Now", state with { Now = DateTimeOffset.MaxValue }),
            ("NextLease", state with { NextLease = long.MaxValue }),
            ("NextLease", state with { NextLease = 0 }),
            ("Lease 1", state with { Leases = [account with { End = DateTimeOffset.MaxValue }] }),
            ("Lease 1", state with { Leases = [account with { Lease = lease with { Expiry = DateTimeOffset.MaxValue } }] }),
            ("Lease 1", state with { Leases = [account with { Lease = lease with { GrantedAt = Noon.AddDays(1) } }] }),
            ("Lease 1", state with { Leases = [account with { Remaining = most }] }),
            ("too large", state with { NextLease = 3, Leases = [account with { Remaining = most }, more with { Remaining = most }] }),
            ("2026-06-01", state with { Days = [day with { Budget = most }] }),
            ("2026-06-01", state with { Days = [day with { CommittedAtEdit = most }] }),
            ("2026-06-01", state with { Days = [day with { Granted = new MicrosSum(5) }] }),
            ("2026-06-01", state with { Days = [day with { FirstLease = 3 }] }),
            ("2026-06-01", state with { Days = [day with { FirstLease = 0 }] }),
            ("spent in all", state with { TotalSpent = new Micros(1) }),
            ("lifetime budget", state with { TotalSpent = Micros.FromUnits(49) }),
            ("lifetime budget", state with { LifetimeCommittedAtEdit = most }),
            ("minute", state with { Seen = [new SeenMinute(long.MaxValue, [5])] }),
        })
            Assert.Contains(name, Assert.Throws<InvalidDataException>(() => new CampaignLedger(damaged)).Message);
    }
}
