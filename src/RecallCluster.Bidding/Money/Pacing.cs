namespace RecallCluster.Bidding.Money;

/// <summary>How a day's budget is spread over the day.</summary>
public enum PacingMode
{
    /// <summary>In proportion to time.</summary>
    Even,

    /// <summary>In proportion to expected traffic by the local hour: the same share of every hour's auctions can be bought.</summary>
    Traffic,

    /// <summary>Not at all: whatever the day's budget still holds may be spent.</summary>
    AsFastAsPossible,
}

/// <summary>How much of a day's budget may be committed by when.</summary>
public interface IPacing
{
    /// <summary>The share in [0, 1] by <paramref name="now"/>; never falls with time, and is 1 from <paramref name="finish"/> on.</summary>
    /// <param name="start">Where spending begins: the day's start, or the flight's.</param>
    /// <param name="finish">Where it ends.</param>
    /// <param name="now">The time in question.</param>
    double ShareBy(DateTimeOffset start, DateTimeOffset finish, DateTimeOffset now);
}

/// <summary>In proportion to time, in real hours: a day of 23 hours is spent a little faster.</summary>
public sealed class EvenPacing : IPacing
{
    /// <inheritdoc/>
    public double ShareBy(DateTimeOffset start, DateTimeOffset finish, DateTimeOffset now) =>
        now >= finish ? 1 : now <= start ? 0 : (now - start) / (finish - start);
}

/// <summary>Everything at once.</summary>
public sealed class UnpacedSpending : IPacing
{
    /// <inheritdoc/>
    public double ShareBy(DateTimeOffset start, DateTimeOffset finish, DateTimeOffset now) => 1;
}

/// <summary>In proportion to expected traffic. An hour that clocks skip or repeat counts as often as it happens.</summary>
public sealed class TrafficPacing : IPacing
{
    /// <summary>Hours of a traffic curve.</summary>
    public const int Hours = 24;

    // Every time zone's offset is a multiple of this, so a step never reaches over the end of a local hour.
    private static readonly TimeSpan Step = TimeSpan.FromMinutes(15);
    private readonly CampaignCalendar _calendar;
    private readonly double[] _hourShares;

    /// <summary>Spreads by a traffic curve.</summary>
    /// <param name="calendar">Tells the local hour.</param>
    /// <param name="hourShares">Expected traffic of each local hour, in any unit: 24 finite numbers, 0 or more, not all 0.</param>
    /// <exception cref="ArgumentException">The curve is not as described.</exception>
    public TrafficPacing(CampaignCalendar calendar, double[] hourShares)
    {
        ArgumentNullException.ThrowIfNull(calendar);
        ArgumentNullException.ThrowIfNull(hourShares);
        if (hourShares.Length != Hours)
            throw new ArgumentException($"A traffic curve has {Hours} hours; {hourShares.Length} were given.", nameof(hourShares));
        for (int hour = 0; hour < Hours; hour++)
            if (!(hourShares[hour] >= 0) || !double.IsFinite(hourShares[hour]))
                throw new ArgumentException(
                    $"Hour {hour} of a traffic curve is {hourShares[hour]}; it is finite and 0 or more.", nameof(hourShares));
        double sum = hourShares.Sum();
        if (!(sum > 0) || !double.IsFinite(sum * Hours))
            throw new ArgumentException("A traffic curve has no traffic at all, or too much to add up.", nameof(hourShares));
        _calendar = calendar;
        _hourShares = hourShares;
    }

    /// <inheritdoc/>
    public double ShareBy(DateTimeOffset start, DateTimeOffset finish, DateTimeOffset now)
    {
        if (now >= finish)
            return 1;
        if (now <= start)
            return 0;
        double before = TrafficOf(start, now), after = TrafficOf(now, finish);

        // A span without any traffic expected (a flight through empty hours) falls back on time.
        return before + after > 0 ? before / (before + after) : (now - start) / (finish - start);
    }

    private double TrafficOf(DateTimeOffset from, DateTimeOffset to)
    {
        double sum = 0;
        while (from < to)
        {
            var next = new DateTimeOffset(from.UtcTicks - (from.UtcTicks % Step.Ticks) + Step.Ticks, TimeSpan.Zero);
            DateTimeOffset until = next < to ? next : to;
            sum += _hourShares[_calendar.HourOf(from)] * (until - from).TotalHours;
            from = until;
        }
        return sum;
    }
}
