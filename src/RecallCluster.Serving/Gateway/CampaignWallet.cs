using RecallCluster.Bidding.Money;

namespace RecallCluster.Serving.Gateway;

/// <summary>What a lease that is no longer spent from may still cost.</summary>
/// <param name="Lease">Its number.</param>
/// <param name="Keep">What to keep of it.</param>
internal readonly record struct LeaseReport(long Lease, Micros Keep);

/// <summary>
/// A gateway's leases of one campaign: the one that is spent from, and those before it whose clicks are still out. Every member takes the
/// wallet's own lock, for a few dozen nanoseconds; nothing is ever awaited under it.
/// </summary>
internal sealed class CampaignWallet
{
    /// <summary>A lease is renewed when this part of its term is left.</summary>
    private const double RenewAhead = 0.25;

    /// <summary>And when less than this part of its amount is.</summary>
    private const double LowWater = 0.25;

    private readonly Lock _lock = new();
    private readonly List<Retired> _retired = [];
    private LeaseWallet? _active;
    private TimeSpan _margin;
    private DateTimeOffset _notBefore = DateTimeOffset.MinValue;
    private Micros _tooDear;
    private bool _asking;

    /// <summary>What is left of the lease that is spent from; zero when there is none.</summary>
    public Micros Available
    {
        get
        {
            lock (_lock)
                return _active?.Available ?? Micros.Zero;
        }
    }

    /// <summary>Reserves for an ad that is about to be delivered.</summary>
    public bool TryReserve(UInt128 win, DateTimeOffset now, Micros price, double probability, out long lease)
    {
        lock (_lock)
        {
            lease = _active?.Lease.Id ?? 0;
            if (_active is null)
                return false;
            if (_active.TryReserve(win, now, price, probability))
                return true;
            _tooDear = Micros.Max(_tooDear, price);
            return false;
        }
    }

    /// <summary>A win's charge is known.</summary>
    /// <returns>Whether there is room for new wins now.</returns>
    public bool Settle(long lease, UInt128 win, Micros charged)
    {
        lock (_lock)
        {
            WalletOf(lease)?.Settle(win, charged);
            return _active is { } active && active.Available > Micros.Zero;
        }
    }

    /// <summary>Whether a lease is to be asked for now; then it must be told how that went.</summary>
    /// <param name="now">The business clock.</param>
    /// <param name="fraction">Share of a day's budget to ask for at least.</param>
    /// <param name="budget">A day's budget.</param>
    /// <param name="wanted">How much to ask for.</param>
    public bool WantsLease(DateTimeOffset now, double fraction, Micros budget, out Micros wanted)
    {
        lock (_lock)
        {
            wanted = Micros.Zero;
            if (_asking || now < _notBefore || (_active is { } active && !IsNearlyOver(active, now)))
                return false;
            // Twice what the last lease was good for: one that runs dry before its time was too small. And enough for the ad that it was
            // too small for: what is held for a click is its expected charge and two deviations, three prices at the most.
            Micros demand = _active is null ? Micros.Zero : _active.Charged + _active.Reserved;
            wanted = Micros.Max(
                new Micros(1), Micros.Max(Micros.Floor(budget.Value * fraction), demand + demand + _tooDear + _tooDear + _tooDear));
            return _asking = true;
        }
    }

    /// <summary>
    /// Begins to spend from a lease that was granted, and retires the one before it; the other way round where the old one is good for
    /// more.
    /// </summary>
    /// <param name="lease">The lease.</param>
    /// <param name="options">How it is spent from.</param>
    /// <param name="now">The business clock.</param>
    /// <param name="notBefore">When to ask again at the earliest, where the new one was no gain.</param>
    public void Granted(Lease lease, WalletOptions options, DateTimeOffset now, DateTimeOffset notBefore)
    {
        lock (_lock)
        {
            _asking = false;
            var wallet = new LeaseWallet(lease, options);
            if (_active is { } active && active.Available >= lease.Amount && !IsEnding(active, now))
            {
                _retired.Add(new Retired(wallet));
                _notBefore = notBefore;
                return;
            }
            Retire();
            _active = wallet;
            _margin = options.ClockMargin;
            _tooDear = Micros.Zero;
        }
    }

    /// <summary>There is no lease for now.</summary>
    public void Refused(DateTimeOffset notBefore)
    {
        lock (_lock)
        {
            _notBefore = notBefore;
            _asking = false;
        }
    }

    /// <summary>Lets time pass, and collects what the ledger is to be told of leases that are over.</summary>
    /// <param name="now">The business clock.</param>
    /// <param name="reports">Receives the reports; each must be followed by <see cref="Reported"/> once the ledger knows.</param>
    /// <returns>Whether there is room for new wins.</returns>
    public bool Advance(DateTimeOffset now, List<LeaseReport> reports)
    {
        lock (_lock)
        {
            if (_active is { } active)
            {
                active.Advance(now);
                if (!active.IsOpen(now))
                    Retire();
            }
            foreach (Retired retired in _retired)
            {
                retired.Wallet.Advance(now);
                if (retired.IsWorthTelling)
                    reports.Add(new LeaseReport(retired.Wallet.Lease.Id, retired.Wallet.Reserved));
            }
            return _active is { } still && still.Available > Micros.Zero;
        }
    }

    /// <summary>Retires the lease that is spent from: the gateway stops.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            Retire();
            _notBefore = DateTimeOffset.MaxValue;
        }
    }

    /// <summary>The ledger knows what is kept of a lease; where that is nothing it is forgotten.</summary>
    public void Reported(LeaseReport report)
    {
        lock (_lock)
        {
            int place = _retired.FindIndex(retired => retired.Wallet.Lease.Id == report.Lease);
            if (place < 0)
                return;
            _retired[place].Told = report.Keep;
            // What came free since the report was made is still to be told.
            if (report.Keep == Micros.Zero && _retired[place].Wallet.Pending == 0)
                _retired.RemoveAt(place);
        }
    }

    private LeaseWallet? WalletOf(long lease)
    {
        if (_active is { } active && active.Lease.Id == lease)
            return active;
        // Newest first: most clicks come soon.
        for (int i = _retired.Count - 1; i >= 0; i--)
        {
            if (_retired[i].Wallet.Lease.Id == lease)
                return _retired[i].Wallet;
        }
        return null;
    }

    private void Retire()
    {
        if (_active is not { } active)
            return;
        _retired.Add(new Retired(active));
        _active = null;
    }

    private bool IsNearlyOver(LeaseWallet wallet, DateTimeOffset now) =>
        _tooDear > Micros.Zero || IsEnding(wallet, now) || wallet.Available.Value < wallet.Lease.Amount.Value * LowWater;

    private bool IsEnding(LeaseWallet wallet, DateTimeOffset now) =>
        now >= wallet.Lease.Expiry - _margin - ((wallet.Lease.Expiry - wallet.Lease.GrantedAt) * RenewAhead);

    /// <summary>A lease that is over but whose wins may still cost something.</summary>
    private sealed class Retired(LeaseWallet wallet)
    {
        public LeaseWallet Wallet => wallet;

        /// <summary>What the ledger was last told to keep; null for nothing yet.</summary>
        public Micros? Told { get; set; }

        /// <summary>The ledger is told at once, again when half of it has come free, and when all has.</summary>
        public bool IsWorthTelling =>
            Told is not { } told || wallet.Pending == 0 || (told > Micros.Zero && wallet.Reserved.Value <= told.Value / 2);
    }
}
