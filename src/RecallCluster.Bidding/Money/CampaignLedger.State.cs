namespace RecallCluster.Bidding.Money;

/// <content>How a ledger becomes a value and a value a ledger.</content>
public sealed partial class CampaignLedger
{
    // Version 0 kept an id from its own time of auction on. A conversion window and this later nothing counts that happened until then.
    private static readonly TimeSpan LongerMemory = TimeSpan.FromDays(3);

    /// <summary>Goes on from a state.</summary>
    /// <exception cref="InvalidDataException">The state contradicts itself, or is of another version; the message says where.</exception>
    public CampaignLedger(CampaignState state)
        : this(TermsOf(state),
            SeenEvents.FromState(state.Seen, state.Version == 0 ? state.Terms.ConversionWindow + LongerMemory : TimeSpan.Zero))
    {
        Now = state.Now;
        IsPaused = state.IsPaused;
        TotalSpent = state.TotalSpent;
        LifetimeCommittedAtEdit = state.LifetimeCommittedAtEdit;
        _nextLease = state.NextLease;
        Require(_nextLease is > 0 and < long.MaxValue, $"NextLease: {_nextLease} is no number of a lease.");
        Require(
            Now == DateTimeOffset.MinValue || (Now >= EarliestTime && Now <= LatestTime),
            $"Now: {Now:O} is not in {EarliestTime:O} to {LatestTime:O}.");
        Require(
            state.Outcomes.Length == _outcomes.Length, $"Outcomes: {state.Outcomes.Length} counts; this program knows {_outcomes.Length}.");
        state.Outcomes.CopyTo(_outcomes, 0);
        foreach (GatewayEpoch gateway in state.Gateways)
            Require(_gateways.TryAdd(gateway.Gateway, gateway.Epoch), $"Gateways: {gateway.Gateway} is there twice.");
        foreach (DayAccount day in state.Days)
            Require(_days.TryAdd(day.Day.Date, day with { }), $"Days: {day.Day.Date:O} is there twice.");
        try
        {
            foreach (LeaseAccount lease in state.Leases)
                Reopen(lease with { });
            Check();
        }
        catch (OverflowException e)
        {
            throw new InvalidDataException("The state's amounts are too large to add up.", e);
        }
    }

    /// <summary>A copy of all memory.</summary>
    public CampaignState ToState() => new()
    {
        Version = CampaignState.CurrentVersion,
        Terms = Terms,
        Now = Now,
        IsPaused = IsPaused,
        NextLease = _nextLease,
        TotalSpent = TotalSpent,
        LifetimeCommittedAtEdit = LifetimeCommittedAtEdit,
        Days = [.. Days],
        Leases = [.. _leases.Values.OrderBy(lease => lease.Lease.Id).Select(lease => lease with { })],
        Gateways = [.. _gateways.OrderBy(gateway => gateway.Key).Select(gateway => new GatewayEpoch(gateway.Key, gateway.Value))],
        Seen = _seen.ToState(),
        Outcomes = [.. _outcomes],
    };

    private void Reopen(LeaseAccount account)
    {
        Lease lease = account.Lease;
        Require(_leases.TryAdd(lease.Id, account), $"Leases: {lease.Id} is there twice.");
        Require(_gateways.ContainsKey(lease.Gateway), $"Lease {lease.Id}: its gateway {lease.Gateway} is unknown.");
        Require(
            lease.Id > 0 && lease.Id < _nextLease && _days.ContainsKey(account.Date),
            $"Lease {lease.Id}: its number or its day {account.Date:O} is unknown.");
        Require(
            lease.GrantedAt <= account.End && account.End <= lease.Expiry && lease.GrantedAt <= Now
            && lease.Expiry - lease.GrantedAt <= CampaignTerms.LongestLease,
            $"Lease {lease.Id}: {lease.GrantedAt:O} to {account.End:O} is no time that it can have run.");
        TotalLeased += account.Remaining;
        _nextRelease = Earlier(_nextRelease, account.ReleaseAt(Terms));
    }

    /// <exception cref="InvalidDataException">The books do not balance.</exception>
    internal void Check()
    {
        Micros held = Micros.Zero, spent = Micros.Zero;
        long firstLease = 0;
        foreach (DayAccount day in _days.Values)
        {
            day.Check();
            Require(
                day.FirstLease is { } first ? first > 0 && first >= firstLease && first <= _nextLease : firstLease == 0,
                $"Account of {day.Day.Date:O}: lease {day.FirstLease} was not its first.");
            firstLease = day.FirstLease ?? 0;
            Micros leased = Micros.Zero;
            foreach (LeaseAccount lease in _leases.Values.Where(lease => lease.Date == day.Day.Date))
            {
                Require(
                    lease.Remaining >= Micros.Zero && lease.Remaining <= lease.Lease.Amount,
                    $"Lease {lease.Lease.Id} of {lease.Lease.Amount} holds {lease.Remaining}.");
                leased += lease.Remaining;
            }
            Require(leased == day.Leased, $"Account of {day.Day.Date:O}: {day.Leased} is leased, but its leases hold {leased}.");
            held += leased;
            spent += day.Spent;
        }
        Require(held == TotalLeased, $"{TotalLeased} is leased in all, but the days' leases hold {held}.");
        Require(spent <= TotalSpent, $"{TotalSpent} is spent in all, but {spent} on the days that are kept.");
        Require(
            LifetimeCommittedAtEdit >= Micros.Zero && LifetimeCommittedAtEdit <= CampaignTerms.MaxLifetimeBudget,
            $"{LifetimeCommittedAtEdit} was committed when the lifetime budget was edited: no flight can spend that.");
        Require(
            TotalSpent + held <= Micros.Max(FlightBudget, LifetimeCommittedAtEdit),
            $"{TotalSpent + held} is committed, more than the lifetime budget of {FlightBudget} allows.");
    }

    private static CampaignTerms TermsOf(CampaignState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        Require(
            state.Version is >= 0 and <= CampaignState.CurrentVersion,
            $"Version: the state is of version {state.Version}; this program reads 0 to {CampaignState.CurrentVersion}.");
        Require(
            !state.Days.Contains(null!) && !state.Leases.Contains(null!) && !state.Seen.Contains(null!),
            "Days, leases or seen events hold a null.");
        try
        {
            state.Terms.Check();
            state.Terms.CreatePacing(new CampaignCalendar(state.Terms.TimeZone));
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"Terms: {e.Message}", e);
        }
        return state.Terms;
    }

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
            throw new InvalidDataException(otherwise);
    }
}
