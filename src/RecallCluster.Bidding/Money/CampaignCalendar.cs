namespace RecallCluster.Bidding.Money;

/// <summary>Days in a campaign's time zone. They follow each other without gap or overlap, whatever the clocks do.</summary>
public sealed class CampaignCalendar
{
    // Every change of clocks since 1970 is a multiple of this.
    private static readonly TimeSpan Step = TimeSpan.FromMinutes(15);
    private readonly TimeZoneInfo _zone;

    /// <summary>Days of a time zone.</summary>
    /// <param name="timeZone">IANA name, such as <c>Europe/Berlin</c>.</param>
    /// <exception cref="ArgumentException">There is no such time zone on this machine.</exception>
    public CampaignCalendar(string timeZone)
    {
        ArgumentException.ThrowIfNullOrEmpty(timeZone);
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(timeZone, out TimeZoneInfo? zone))
            throw new ArgumentException($"There is no time zone '{timeZone}' on this machine.", nameof(timeZone));
        _zone = zone;
    }

    /// <summary>The day that an instant falls into.</summary>
    public BudgetDay DayOf(DateTimeOffset instant)
    {
        DateOnly date = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(instant, _zone).DateTime);
        DateTimeOffset start = StartOf(date), end = StartOf(date.AddDays(1));

        // Clocks put back across midnight show the old date again; the new day has begun all the same.
        while (instant >= end)
        {
            date = date.AddDays(1);
            (start, end) = (end, StartOf(date.AddDays(1)));
        }
        return new BudgetDay(date, start, end);
    }

    /// <summary>The local hour of an instant, 0 to 23.</summary>
    public int HourOf(DateTimeOffset instant) => TimeZoneInfo.ConvertTime(instant, _zone).Hour;

    private DateTimeOffset StartOf(DateOnly date)
    {
        DateTime midnight = date.ToDateTime(TimeOnly.MinValue);

        // Where clocks are put forward at midnight, the day begins with the first time that exists.
        while (_zone.IsInvalidTime(midnight))
            midnight += Step;
        TimeSpan offset = _zone.IsAmbiguousTime(midnight) ? _zone.GetAmbiguousTimeOffsets(midnight).Max() : _zone.GetUtcOffset(midnight);
        return new DateTimeOffset(midnight, offset).ToUniversalTime();
    }
}
