using System.Text.Json.Serialization;

namespace RecallCluster.Bidding.Money;

/// <summary>What a campaign's ledger is opened with.</summary>
public sealed record CampaignTerms
{
    /// <summary>The highest daily budget: ten billion units of the currency, so that years of spend add up without overflow.</summary>
    public static readonly Micros MaxDailyBudget = new(10_000_000_000 * Micros.PerUnit);

    /// <summary>The highest lifetime budget: a trillion units of the currency.</summary>
    public static readonly Micros MaxLifetimeBudget = new(1_000_000_000_000 * Micros.PerUnit);

    internal static readonly TimeSpan LongestLease = TimeSpan.FromDays(1);

    private static readonly TimeSpan LongestWindow = TimeSpan.FromDays(30);

    /// <summary>The campaign.</summary>
    public required long CampaignId { get; init; }

    /// <summary>IANA name of the time zone whose midnight begins a day.</summary>
    public required string TimeZone { get; init; }

    /// <summary>Budget of each day, until it is edited; 0 to <see cref="MaxDailyBudget"/>.</summary>
    public required Micros DailyBudget { get; init; }

    /// <summary>
    /// Budget of the whole flight, 0 to <see cref="MaxLifetimeBudget"/>, until it is edited; null where only the days have one: then the
    /// flight ends at that bound. Both hold: a day may spend its own budget or what the flight has left, whichever is less.
    /// </summary>
    public Micros? LifetimeBudget { get; init; }

    /// <summary>First instant of the flight.</summary>
    public required DateTimeOffset FlightStart { get; init; }

    /// <summary>First instant after the flight.</summary>
    [JsonRequired]
    public DateTimeOffset FlightEnd { get; init; } = DateTimeOffset.MaxValue;

    /// <summary>How a day's budget is spread.</summary>
    public PacingMode Pacing { get; init; } = PacingMode.Even;

    /// <summary>Expected traffic of each local hour, for <see cref="PacingMode.Traffic"/>.</summary>
    public double[]? TrafficByHour { get; init; }

    /// <summary>
    /// How long a lease runs, at most a day. Longer: fewer requests; shorter: budget edits, pacing and a lost gateway bite sooner.
    /// </summary>
    [JsonRequired]
    public TimeSpan LeaseTerm { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// By how much two clocks may differ: a gateway stops spending this much before its lease's expiry, the ledger waits this much
    /// after it.
    /// </summary>
    [JsonRequired]
    public TimeSpan ClockMargin { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long after its auction an event counts. Longer: fewer lost clicks; shorter: reserves come back sooner, fewer ids are kept.
    /// </summary>
    [JsonRequired]
    public TimeSpan EventWindow { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How long after its auction, at most 30 days, a conversion counts that is not charged; no money waits for it.</summary>
    [JsonRequired]
    public TimeSpan ConversionWindow { get; init; } = TimeSpan.FromDays(7);

    internal IPacing CreatePacing(CampaignCalendar calendar) => Pacing switch
    {
        PacingMode.Even => new EvenPacing(),
        PacingMode.Traffic => new TrafficPacing(
            calendar, TrafficByHour ?? throw new ArgumentException("Pacing by traffic needs a traffic curve.", nameof(calendar))),
        PacingMode.AsFastAsPossible => new UnpacedSpending(),
        _ => throw new ArgumentException($"There is no pacing {Pacing}.", nameof(calendar)),
    };

    /// <exception cref="ArgumentException">A term is not as its description says; the message names it.</exception>
    internal void Check()
    {
        CheckBudget(DailyBudget);
        CheckLifetimeBudget(LifetimeBudget);
        if (FlightEnd <= FlightStart)
            throw new ArgumentException($"{nameof(FlightEnd)} {FlightEnd:O} is not after {nameof(FlightStart)} {FlightStart:O}.");
        if (LeaseTerm <= TimeSpan.Zero || EventWindow <= TimeSpan.Zero || ConversionWindow < EventWindow || ClockMargin < TimeSpan.Zero)
        {
            throw new ArgumentException(
                $"{nameof(LeaseTerm)} and {nameof(EventWindow)} are above 0, {nameof(ConversionWindow)} is no shorter than that, "
                + $"{nameof(ClockMargin)} is 0 or more.");
        }
        if (LeaseTerm > LongestLease || ConversionWindow > LongestWindow)
            throw new ArgumentException(
                $"{nameof(LeaseTerm)} is at most a day, {nameof(ConversionWindow)} at most {LongestWindow.TotalDays} days.");
        if (LeaseTerm <= ClockMargin)
            throw new ArgumentException($"A lease of {LeaseTerm} is over before it begins with a {nameof(ClockMargin)} of {ClockMargin}.");
    }

    internal static void CheckLifetimeBudget(Micros? budget)
    {
        if (budget is { } some && (some < Micros.Zero || some > MaxLifetimeBudget))
            throw new ArgumentOutOfRangeException(nameof(budget), some.Value, $"A lifetime budget is 0 to {MaxLifetimeBudget} units.");
    }

    internal static void CheckBudget(Micros budget)
    {
        if (budget < Micros.Zero || budget > MaxDailyBudget)
            throw new ArgumentOutOfRangeException(nameof(budget), budget.Value, $"A daily budget is 0 to {MaxDailyBudget} units.");
    }
}
