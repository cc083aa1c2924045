using System.Globalization;

namespace RecallCluster.Serving.Rollouts;

/// <summary>How limits of versions are checked, and how a version that breaks one is told of.</summary>
internal static class LimitWords
{
    /// <exception cref="InvalidRequestException">It does not hold; the message names the limit.</exception>
    public static void Require(bool holds, string limit, string range)
    {
        if (!holds)
            throw new InvalidRequestException(limit, $"{range}.");
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
