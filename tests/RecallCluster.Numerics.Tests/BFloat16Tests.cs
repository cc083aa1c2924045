namespace RecallCluster.Numerics.Tests;

public sealed class BFloat16Tests
{
    [Theory]
    [InlineData(0f, 0x0000)]
    [InlineData(-0f, 0x8000)]
    [InlineData(1f, 0x3F80)]
    [InlineData(-2.5f, 0xC020)]
    [InlineData(1.00390625f, 0x3F80)] // halfway between two: the even one, below
    [InlineData(1.01171875f, 0x3F82)] // halfway between two: the even one, above
    [InlineData(1.0039064f, 0x3F81)]
    [InlineData(float.MaxValue, 0x7F80)]
    [InlineData(float.PositiveInfinity, 0x7F80)]
    [InlineData(float.NegativeInfinity, 0xFF80)]
    public void Narrows_to_the_nearest(float value, int bits) => Assert.Equal(bits, BFloat16.Narrow(value));

    [Fact]
    public void Not_a_number_stays()
    {
        Assert.True(float.IsNaN(BFloat16.Widen(BFloat16.Narrow(float.NaN))));
        Assert.True(float.IsNaN(BFloat16.Widen(BFloat16.Narrow(BitConverter.UInt32BitsToSingle(0x7F800001)))));
    }

    [Fact]
    public void Every_value_survives_widening_and_narrowing()
    {
        for (int bits = 0; bits <= ushort.MaxValue; bits++)
        {
            float value = BFloat16.Widen((ushort)bits);
            if (!float.IsNaN(value))
                Assert.Equal(bits, BFloat16.Narrow(value));
        }
    }

    [Fact]
    public void The_relative_error_is_at_most_half_a_unit_in_the_last_place()
    {
        var random = new SeededRandom(1);
        float[] values = new float[1000];
        for (int i = 0; i < values.Length; i++)
            values[i] = (float)(random.NextGaussian() * Math.Pow(10, random.NextInt(40) - 20));
        ushort[] narrow = new ushort[values.Length];
        BFloat16.Narrow(values, narrow);
        for (int i = 0; i < values.Length; i++)
            Assert.True(Math.Abs(BFloat16.Widen(narrow[i]) - values[i]) <= Math.Abs(values[i]) / 256);
        Assert.Throws<ArgumentException>(() => BFloat16.Narrow(values, narrow.AsSpan(1)));
    }
}
