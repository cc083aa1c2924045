namespace RecallCluster.Bidding.Money;

/// <summary>
/// The books of one campaign: a state machine that is told things in order by one writer and never asks for the time. What it promises,
/// whatever it is told: the spend and outstanding leases of a day never exceed the larger of its budget and what was committed when the
/// budget was last cut, nor those of the flight the same of its lifetime budget; an event counts once; no micro-unit appears or vanishes.
/// </summary>
/// <remarks>
/// <code>
///            RequestLease ──► lease (amount, expiry) ──► gateway wins ──► CloseLease(keep)
///  budget ◄──── returned ◄──── window of the lease closes ◄─────┘
///                              Feedback(id, price) ──► charged: from the lease, then from what the day has left; the rest is free
/// </code>
/// A lease's amount stays reserved until the last event that could be charged to it is too late to count: its end, the clock margin and the
/// event window. Time is the latest told; a clock that goes back does not turn anything back. What is told is taken in wholly or, where it
/// makes no sense, refused by an exception and not at all. Not thread-safe.
/// </remarks>
public sealed partial class CampaignLedger
{
    /// <summary>Days whose accounts are kept.</summary>
    public const int DaysKept = 35;

    /// <summary>The earliest time that a ledger can be told.</summary>
    public static readonly DateTimeOffset EarliestTime = DateTimeOffset.UnixEpoch;

    /// <summary>The latest time that a ledger can be told: every window that begins then still ends.</summary>
    public static readonly DateTimeOffset LatestTime = new(9900, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly SortedDictionary<DateOnly, DayAccount> _days = [];
    private readonly Dictionary<long, LeaseAccount> _leases = [];
    private readonly Dictionary<int, long> _gateways = [];
    private readonly long[] _outcomes = new long[Enum.GetValues<LedgerOutcome>().Length];
    private readonly SeenEvents _seen;
    private readonly CampaignCalendar _calendar;
    private readonly IPacing _pacing;
    private long _nextLease = 1;
    private DateTimeOffset _nextRelease = DateTimeOffset.MaxValue;

    /// <summary>Opens the books.</summary>
    /// <exception cref="ArgumentException">A term is not as its description says; the message names it.</exception>
    public CampaignLedger(CampaignTerms terms)
        : this(terms, new SeenEvents())
    {
    }

    private CampaignLedger(CampaignTerms terms, SeenEvents seen)
    {
        ArgumentNullException.ThrowIfNull(terms);
        terms.Check();
        Terms = terms;
        _seen = seen;
        _calendar = new CampaignCalendar(terms.TimeZone);
        _pacing = terms.CreatePacing(_calendar);
    }

    /// <summary>The terms as they stand, with all edits.</summary>
    public CampaignTerms Terms { get; private set; }

    /// <summary>The latest time told.</summary>
    public DateTimeOffset Now { get; private set; } = DateTimeOffset.MinValue;

    /// <summary>Whether the campaign is paused: no new leases; events still count.</summary>
    public bool IsPaused { get; private set; }

    /// <summary>All money ever charged.</summary>
    public Micros TotalSpent { get; private set; }

    /// <summary>What all open leases hold and have not spent or given back.</summary>
    public Micros TotalLeased { get; private set; }

    /// <summary>What was spent or leased when the lifetime budget was last edited: a cut takes nothing back that was promised.</summary>
    public Micros LifetimeCommittedAtEdit { get; private set; }

    /// <summary>What the lifetime budget has left, never negative; null where there is none.</summary>
    public Micros? LifetimeLeft => Terms.LifetimeBudget is null ? null : FlightLeft;

    /// <summary>Leases whose window is open.</summary>
    public int OpenLeases => _leases.Count;

    /// <summary>Ids of events that are kept to tell repetitions.</summary>
    public int RememberedEvents => _seen.Count;

    /// <summary>How often an outcome was given.</summary>
    public long CountOf(LedgerOutcome outcome) => _outcomes[(int)outcome];

    /// <summary>Copies of the accounts of recent days, oldest first.</summary>
    public IReadOnlyList<DayAccount> Days => [.. _days.Values.Select(day => day with { })];

    /// <summary>A copy of the account of the day that the latest time falls into.</summary>
    /// <exception cref="InvalidOperationException">The ledger was never told a time.</exception>
    public DayAccount Today => (KnownDay() ?? NewDay()) with { };

    /// <summary>Asks for the right to spend.</summary>
    /// <param name="at">The ledger's clock.</param>
    /// <param name="gateway">Who asks.</param>
    /// <param name="epoch">The gateway's life; an older one than ever seen is refused.</param>
    /// <param name="wanted">How much; less is granted when there is less, or when pacing allows less by the lease's expiry.</param>
    /// <exception cref="ArgumentOutOfRangeException">Nothing, or less, is wanted.</exception>
    public LeaseGrant RequestLease(DateTimeOffset at, int gateway, long epoch, Micros wanted)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(wanted.Value, nameof(wanted));
        Advance(at);
        if (!Admit(gateway, epoch))
            return new LeaseGrant(Counted(LedgerOutcome.StaleGateway));
        if (IsPaused)
            return new LeaseGrant(Counted(LedgerOutcome.Paused));
        if (Now < Terms.FlightStart)
            return new LeaseGrant(Counted(LedgerOutcome.NotStarted));
        if (Now >= Terms.FlightEnd)
            return new LeaseGrant(Counted(LedgerOutcome.Ended));
        DayAccount day = CurrentDay();
        if (Left(day) == Micros.Zero)
            return new LeaseGrant(Counted(LedgerOutcome.BudgetCommitted));
        DateTimeOffset end = Earlier(day.Day.End, Terms.FlightEnd);
        DateTimeOffset expiry = end - Now > Terms.LeaseTerm ? Now + Terms.LeaseTerm : end;
        Micros room = Paced(day, end, expiry) - day.Committed;
        if (room <= Micros.Zero)
            return new LeaseGrant(Counted(LedgerOutcome.AheadOfPace));
        Lease lease = Grant(day, gateway, epoch, Micros.Min(wanted, Micros.Min(room, Left(day))), expiry);
        return new LeaseGrant(Counted(LedgerOutcome.Applied), lease);
    }

    /// <summary>
    /// Ends a lease before its expiry, or reports on one that has expired: everything above <paramref name="keep"/> goes back to the day.
    /// Told twice, the smaller amount is kept.
    /// </summary>
    /// <param name="at">The ledger's clock.</param>
    /// <param name="lease">Number of the lease.</param>
    /// <param name="epoch">The gateway's life in which it got the lease.</param>
    /// <param name="keep">What ads already won may still cost.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="keep"/> is negative.</exception>
    public LedgerOutcome CloseLease(DateTimeOffset at, long lease, long epoch, Micros keep)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(keep.Value, nameof(keep));
        Advance(at);
        if (!_leases.TryGetValue(lease, out LeaseAccount? account))
            return Counted(LedgerOutcome.UnknownLease);
        if (epoch != account.Lease.Epoch || epoch < _gateways[account.Lease.Gateway])
            return Counted(LedgerOutcome.StaleGateway);
        account.End = Earlier(account.End, Now);
        _nextRelease = Earlier(_nextRelease, account.ReleaseAt(Terms));
        Return(account, account.Remaining - Micros.Min(account.Remaining, keep));
        return Counted(LedgerOutcome.Applied);
    }

    /// <summary>Changes the daily budget, of today and of the days to come. A cut stops new leases; it takes nothing back.</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The budget is negative or above <see cref="CampaignTerms.MaxDailyBudget"/>.
    /// </exception>
    public LedgerOutcome SetBudget(DateTimeOffset at, Micros budget)
    {
        CampaignTerms.CheckBudget(budget);
        Advance(at);
        CurrentDay().SetBudget(budget);
        Terms = Terms with { DailyBudget = budget };
        return Counted(LedgerOutcome.Applied);
    }

    /// <summary>
    /// Changes the budget of the whole flight, or with null takes it away. A cut stops new leases; it takes nothing back.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The budget is negative or above <see cref="CampaignTerms.MaxLifetimeBudget"/>.
    /// </exception>
    public LedgerOutcome SetLifetimeBudget(DateTimeOffset at, Micros? budget)
    {
        CampaignTerms.CheckLifetimeBudget(budget);
        Advance(at);
        LifetimeCommittedAtEdit = TotalSpent + TotalLeased;
        Terms = Terms with { LifetimeBudget = budget };
        return Counted(LedgerOutcome.Applied);
    }

    /// <summary>Moves the flight. Leases that are out run to their own end.</summary>
    /// <exception cref="ArgumentException">The end is not after the start.</exception>
    public LedgerOutcome SetFlight(DateTimeOffset at, DateTimeOffset start, DateTimeOffset end)
    {
        CampaignTerms terms = Terms with { FlightStart = start, FlightEnd = end };
        terms.Check();
        Advance(at);
        Terms = terms;
        return Counted(LedgerOutcome.Applied);
    }

    /// <summary>Stops or allows new leases.</summary>
    public LedgerOutcome SetPaused(DateTimeOffset at, bool paused)
    {
        Advance(at);
        IsPaused = paused;
        return Counted(LedgerOutcome.Applied);
    }

    /// <summary>
    /// Lets time pass: reserves whose window has closed go back to their day, ids that can no longer be repeated are dropped.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The time is not in <see cref="EarliestTime"/> to <see cref="LatestTime"/>. So every member that is told a time answers.
    /// </exception>
    public void Advance(DateTimeOffset at)
    {
        if (at <= Now)
            return;
        if (at < EarliestTime || at > LatestTime)
            throw new ArgumentOutOfRangeException(nameof(at), at, $"A ledger's time is {EarliestTime:O} to {LatestTime:O}.");
        Now = at.ToUniversalTime();
        if (Now >= _nextRelease)
            ReleaseDue();
        _seen.Forget(Now);
    }

    // A flight without a budget of its own has the highest there is, so that no number of days can overflow its total.
    private Micros FlightBudget => Terms.LifetimeBudget ?? CampaignTerms.MaxLifetimeBudget;

    private Micros FlightLeft => Micros.Max(Micros.Zero, FlightBudget - TotalSpent - TotalLeased);

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;

    private bool Admit(int gateway, long epoch)
    {
        if (_gateways.TryGetValue(gateway, out long known) && epoch < known)
            return false;
        _gateways[gateway] = epoch;
        return true;
    }

    /// <summary>What a day may still commit: its own budget, and the flight's.</summary>
    private Micros Left(DayAccount day) => Micros.Min(day.Uncommitted, FlightLeft);

    /// <summary>The part of the budget that may be committed by a lease's expiry: what it will spend falls into its own time.</summary>
    private Micros Paced(DayAccount day, DateTimeOffset end, DateTimeOffset expiry)
    {
        DateTimeOffset start = day.Day.Start > Terms.FlightStart ? day.Day.Start : Terms.FlightStart;
        double share = _pacing.ShareBy(start, end, expiry);
        return share >= 1 ? day.Budget : Micros.Min(day.Budget, Micros.Floor(share * day.Budget.Value));
    }

    private Lease Grant(DayAccount day, int gateway, long epoch, Micros amount, DateTimeOffset expiry)
    {
        var lease = new Lease(_nextLease++, gateway, epoch, amount, Now, expiry);
        var account = new LeaseAccount { Lease = lease, Date = day.Day.Date, Remaining = amount, End = expiry };
        _leases.Add(lease.Id, account);
        _nextRelease = Earlier(_nextRelease, account.ReleaseAt(Terms));
        day.Leased += amount;
        day.Granted += amount;
        TotalLeased += amount;
        return lease;
    }

    private void Return(LeaseAccount lease, Micros amount)
    {
        DayAccount day = _days[lease.Date];
        lease.Remaining -= amount;
        day.Leased -= amount;
        day.Returned += amount;
        TotalLeased -= amount;
    }

    private void ReleaseDue()
    {
        _nextRelease = DateTimeOffset.MaxValue;
        foreach (LeaseAccount lease in _leases.Values)
        {
            DateTimeOffset releaseAt = lease.ReleaseAt(Terms);
            if (releaseAt > Now)
            {
                _nextRelease = Earlier(_nextRelease, releaseAt);
                continue;
            }
            Return(lease, lease.Remaining);
            _leases.Remove(lease.Lease.Id);
        }
    }

    private DayAccount CurrentDay()
    {
        if (KnownDay() is { } known)
            return known;
        DayAccount account = NewDay();
        _days.Add(account.Day.Date, account);
        ForgetDays();
        return account;
    }

    private DayAccount? KnownDay() => _days.Count > 0 && _days.Values.Last() is { } last && last.Day.End > Now ? last : null;

    private DayAccount NewDay() => Now == DateTimeOffset.MinValue
        ? throw new InvalidOperationException("The ledger was never told a time.")
        : new DayAccount { Day = _calendar.DayOf(Now), Budget = Terms.DailyBudget, FirstLease = _nextLease };

    private void ForgetDays()
    {
        foreach (DateOnly date in _days.Keys.Take(_days.Count - DaysKept).ToArray())
            if (!_leases.Values.Any(lease => lease.Date == date))
                _days.Remove(date);
    }

    private LedgerOutcome Counted(LedgerOutcome outcome)
    {
        _outcomes[(int)outcome]++;
        return outcome;
    }
}
