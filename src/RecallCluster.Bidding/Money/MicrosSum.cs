using System.Globalization;
using System.Text.Json.Serialization;

namespace RecallCluster.Bidding.Money;

/// <summary>
/// A sum of amounts that only ever grows, such as all that leases were granted on a day, whatever they gave back. No budget bounds it, so
/// it has 128 bits: more than any number of events of any price can fill.
/// </summary>
/// <param name="Value">Micro-units.</param>
[JsonConverter(typeof(MicrosSumJsonConverter))]
public readonly record struct MicrosSum(Int128 Value)
{
    /// <summary>Nothing.</summary>
    public static MicrosSum Zero => default;

    /// <summary>An amount as a sum of one.</summary>
    public static implicit operator MicrosSum(Micros amount) => new(amount.Value);

    /// <summary>The sum.</summary>
    /// <exception cref="OverflowException">It is beyond what 128 bits hold.</exception>
    public static MicrosSum operator +(MicrosSum a, MicrosSum b) => new(checked(a.Value + b.Value));

    /// <summary>The difference.</summary>
    /// <exception cref="OverflowException">It is beyond what 128 bits hold.</exception>
    public static MicrosSum operator -(MicrosSum a, MicrosSum b) => new(checked(a.Value - b.Value));

    /// <summary>The sum in units of the currency: <c>12.500000</c>; beyond 10^22 units in micro-units.</summary>
    public override string ToString() => Int128.Abs(Value) < (Int128)decimal.MaxValue
        ? ((decimal)Value / Micros.PerUnit).ToString("F6", CultureInfo.InvariantCulture)
        : $"{Value.ToString(CultureInfo.InvariantCulture)} micro-units";
}
