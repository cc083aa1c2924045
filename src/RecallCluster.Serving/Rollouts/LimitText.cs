using System.Globalization;

namespace RecallCluster.Serving.Rollouts;

/// <summary>Refuses limits that make no sense, and says by which of them a version was refused.</summary>
internal static class LimitText
{
    /// <summary>Refuses a value.</summary>
    /// <param name="holds">Whether it makes sense.</param>
    /// <param name="field">Its name.</param>
    /// <param name="range">What it must be, such as "is above 0".</param>
    /// <exception cref="InvalidRequestException">It makes none.</exception>
    public static void Require(bool holds, string field, string range)
    {
        if (!holds)
            throw new InvalidRequestException(field, $"{range}.");
    }

    /// <summary>Why a version was refused.</summary>
    public static string Missed(string what, double value, string wanted) => $"{what} {Of(value)}; wanted is {wanted}";

    /// <summary>A figure, for people.</summary>
    public static string Of(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);
}
