using System.Buffers.Binary;

namespace RecallCluster.Learning.Files;

/// <summary>Little-endian bytes of a file to and from values.</summary>
internal static class SafeTensorsConversion
{
    public static void ToSingles(SafeTensorType type, ReadOnlySpan<byte> bytes, Span<float> values)
    {
        int size = type.Size();
        for (int i = 0; i < values.Length; i++)
        {
            ReadOnlySpan<byte> at = bytes.Slice(i * size, size);
            values[i] = type switch
            {
                SafeTensorType.F32 => BinaryPrimitives.ReadSingleLittleEndian(at),
                SafeTensorType.F16 => (float)BinaryPrimitives.ReadHalfLittleEndian(at),
                SafeTensorType.BF16 => BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(at) << 16),
                SafeTensorType.F64 => (float)BinaryPrimitives.ReadDoubleLittleEndian(at),
                _ => Integer(type, at),
            };
        }
    }

    public static void ToIntegers(SafeTensorType type, ReadOnlySpan<byte> bytes, Span<long> values)
    {
        int size = type.Size();
        for (int i = 0; i < values.Length; i++)
            values[i] = Integer(type, bytes.Slice(i * size, size));
    }

    /// <summary>Floats to one of the three float types that are written; halves are rounded to nearest even.</summary>
    public static void FromSingles(SafeTensorType type, ReadOnlySpan<float> values, Span<byte> bytes)
    {
        for (int i = 0; i < values.Length; i++)
        {
            switch (type)
            {
                case SafeTensorType.F32:
                    BinaryPrimitives.WriteSingleLittleEndian(bytes[(i * 4)..], values[i]);
                    break;
                case SafeTensorType.F16:
                    BinaryPrimitives.WriteHalfLittleEndian(bytes[(i * 2)..], (Half)values[i]);
                    break;
                case SafeTensorType.BF16:
                    BinaryPrimitives.WriteUInt16LittleEndian(bytes[(i * 2)..], ToBrainFloat(values[i]));
                    break;
                default:
                    throw new ArgumentException($"Floats cannot be written as {type.HeaderName()}.", nameof(type));
            }
        }
    }

    private static ushort ToBrainFloat(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value))
            return (ushort)((bits >> 16) | 0x40);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    private static long Integer(SafeTensorType type, ReadOnlySpan<byte> at) => type switch
    {
        SafeTensorType.I64 => BinaryPrimitives.ReadInt64LittleEndian(at),
        SafeTensorType.I32 => BinaryPrimitives.ReadInt32LittleEndian(at),
        SafeTensorType.I16 => BinaryPrimitives.ReadInt16LittleEndian(at),
        SafeTensorType.I8 => (sbyte)at[0],
        _ => at[0],
    };
}
