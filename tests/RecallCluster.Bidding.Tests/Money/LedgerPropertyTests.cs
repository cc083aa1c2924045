using System.Text;
using FsCheck;
using FsCheck.Fluent;
using RecallCluster.Bidding.Money;
using RecallCluster.Numerics;

namespace RecallCluster.Bidding.Tests.Money;

/// <summary>
/// Sequences of whatever can happen to a ledger, with restarts in between, beside books that are kept in the plainest way.
/// </summary>
public class LedgerPropertyTests
{
    private static readonly DateTimeOffset s_start = new(2026, 10, 24, 20, 0, 0, TimeSpan.Zero);

    /// <summary>What a test knows about one run.</summary>
    private sealed class Run
    {
        private readonly SeededRandom _random;
        private readonly List<Lease> _leases = [];
        private readonly List<FeedbackEvent> _events = [];
        private readonly HashSet<UInt128> _applied = [];
        private readonly List<LedgerEntry> _journal = [];
        private readonly Dictionary<DateOnly, Micros> _limits = [];
        private CampaignState _snapshot;
        private DateTimeOffset _now = s_start;
        private Micros _charged;
        private Micros? _lifetimeLimit;

        public Run(int seed)
        {
            _random = new SeededRandom((ulong)seed);
            _lifetimeLimit = _random.NextInt(2) == 0 ? Amount(900) : null;
            Ledger = new CampaignLedger(new CampaignTerms
            {
                CampaignId = 1,
                TimeZone = "Europe/Berlin",
                DailyBudget = Amount(300),
                LifetimeBudget = _lifetimeLimit,
                FlightStart = s_start.AddMinutes(-1),
                Pacing = (PacingMode)_random.NextInt(3),
                TrafficByHour = [.. Enumerable.Range(1, 24).Select(hour => (double)hour)],
                EventWindow = TimeSpan.FromMinutes(5),
            });
            _snapshot = Ledger.ToState();
        }

        public CampaignLedger Ledger { get; private set; }

        public Micros Free { get; private set; }

        /// <summary>Does one thing; the number says what.</summary>
        public void Step(int what)
        {
            switch (what % 16)
            {
                case 0 or 1 or 2:
                    Request();
                    break;
                case 3 or 4 or 5 or 6:
                    NewEvent();
                    break;
                case 7 or 8 or 9:
                    RepeatEvent();
                    break;
                case 10:
                    Close();
                    break;
                case 11 when _random.NextInt(3) == 0:
                    EditLifetimeBudget();
                    break;
                case 11:
                    EditBudget();
                    break;
                case 12:
                    Tell(_random.NextInt(4) == 0 ? new PauseSet(_now, true) : new PauseSet(_now, false));
                    break;
                case 13:
                    Restart();
                    break;
                case 14:
                    _now += TimeSpan.FromSeconds(_random.NextInt(_random.NextInt(4) == 0 ? 8 * 3600 : 90));
                    break;
                default:
                    _snapshot = MoneyFormat.ReadCampaignState(MoneyFormat.ToBytes(Ledger.ToState()));
                    _journal.Clear();
                    break;
            }
            Verify();
        }

        private Micros Amount(int most) => new(_random.NextInt(most * 1_000_000));

        // Some are told with an old clock.
        private DateTimeOffset Clock() => _random.NextInt(5) == 0 ? _now.AddSeconds(-_random.NextInt(600)) : _now;

        private void Tell(LedgerEntry entry)
        {
            _journal.Add(MoneyFormat.ReadEntry(MoneyFormat.ToBytes(entry)));
            entry.ApplyTo(Ledger);
        }

        private void Request()
        {
            var request = new LeaseRequested(Clock(), _random.NextInt(3), _random.NextInt(4), Amount(200) + new Micros(1));
            _journal.Add(request);
            LeaseGrant grant = Ledger.RequestLease(request.At, request.Gateway, request.Epoch, request.Wanted);
            if (grant.Outcome != LedgerOutcome.Applied)
                return;
            Assert.InRange(grant.Lease.Amount.Value, 1, request.Wanted.Value);
            _leases.Add(grant.Lease);
        }

        private void NewEvent()
        {
            if (_leases.Count == 0)
                return;
            Lease lease = _leases[^(1 + _random.NextInt(Math.Min(6, _leases.Count)))];
            DateTimeOffset at = lease.GrantedAt.AddSeconds(_random.NextInt(90) - 10);
            _events.Add(new FeedbackEvent(
                (UInt128)(_events.Count + 1), (FeedbackKind)_random.NextInt(3), lease.Id, at,
                _random.NextInt(4) == 0 ? Micros.Zero : Amount(60)));
            if (_random.NextInt(3) > 0)
                Deliver(_events[^1]);
        }

        private void RepeatEvent()
        {
            if (_events.Count > 0)
                Deliver(_events[^(1 + _random.NextInt(Math.Min(30, _events.Count)))]);
        }

        private void Deliver(FeedbackEvent feedback)
        {
            var entry = new FeedbackArrived(Clock(), feedback);
            _journal.Add(entry);
            FeedbackResult result = Ledger.Feedback(entry.At, feedback);
            if (result.Outcome == LedgerOutcome.Applied)
            {
                Assert.True(_applied.Add(feedback.Id), "An event counted twice.");
                Assert.Equal(feedback.Price, result.Charged + result.Free);
            }
            else
            {
                Assert.Equal((Micros.Zero, Micros.Zero), (result.Charged, result.Free));
            }
            _charged += result.Charged;
            Free += result.Free;
        }

        private void Close()
        {
            if (_leases.Count == 0)
                return;
            Lease lease = _leases[^(1 + _random.NextInt(Math.Min(6, _leases.Count)))];
            Tell(new LeaseClosed(Clock(), lease.Id, lease.Epoch + (_random.NextInt(4) == 0 ? 1 : 0), Amount(100)));
        }

        private void EditBudget()
        {
            Ledger.Advance(_now);
            var edit = new BudgetSet(_now, _random.NextInt(5) == 0 ? Micros.Zero : Amount(500));
            _limits[Ledger.Today.Day.Date] = Micros.Max(edit.Budget, Ledger.Today.Committed);
            Tell(edit);
        }

        private void EditLifetimeBudget()
        {
            Ledger.Advance(_now);
            Micros? budget = _random.NextInt(4) == 0 ? null : _charged + Amount(400) - Amount(100);
            if (budget < Micros.Zero)
                budget = Micros.Zero;
            Micros committed = Ledger.Days.Aggregate(Ledger.TotalSpent, (sum, day) => sum + day.Leased);
            _lifetimeLimit = budget is { } some ? Micros.Max(some, committed) : null;
            Tell(new LifetimeBudgetSet(_now, budget));
        }

        // The process dies; what is left is the last snapshot and the journal.
        private void Restart()
        {
            var revived = new CampaignLedger(_snapshot);
            foreach (LedgerEntry entry in _journal)
                entry.ApplyTo(revived);
            revived.Advance(Ledger.Now);
            Assert.Equal(
                Encoding.UTF8.GetString(MoneyFormat.ToBytes(Ledger.ToState())),
                Encoding.UTF8.GetString(MoneyFormat.ToBytes(revived.ToState())));
            Ledger = revived;
        }

        private void Verify()
        {
            Ledger.Check();
            Micros spent = Micros.Zero, leased = Micros.Zero;
            long counted = 0;
            foreach (DayAccount day in Ledger.Days)
            {
                spent += day.Spent;
                leased += day.Leased;
                counted += day.Impressions + day.Clicks + day.Conversions;
                Micros limit = _limits.GetValueOrDefault(day.Day.Date, day.Budget);
                Assert.True(day.Committed <= limit, $"{day.Committed} is committed on {day.Day.Date}, more than {limit}.");
            }
            Assert.Equal(leased, Ledger.TotalLeased);
            Assert.True(_lifetimeLimit is null || spent + leased <= _lifetimeLimit, $"{spent + leased} of the flight's {_lifetimeLimit} is committed.");
            Assert.Equal(_charged, spent);
            Assert.Equal(_charged, Ledger.TotalSpent);
            Assert.Equal(_applied.Count, counted);
            Assert.Equal(Free, Ledger.Days.Aggregate(Micros.Zero, (sum, day) => sum + day.FreeAmount));
        }
    }

    [Fact]
    public void No_sequence_overspends_counts_twice_or_loses_a_micro_unit() =>
        Prop.ForAll<int, byte[]>((seed, steps) =>
        {
            var run = new Run(seed);
            foreach (byte step in steps)
                run.Step(step);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500).WithEndSize(300));

    [Fact]
    public void The_sequences_reach_the_corners_that_they_are_meant_to()
    {
        var outcomes = new HashSet<LedgerOutcome>();
        Micros free = Micros.Zero;
        for (int seed = 0; seed < 30; seed++)
        {
            var run = new Run(seed);
            var steps = new SeededRandom((ulong)seed);
            for (int step = 0; step < 400; step++)
                run.Step(steps.NextInt(16));
            outcomes.UnionWith(Enum.GetValues<LedgerOutcome>().Where(outcome => run.Ledger.CountOf(outcome) > 0));
            free += run.Free;
        }
        Assert.Equal(
            Enum.GetValues<LedgerOutcome>().Except([LedgerOutcome.Ended, LedgerOutcome.UnknownCampaign]).Order(), outcomes.Order());
        Assert.True(free > Micros.Zero);
    }
}
