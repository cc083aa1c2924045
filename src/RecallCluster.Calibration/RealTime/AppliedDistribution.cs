namespace RecallCluster.Calibration.RealTime;

/// <summary>
/// How many impressions of each (bin, cluster) have been served lately: a ring of slots of time, counted in constant time per
/// impression. Counts are whole numbers; those of several servers add up exactly (<see cref="Merge"/>). Not thread-safe: one writer each.
/// </summary>
public sealed class AppliedDistribution
{
    private readonly long[][] _slots;
    private readonly long[] _counts;
    private readonly double _slotLength;
    private long _newest = long.MinValue;

    /// <summary>An empty window over the last <paramref name="slots"/> slots.</summary>
    /// <param name="calibrator">The fit whose bins and clusters are counted.</param>
    /// <param name="slotLength">Length of a slot, in the unit of the times.</param>
    /// <param name="slots">Slots of the window, the current one included.</param>
    /// <exception cref="ArgumentOutOfRangeException">A length is not positive.</exception>
    public AppliedDistribution(RealTimeWeightedSir calibrator, double slotLength, int slots)
    {
        ArgumentNullException.ThrowIfNull(calibrator);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(slots);
        if (!(slotLength > 0 && double.IsFinite(slotLength)))
            throw new ArgumentOutOfRangeException(nameof(slotLength), slotLength, "A slot must have a finite length above 0.");
        Calibrator = calibrator;
        _slotLength = slotLength;
        int size = calibrator.BinCount * calibrator.ClusterCount;
        _slots = new long[slots][];
        for (int i = 0; i < slots; i++)
            _slots[i] = new long[size];
        _counts = new long[size];
    }

    /// <summary>The fit whose bins and clusters are counted.</summary>
    public RealTimeWeightedSir Calibrator { get; }

    /// <summary>Impressions in the window by bin, then cluster.</summary>
    public ReadOnlySpan<long> Counts => _counts;

    /// <summary>Impressions in the window.</summary>
    public long Total
    {
        get
        {
            long total = 0;
            foreach (long count in _counts)
                total += count;
            return total;
        }
    }

    /// <summary>
    /// Impressions that came too late to lie in the window (a clock that went back further than the window), not counted.
    /// </summary>
    public long TooLate { get; private set; }

    /// <summary>Counts impressions that were served.</summary>
    /// <param name="p">Raw prediction.</param>
    /// <param name="cluster">Its cluster, from <see cref="RealTimeWeightedSir.ClusterOf"/>.</param>
    /// <param name="time">
    /// Its time. Times may go back: the impression counts in the slot of its own time while the window holds that.
    /// </param>
    /// <param name="count">How many, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range; nothing was counted.</exception>
    public void Record(double p, int cluster, double time, long count = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        if ((uint)cluster >= (uint)Calibrator.ClusterCount)
            throw new ArgumentOutOfRangeException(nameof(cluster), cluster, $"There are {Calibrator.ClusterCount} clusters.");
        int place = (Calibrator.BinOf(p) * Calibrator.ClusterCount) + cluster;
        long slot = SlotOf(time);
        MoveTo(slot);
        if (slot <= _newest - _slots.Length)
        {
            TooLate += count;
            return;
        }
        _slots[Ring(slot)][place] += count;
        _counts[place] += count;
    }

    /// <summary>
    /// Moves the window to <paramref name="time"/> without an impression: what is older than the window goes. A time in the past changes
    /// nothing.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The time is not finite or too far from 0 for its slot to be numbered.</exception>
    public void Advance(double time) => MoveTo(SlotOf(time));

    /// <summary>Adds what another server counted over the same fit and the same slots.</summary>
    /// <exception cref="ArgumentException">The other one counts for another fit or in other slots.</exception>
    public void Merge(AppliedDistribution other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (!ReferenceEquals(other.Calibrator, Calibrator) || other._slotLength != _slotLength || other._slots.Length != _slots.Length)
            throw new ArgumentException("Both sides must count for the same fit and in the same slots.", nameof(other));
        TooLate += other.TooLate;
        if (other._newest == long.MinValue)
            return;
        MoveTo(other._newest);
        for (long slot = Math.Max(other._newest, _newest) - _slots.Length + 1; slot <= other._newest; slot++)
        {
            long[] theirs = other._slots[Ring(slot)], mine = _slots[Ring(slot)];
            for (int i = 0; i < mine.Length; i++)
            {
                mine[i] += theirs[i];
                _counts[i] += theirs[i];
            }
        }
    }

    private long SlotOf(double time)
    {
        double slot = Math.Floor(time / _slotLength);
        if (!(Math.Abs(slot) < 1L << 53))
            throw new ArgumentOutOfRangeException(nameof(time), time, "The time must be finite and its slot below 2^53.");
        return (long)slot;
    }

    private int Ring(long slot) => (int)(((slot % _slots.Length) + _slots.Length) % _slots.Length);

    private void MoveTo(long slot)
    {
        if (slot <= _newest)
            return;
        if (_newest != long.MinValue)
        {
            long first = Math.Max(_newest + 1, slot - _slots.Length + 1);
            for (long passed = first; passed <= slot; passed++)
                Clear(_slots[Ring(passed)]);
        }
        _newest = slot;
    }

    private void Clear(long[] slot)
    {
        for (int i = 0; i < slot.Length; i++)
            _counts[i] -= slot[i];
        Array.Clear(slot);
    }
}
