namespace RecallCluster.Bidding.Money;

/// <content>How a ledger becomes a value and a value a ledger.</content>
public sealed partial class CampaignLedger
{
    /// <summary>Goes on from a state.</summary>
    /// <exception cref="InvalidDataException">The state contradicts itself; the message says where.</exception>
    public CampaignLedger(CampaignState state)
        : this(TermsOf(state), SeenEvents.FromState(state.Seen))
    {
        Now = state.Now;
        IsPaused = state.IsPaused;
        TotalSpent = state.TotalSpent;
        LifetimeCommittedAtEdit = state.LifetimeCommittedAtEdit;
        _nextLease = state.NextLease;
        if (state.Outcomes.Length != _outcomes.Length)
            throw new InvalidDataException($"Outcomes: {state.Outcomes.Length} counts; this program knows {_outcomes.Length}.");
        state.Outcomes.CopyTo(_outcomes, 0);
        foreach (DayAccount day in state.Days)
            Require(_days.TryAdd(day.Day.Date, day with { }), $"Days: {day.Day.Date:O} is there twice.");
        foreach (GatewayEpoch gateway in state.Gateways)
            Require(_gateways.TryAdd(gateway.Gateway, gateway.Epoch), $"Gateways: {gateway.Gateway} is there twice.");
        foreach (LeaseAccount lease in state.Leases)
        {
            Require(_leases.TryAdd(lease.Lease.Id, lease with { }), $"Leases: {lease.Lease.Id} is there twice.");
            TotalLeased += lease.Remaining;
            Require(_gateways.ContainsKey(lease.Lease.Gateway), $"Lease {lease.Lease.Id}: its gateway {lease.Lease.Gateway} is unknown.");
            Require(
                lease.Lease.Id < _nextLease && _days.ContainsKey(lease.Date),
                $"Lease {lease.Lease.Id}: its number or its day {lease.Date:O} is unknown.");
            _nextRelease = Earlier(_nextRelease, lease.ReleaseAt(Terms));
        }
        Check();
    }

    /// <summary>A copy of all memory.</summary>
    public CampaignState ToState() => new()
    {
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

    /// <exception cref="InvalidDataException">The books do not balance.</exception>
    internal void Check()
    {
        Micros held = Micros.Zero;
        foreach (DayAccount day in _days.Values)
        {
            day.Check();
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
        }
        Require(held == TotalLeased, $"{TotalLeased} is leased in all, but the days' leases hold {held}.");
        Require(
            Terms.LifetimeBudget is not { } lifetime || TotalSpent + held <= Micros.Max(lifetime, LifetimeCommittedAtEdit),
            $"{TotalSpent + held} is committed, more than the lifetime budget of {Terms.LifetimeBudget} allows.");
    }

    private static CampaignTerms TermsOf(CampaignState state)
    {
        ArgumentNullException.ThrowIfNull(state);
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
