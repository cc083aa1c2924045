namespace RecallCluster.Numerics;

/// <summary>bfloat16, the upper half of a float: sign, 8 bits of exponent, 7 bits of mantissa.</summary>
public static class BFloat16
{
    /// <summary>The nearest bfloat16, ties to even; NaN stays NaN, and what is too large becomes infinity.</summary>
    public static ushort Narrow(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value))
            return (ushort)((bits >> 16) | 0x40);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary>The float of the same value.</summary>
    public static float Widen(ushort value) => BitConverter.UInt32BitsToSingle((uint)value << 16);

    /// <summary>Narrows <paramref name="source"/> value by value.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Narrow(ReadOnlySpan<float> source, Span<ushort> destination)
    {
        if (source.Length != destination.Length)
            throw new ArgumentException($"{source.Length} values do not go into {destination.Length}.", nameof(destination));
        for (int i = 0; i < source.Length; i++)
            destination[i] = Narrow(source[i]);
    }
}
