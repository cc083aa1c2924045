using System.Text;
using RecallCluster.Bidding.Money;
using RecallCluster.Numerics;

namespace RecallCluster.Bidding.Tests.Money;

/// <summary>
/// A ledger to which everything happens that can, drawn by chance, beside books that are kept in the plainest way: what was granted and
/// charged is written down by the day of the lease, and compared after every step. Half of the runs have budgets and prices up to the
/// bounds.
/// </summary>
internal sealed class LedgerRun
{
    /// <summary>Kinds of steps.</summary>
    public const int Steps = 20;

    private static readonly DateTimeOffset Start = new(2026, 10, 24, 20, 0, 0, TimeSpan.Zero);
    private static readonly TimeZoneInfo Zone = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");

    private readonly SeededRandom _random;
    private readonly Micros _mostBudget, _mostPrice;
    private readonly long[] _epochs = [1, 1, 1];
    private readonly List<(Lease Lease, LeaseWallet Wallet)> _leases = [];
    private readonly List<FeedbackEvent> _events = [];
    private readonly HashSet<UInt128> _applied = [];
    private readonly List<LedgerEntry> _journal = [];
    private readonly List<(int Told, byte[] State)> _snapshots = [];
    private readonly Dictionary<DateOnly, Books> _books = [];
    private DateTimeOffset _now = Start;
    private Micros _charged;
    private Micros? _flightLimit;

    public LedgerRun(int seed)
    {
        _random = new SeededRandom((ulong)seed);
        bool isLarge = _random.NextInt(2) == 0;
        (_mostBudget, _mostPrice) = isLarge
            ? (CampaignTerms.MaxDailyBudget, FeedbackEvent.MaxPrice) : (Micros.FromUnits(500), Micros.FromUnits(60));
        _flightLimit = _random.NextInt(2) == 0 ? UpTo(FlightBudgets()) : null;
        Ledger = new CampaignLedger(new CampaignTerms
        {
            CampaignId = 1,
            TimeZone = Zone.Id,
            DailyBudget = UpTo(_mostBudget),
            LifetimeBudget = _flightLimit,
            FlightStart = Start.AddMinutes(-1),
            Pacing = (PacingMode)_random.NextInt(3),
            TrafficByHour = [.. Enumerable.Range(1, 24).Select(hour => (double)hour)],
            LeaseTerm = TimeSpan.FromMinutes(1 + _random.NextInt(_random.NextInt(3) == 0 ? 900 : 5)),
            EventWindow = TimeSpan.FromMinutes(5),
            ConversionWindow = TimeSpan.FromHours(30),
        });
        Remember();
    }

    public CampaignLedger Ledger { get; private set; }

    /// <summary>Whether anything was delivered free.</summary>
    public bool HasFree => _books.Values.Any(books => books.Free.Value > 0);

    /// <summary>Whether the flight's budget kept a lease below what its day had left.</summary>
    public bool FlightWasShort { get; private set; }

    /// <summary>Does one thing; the number says what.</summary>
    public void Step(int what)
    {
        switch (what % Steps)
        {
            case 0 or 1 or 2:
                Request();
                break;
            case 3 or 4 or 5 or 6:
                NewEvent();
                break;
            case 7 or 8 or 9 or 10:
                RepeatEvent();
                break;
            case 11:
                Close();
                break;
            case 12:
                EditBudget();
                break;
            case 13:
                EditLifetimeBudget();
                break;
            case 14:
                EditFlight();
                break;
            case 15:
                Tell(new PauseSet(_now, _random.NextInt(4) == 0));
                break;
            case 16:
                Restart(_random.NextInt(_snapshots.Count));
                break;
            case 17:
                _epochs[_random.NextInt(_epochs.Length)]++;
                break;
            case 18:
                Remember();
                break;
            default:
                _now += _random.NextInt(8) switch
                {
                    0 => TimeSpan.FromHours(_random.NextInt(40)),
                    1 or 2 => TimeSpan.FromMinutes(_random.NextInt(300)),
                    _ => TimeSpan.FromSeconds(_random.NextInt(90)),
                };
                break;
        }
        Verify();
    }

    /// <summary>The process dies at each of its snapshots and goes on from there: all lives end with the same state, to the byte.</summary>
    public void ReviveFromEverySnapshot()
    {
        for (int snapshot = 0; snapshot < _snapshots.Count; snapshot++)
            Restart(snapshot);
    }

    /// <summary>Takes a snapshot.</summary>
    public void Remember() => _snapshots.Add((_journal.Count, MoneyFormat.ToBytes(Ledger.ToState())));

    /// <summary>Lets everything expire: what was granted has been spent or given back, and nothing is remembered for ever.</summary>
    public void Finish()
    {
        Ledger.Advance(_now.AddDays(5));
        Assert.Equal((0, 0, Micros.Zero), (Ledger.OpenLeases, Ledger.RememberedEvents, Ledger.TotalLeased));
        foreach (DayAccount day in Ledger.Days)
            Assert.Equal(day.Granted, day.Returned + day.Spent - day.SpentBeyondLeases);
        Verify();
    }

    private static DateOnly DateOf(DateTimeOffset instant) => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(instant, Zone).DateTime);

    private Micros FlightBudgets() => new(3 * _mostBudget.Value);

    // Often the bound itself, or nothing.
    private Micros UpTo(Micros most) => _random.NextInt(10) switch
    {
        0 => most,
        1 => Micros.Zero,
        _ => new Micros((long)(_random.NextUInt64() % ((ulong)most.Value + 1))),
    };

    // Some are told with an old clock.
    private DateTimeOffset Clock() => _random.NextInt(5) == 0 ? _now.AddSeconds(-_random.NextInt(600)) : _now;

    private void Write(LedgerEntry entry) => _journal.Add(MoneyFormat.ReadEntry(MoneyFormat.ToBytes(entry)));

    private void Tell(LedgerEntry entry)
    {
        Write(entry);
        entry.ApplyTo(Ledger);
    }

    private Books BooksOf(long lease)
    {
        DateOnly date = DateOf(_leases[(int)lease - 1].Lease.GrantedAt);
        return _books.TryGetValue(date, out Books? books) ? books : _books[date] = new Books();
    }

    private void Request()
    {
        int gateway = _random.NextInt(_epochs.Length);
        long epoch = _epochs[gateway] - (_random.NextInt(8) == 0 ? 1 : 0);
        Micros wanted = _random.NextInt(8) == 0
            ? new Micros(long.MaxValue) : Micros.Max(new Micros(1), UpTo(new Micros(_mostBudget.Value / 2)));
        var request = new LeaseRequested(Clock(), gateway, epoch, wanted);
        Write(request);
        LeaseGrant grant = Ledger.RequestLease(request.At, gateway, epoch, wanted);
        if (grant.Outcome != LedgerOutcome.Applied)
            return;
        Assert.InRange(grant.Lease.Amount.Value, 1, wanted.Value);
        Assert.Equal(_leases.Count + 1, grant.Lease.Id);
        _leases.Add((grant.Lease, new LeaseWallet(grant.Lease, new WalletOptions { EventWindow = Ledger.Terms.EventWindow })));
        BooksOf(grant.Lease.Id).Granted += grant.Lease.Amount;
        FlightWasShort |= Ledger.LifetimeLeft == Micros.Zero && Ledger.Today.Uncommitted > Micros.Zero;
    }

    private void NewEvent()
    {
        if (_leases.Count == 0)
            return;
        (Lease lease, LeaseWallet wallet) = _leases[^(1 + _random.NextInt(Math.Min(6, _leases.Count)))];
        var kind = (FeedbackKind)_random.NextInt(3);
        Micros price = _random.NextInt(4) == 0 ? Micros.Zero : UpTo(_mostPrice);
        var id = (UInt128)(_events.Count + 1);

        // What a gateway does before it delivers; but an event may come of what nobody reserved for, too.
        DateTimeOffset at = lease.GrantedAt.AddSeconds(_random.NextInt(90) - 10);
        if (wallet.TryReserve(id, at, price, _random.NextDouble()))
            Assert.True(wallet.Charged + wallet.Reserved <= lease.Amount);
        _events.Add(new FeedbackEvent(id, kind, lease.Id, at, price));
        if (_random.NextInt(3) > 0)
            Deliver(_events[^1]);
    }

    // A repetition may say another time of auction and another price.
    private void RepeatEvent()
    {
        if (_events.Count == 0)
            return;
        FeedbackEvent feedback = _events[^(1 + _random.NextInt(Math.Min(30, _events.Count)))];
        if (_random.NextInt(2) == 0)
            feedback = feedback with { AuctionAt = _now.AddSeconds(-_random.NextInt(_random.NextInt(2) == 0 ? 400 : 100_000)) };
        if (_random.NextInt(3) == 0)
            feedback = feedback with { Price = _random.NextInt(2) == 0 ? Micros.Zero : UpTo(_mostPrice) };
        Deliver(feedback);
        if (_random.NextInt(10) == 0)
            Assert.Throws<ArgumentOutOfRangeException>(
                () => Ledger.Feedback(_now.AddDays(1), feedback with { Price = FeedbackEvent.MaxPrice + new Micros(1) }));
    }

    private void Deliver(FeedbackEvent feedback)
    {
        var entry = new FeedbackArrived(Clock(), feedback);
        Write(entry);
        FeedbackResult result = Ledger.Feedback(entry.At, feedback);
        if (result.Outcome != LedgerOutcome.Applied)
        {
            Assert.Equal((Micros.Zero, Micros.Zero), (result.Charged, result.Free));
            return;
        }
        Assert.True(_applied.Add(feedback.Id), "An event counted twice.");
        Assert.Equal(feedback.Price, result.Charged + result.Free);
        Books books = BooksOf(feedback.Lease);
        books.Events++;
        books.Charged += result.Charged;
        books.Free += result.Free;
        _charged += result.Charged;
        _leases[(int)feedback.Lease - 1].Wallet.Settle(feedback.Id, result.Charged);
    }

    private void Close()
    {
        if (_leases.Count == 0)
            return;
        (Lease lease, LeaseWallet wallet) = _leases[^(1 + _random.NextInt(Math.Min(6, _leases.Count)))];
        Micros keep = _random.NextInt(3) == 0 ? UpTo(_mostBudget) : wallet.Reserved;
        Tell(new LeaseClosed(Clock(), lease.Id, lease.Epoch + (_random.NextInt(4) == 0 ? 1 : 0), keep));
    }

    private void EditBudget()
    {
        Ledger.Advance(_now);
        var edit = new BudgetSet(_now, UpTo(_mostBudget));
        DateOnly today = DateOf(_now);
        Books books = _books.TryGetValue(today, out Books? known) ? known : _books[today] = new Books();
        books.Limit = Micros.Max(edit.Budget, Ledger.Today.Committed);
        Tell(edit);
    }

    private void EditLifetimeBudget()
    {
        Ledger.Advance(_now);
        Micros? budget = _random.NextInt(4) == 0 ? null
            : _random.NextInt(2) == 0 ? UpTo(FlightBudgets())
            : Micros.Max(Micros.Zero, _charged + UpTo(new Micros(_mostBudget.Value / 4)) - UpTo(new Micros(_mostBudget.Value / 8)));
        _flightLimit = budget is { } some ? Micros.Max(some, _charged + Ledger.TotalLeased) : null;
        Tell(new LifetimeBudgetSet(_now, budget));
    }

    private void EditFlight()
    {
        DateTimeOffset start = _random.NextInt(4) == 0 ? _now.AddMinutes(_random.NextInt(60)) : _now.AddHours(-_random.NextInt(30) - 1);
        DateTimeOffset end = _random.NextInt(3) switch
        {
            0 => DateTimeOffset.MaxValue,
            1 => start.AddMinutes(1 + _random.NextInt(120)),
            _ => _now.AddHours(1 + _random.NextInt(60)),
        };
        Tell(new FlightSet(Clock(), start, end));
    }

    // The process dies; what is left is a snapshot and the journal.
    private void Restart(int snapshot)
    {
        (int told, byte[] state) = _snapshots[snapshot];
        var revived = new CampaignLedger(MoneyFormat.ReadCampaignState(state));
        foreach (LedgerEntry entry in _journal.Skip(told))
            entry.ApplyTo(revived);
        revived.Advance(Ledger.Now);
        Assert.Equal(
            Encoding.UTF8.GetString(MoneyFormat.ToBytes(Ledger.ToState())),
            Encoding.UTF8.GetString(MoneyFormat.ToBytes(revived.ToState())));
        Assert.Equal((Ledger.LifetimeLeft, Ledger.TotalLeased), (revived.LifetimeLeft, revived.TotalLeased));
        Ledger = revived;
    }

    private void Verify()
    {
        Ledger.Check();
        Micros leased = Micros.Zero;
        foreach (DayAccount day in Ledger.Days)
        {
            Books books = _books.TryGetValue(day.Day.Date, out Books? known) ? known : new Books();
            Micros limit = books.Limit ?? day.Budget;
            Assert.True(day.Committed <= limit, $"{day.Committed} is committed on {day.Day.Date}, more than {limit}.");
            Assert.Equal(
                (books.Charged, books.Granted, books.Free, books.Events),
                (day.Spent, day.Granted, day.FreeAmount, day.Impressions + day.Clicks + day.Conversions));
            Assert.Equal(day.Granted, day.Leased + day.Returned + day.Spent - day.SpentBeyondLeases);
            leased += day.Leased;
        }
        Assert.Equal((_charged, leased), (Ledger.TotalSpent, Ledger.TotalLeased));
        Assert.True(
            _flightLimit is null || _charged + leased <= _flightLimit,
            $"{_charged + leased} of the flight's {_flightLimit} is committed.");
    }

    /// <summary>What a day should have.</summary>
    private sealed class Books
    {
        public Micros? Limit { get; set; }

        public Micros Charged { get; set; }

        public MicrosSum Granted { get; set; }

        public MicrosSum Free { get; set; }

        public long Events { get; set; }
    }
}
