using System.Text.Json;
using RecallCluster.Bidding.Money;

namespace RecallCluster.Bidding.Tests.Money;

public class MicrosTests
{
    [Fact]
    public void Sums_are_exact_and_overflow_is_an_error()
    {
        Assert.Equal(Micros.FromUnits(0.3m), Micros.FromUnits(0.1m) + Micros.FromUnits(0.2m));
        Assert.Throws<OverflowException>(() => new Micros(long.MaxValue) + new Micros(1));
        Assert.Throws<OverflowException>(() => new Micros(long.MinValue) - new Micros(1));
        Assert.Throws<OverflowException>(() => Micros.FromUnits(9_223_372_036_855m));
        Assert.Throws<OverflowException>(() => Micros.Ceiling(double.NaN));
        Assert.Throws<OverflowException>(() => Micros.Floor(1e19));
        Assert.Throws<ArgumentOutOfRangeException>(() => Micros.FromUnits(0.0000001m));
    }

    [Fact]
    public void Rounding_goes_where_its_name_says()
    {
        Assert.Equal((new Micros(2), new Micros(-1)), (Micros.Ceiling(1.1), Micros.Ceiling(-1.9)));
        Assert.Equal((new Micros(1), new Micros(-2)), (Micros.Floor(1.9), Micros.Floor(-1.1)));
        Assert.Equal("-1.500000", Micros.FromUnits(-1.5m).ToString());
    }

    [Fact]
    public void In_json_an_amount_is_its_micro_units_and_no_fraction()
    {
        Assert.Equal("1500000", JsonSerializer.Serialize(Micros.FromUnits(1.5m)));
        Assert.Equal(new Micros(long.MinValue), JsonSerializer.Deserialize<Micros>("-9223372036854775808"));
        foreach (string bad in new[] { "1.5", "\"1\"", "9223372036854775808", "1e300" })
            Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Micros>(bad));
    }

    [Fact]
    public void A_sum_of_amounts_outgrows_64_bits_and_stands_in_json_as_its_digits()
    {
        MicrosSum sum = MicrosSum.Zero + new Micros(long.MaxValue) + new Micros(long.MaxValue);
        Assert.Equal("18446744073709551614", JsonSerializer.Serialize(sum));
        foreach (MicrosSum some in new[] { sum, MicrosSum.Zero - sum, new Micros(7), new MicrosSum(Int128.MaxValue) })
            Assert.Equal(some, JsonSerializer.Deserialize<MicrosSum>(JsonSerializer.Serialize(some)));
        Assert.Equal("18446744073709.551614", sum.ToString());
        Assert.Equal("170141183460469231731687303715884105727 micro-units", new MicrosSum(Int128.MaxValue).ToString());
        Assert.Throws<OverflowException>(() => new MicrosSum(Int128.MaxValue) + new Micros(1));
        foreach (string bad in new[] { "1.5", "\"1\"", "1e300", "null", "170141183460469231731687303715884105728" })
            Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<MicrosSum>(bad));
    }
}
