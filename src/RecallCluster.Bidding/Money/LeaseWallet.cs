namespace RecallCluster.Bidding.Money;

/// <summary>How a gateway spends from leases.</summary>
public sealed record WalletOptions
{
    private const double MaxTailDeviations = 100;

    /// <summary>How long before its expiry a lease is no longer spent from; that of the campaign's terms.</summary>
    public TimeSpan ClockMargin { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long after its auction an event counts; that of the campaign's terms.</summary>
    public TimeSpan EventWindow { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>
    /// Standard deviations held above the expected charges. More: fewer free clicks; less: more of the budget at work. At 2 the charges of
    /// many ads exceed the reserve about once in forty times.
    /// </summary>
    public double TailDeviations { get; init; } = 2;

    /// <exception cref="ArgumentOutOfRangeException">An option is not as its description says.</exception>
    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ClockMargin, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(EventWindow, TimeSpan.Zero);
        if (!(TailDeviations >= 0 && TailDeviations <= MaxTailDeviations))
            throw new ArgumentOutOfRangeException(
                nameof(TailDeviations), TailDeviations, $"The tail is 0 to {MaxTailDeviations} deviations.");
    }
}

/// <summary>
/// A gateway's side of one lease: what is charged, what won ads may still cost, and what can still be bid with. It is told of every charge
/// (<see cref="Settle"/>); the ledger remains the judge, so a wallet that is wrong costs free clicks, never money. It needs no snapshot: a
/// gateway that restarts begins a new life with new leases. Not thread-safe.
/// </summary>
public sealed class LeaseWallet
{
    private readonly WalletOptions _options;
    private readonly ChargeReserve _reserve;
    private readonly Dictionary<UInt128, Open> _pending = [];
    private readonly Queue<(UInt128 Win, DateTimeOffset At)> _byTime = new();
    private readonly DateTimeOffset _end;

    /// <summary>A wallet for a lease.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is not as its description says.</exception>
    public LeaseWallet(Lease lease, WalletOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        Lease = lease;
        _options = options;
        _reserve = new ChargeReserve(options.TailDeviations);
        _end = lease.Expiry - options.ClockMargin;
    }

    /// <summary>The lease.</summary>
    public Lease Lease { get; }

    /// <summary>What was charged.</summary>
    public Micros Charged { get; private set; }

    /// <summary>
    /// What won ads may still cost: expected charges and the tail. What the ledger is told to keep when the lease is closed.
    /// </summary>
    public Micros Reserved => _reserve.Amount;

    /// <summary>What is left for new wins, never negative.</summary>
    public Micros Available => Micros.Max(Micros.Zero, Lease.Amount - Charged - Reserved);

    /// <summary>Won ads whose charge is open.</summary>
    public int Pending => _pending.Count;

    /// <summary>Whether the lease may be spent from at a time of the gateway's clock.</summary>
    public bool IsOpen(DateTimeOffset now) => now < _end;

    /// <summary>Reserves for an ad that is about to be delivered.</summary>
    /// <param name="win">Unique to the win.</param>
    /// <param name="now">The gateway's clock.</param>
    /// <param name="price">What will be charged, if anything is.</param>
    /// <param name="probability">That it is: 1 for an impression, pCTR for a click.</param>
    /// <returns>Whether there was room; false too when the lease is over or the win is already there.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The price is negative or above <see cref="FeedbackEvent.MaxPrice"/>, or the probability outside [0, 1].
    /// </exception>
    public bool TryReserve(UInt128 win, DateTimeOffset now, Micros price, double probability)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(price.Value, nameof(price));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(price, FeedbackEvent.MaxPrice);
        if (!(probability >= 0 && probability <= 1))
            throw new ArgumentOutOfRangeException(nameof(probability), probability, "A probability is between 0 and 1.");
        Advance(now);
        var charge = new ChargeReserve.Charge(price, probability);
        if (!IsOpen(now) || Charged + _reserve.With(in charge) > Lease.Amount || !_pending.TryAdd(win, new Open(charge, now)))
            return false;
        _reserve.Add(in charge);
        _byTime.Enqueue((win, now));
        return true;
    }

    /// <summary>A win's charge is known: the price, or zero for an ad that was not delivered after all. Frees its reserve.</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The charge is negative or above <see cref="FeedbackEvent.MaxPrice"/>.
    /// </exception>
    public void Settle(UInt128 win, Micros charged)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(charged.Value, nameof(charged));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(charged, FeedbackEvent.MaxPrice);
        Charged += charged;
        if (_pending.Remove(win, out Open open))
            _reserve.Remove(in open.Charge);
    }

    /// <summary>Frees the reserves of wins whose window has closed: they were not clicked.</summary>
    public void Advance(DateTimeOffset now)
    {
        while (_byTime.TryPeek(out (UInt128 Win, DateTimeOffset At) oldest) && now - oldest.At >= _options.EventWindow)
        {
            _byTime.Dequeue();

            // A win that stood back may have been reserved again since, under the same number: that one's window is its own.
            if (_pending.TryGetValue(oldest.Win, out Open open) && open.At == oldest.At)
                Settle(oldest.Win, Micros.Zero);
        }
    }

    private readonly struct Open(ChargeReserve.Charge charge, DateTimeOffset at)
    {
        public readonly ChargeReserve.Charge Charge = charge;

        public DateTimeOffset At => at;
    }
}
