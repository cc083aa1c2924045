using System.Globalization;
using System.Text.Json.Serialization;

namespace RecallCluster.Bidding.Money;

/// <summary>
/// An amount of money in millionths of the currency's unit. An integer, because sums of money have to come out the same in any order, and
/// checked, because a sum that wraps around is worse than an error. May be negative: a difference is an amount too.
/// </summary>
/// <param name="Value">Micro-units.</param>
[JsonConverter(typeof(MicrosJsonConverter))]
public readonly record struct Micros(long Value) : IComparable<Micros>
{
    /// <summary>Micro-units in one unit of the currency.</summary>
    public const long PerUnit = 1_000_000;

    /// <summary>Nothing.</summary>
    public static Micros Zero => default;

    /// <summary>An amount given in units of the currency.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not a whole number of micro-units.</exception>
    /// <exception cref="OverflowException">It is beyond what 64 bits hold, about nine trillion units.</exception>
    public static Micros FromUnits(decimal units)
    {
        decimal micros = units * PerUnit;
        if (decimal.Truncate(micros) != micros)
            throw new ArgumentOutOfRangeException(nameof(units), units, "An amount is a whole number of micro-units.");
        return new Micros(decimal.ToInt64(micros));
    }

    /// <summary>The amount in units of the currency, for estimates and figures; books are kept in whole micro-units.</summary>
    public double ToUnits() => (double)Value / PerUnit;

    /// <summary>The least whole amount that is not below <paramref name="micros"/> micro-units.</summary>
    /// <exception cref="OverflowException">It is not a number, or beyond what 64 bits hold.</exception>
    public static Micros Ceiling(double micros) => new(checked((long)Math.Ceiling(micros)));

    /// <summary>The greatest whole amount that is not above <paramref name="micros"/> micro-units.</summary>
    /// <exception cref="OverflowException">It is not a number, or beyond what 64 bits hold.</exception>
    public static Micros Floor(double micros) => new(checked((long)Math.Floor(micros)));

    /// <summary>The smaller of two.</summary>
    public static Micros Min(Micros a, Micros b) => new(Math.Min(a.Value, b.Value));

    /// <summary>The larger of two.</summary>
    public static Micros Max(Micros a, Micros b) => new(Math.Max(a.Value, b.Value));

    /// <summary>The sum.</summary>
    /// <exception cref="OverflowException">It is beyond what 64 bits hold.</exception>
    public static Micros operator +(Micros a, Micros b) => new(checked(a.Value + b.Value));

    /// <summary>The difference.</summary>
    /// <exception cref="OverflowException">It is beyond what 64 bits hold.</exception>
    public static Micros operator -(Micros a, Micros b) => new(checked(a.Value - b.Value));

    /// <summary>Whether the left is smaller.</summary>
    public static bool operator <(Micros a, Micros b) => a.Value < b.Value;

    /// <summary>Whether the left is larger.</summary>
    public static bool operator >(Micros a, Micros b) => a.Value > b.Value;

    /// <summary>Whether the left is not larger.</summary>
    public static bool operator <=(Micros a, Micros b) => a.Value <= b.Value;

    /// <summary>Whether the left is not smaller.</summary>
    public static bool operator >=(Micros a, Micros b) => a.Value >= b.Value;

    /// <inheritdoc/>
    public int CompareTo(Micros other) => Value.CompareTo(other.Value);

    /// <summary>The amount in units of the currency: <c>12.500000</c>.</summary>
    public override string ToString() => ((decimal)Value / PerUnit).ToString("F6", CultureInfo.InvariantCulture);
}
