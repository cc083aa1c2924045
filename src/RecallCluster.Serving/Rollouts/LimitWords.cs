using System.Globalization;

namespace RecallCluster.Serving.Rollouts;

/// <summary>How limits of versions are checked, and how a version that breaks one is told of.</summary>
internal static class LimitWords
{
    private const string TimeRange = "is above 0, at most a week";

    private static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    /// <exception cref="InvalidRequestException">It does not hold; the message names the limit.</exception>
    public static void Require(bool holds, string limit, string range)
    {
        if (!holds)
            throw new InvalidRequestException(limit, $"{range}.");
    }

    /// <summary>Refuses a time that nobody waits or works by.</summary>
    /// <exception cref="InvalidRequestException">It is none, or longer than a week; the message names the limit.</exception>
    public static void RequireTime(TimeSpan time, string limit) => Require(time > TimeSpan.Zero && time <= Longest, limit, TimeRange);

    /// <summary>A time that was told as a number of units.</summary>
    /// <exception cref="InvalidRequestException">It is none, or longer than a week; the message names the limit.</exception>
    public static TimeSpan TimeOf(double units, TimeSpan unit, string limit)
    {
        Require(units > 0 && units <= Longest / unit, limit, TimeRange);
        return unit * units;
    }

    /// <summary>Refuses what is no name of a version.</summary>
    /// <exception cref="InvalidRequestException">It has no bytes, or too many.</exception>
    public static void RequireName(string name) =>
        Require(RequestLimits.IsId(name), "name", $"has 1 to {RequestLimits.MaxIdBytes} bytes");

    /// <summary>What a figure is, and what is wanted.</summary>
    public static string Said(string what, double value, string wanted) => $"{what} {Text(value)}; wanted is {wanted}";

    /// <summary>A figure, for people.</summary>
    public static string Text(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);
}
