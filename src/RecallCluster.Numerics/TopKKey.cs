using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace RecallCluster.Numerics;

/// <summary>
/// A score and its ordinal packed into one integer whose order is "higher score first, lower ordinal first among equals": the high half is
/// the score's bits mapped to an unsigned order, the low half the complement of the ordinal. Keys of distinct ordinals are distinct, so a
/// selection among keys needs no rule for ties, and moving a pair is moving one integer. -0 counts as +0; NaN has no key.
/// </summary>
public static unsafe class TopKKey
{
    /// <summary>Lower than the key of every number and at least the key of every NaN: "more than this" keeps all numbers.</summary>
    public const ulong None = uint.MaxValue;

    /// <summary>
    /// The key of <paramref name="score"/> at <paramref name="ordinal"/>; at most <see cref="None"/> when the score is NaN.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Pack(float score, int ordinal)
    {
        int bits = BitConverter.SingleToInt32Bits(score + 0f);
        uint sortable = float.IsNaN(score) ? 0u : (uint)bits ^ ((uint)(bits >> 31) | 0x80000000u);
        return ((ulong)sortable << 32) | ~(uint)ordinal;
    }

    /// <summary>The ordinal inside <paramref name="key"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Ordinal(ulong key) => (int)~(uint)key;

    /// <summary>The score inside <paramref name="key"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Score(ulong key)
    {
        uint sortable = (uint)(key >> 32);
        uint flip = (sortable & 0x80000000u) != 0 ? 0x80000000u : uint.MaxValue;
        return BitConverter.UInt32BitsToSingle(sortable ^ flip);
    }

    /// <summary>Number of keys that <see cref="AppendAbove"/> may write past the ones it reports.</summary>
    public const int Slack = 16;

    /// <summary>Packs the pairs whose key is above <paramref name="threshold"/> and whose score is not NaN.</summary>
    /// <param name="ordinals">Ordinals, <paramref name="length"/> of them.</param>
    /// <param name="scores">Scores, one per ordinal.</param>
    /// <param name="length">Number of pairs.</param>
    /// <param name="threshold">Only keys above it are kept; <see cref="None"/> keeps every number.</param>
    /// <param name="destination">Receives the keys in input order; room for <paramref name="length"/> + <see cref="Slack"/>.</param>
    /// <param name="nan">Number of scores that are NaN.</param>
    /// <returns>Number of keys written.</returns>
    public static int AppendAbove(int* ordinals, float* scores, int length, ulong threshold, ulong* destination, out int nan) =>
        Append(new ListedOrdinals(ordinals), scores, length, threshold, destination, out nan);

    /// <summary>
    /// The same as <see cref="AppendAbove"/> for scores of consecutive ordinals, the first of which is <paramref name="firstOrdinal"/>.
    /// </summary>
    /// <param name="firstOrdinal">Ordinal of the first score.</param>
    /// <param name="scores">Scores.</param>
    /// <param name="length">Number of scores.</param>
    /// <param name="threshold">Only keys above it are kept; <see cref="None"/> keeps every number.</param>
    /// <param name="destination">Receives the keys in input order; room for <paramref name="length"/> + <see cref="Slack"/>.</param>
    /// <param name="nan">Number of scores that are NaN.</param>
    /// <returns>Number of keys written.</returns>
    public static int AppendConsecutiveAbove(
        int firstOrdinal, float* scores, int length, ulong threshold, ulong* destination, out int nan) =>
        Append(new ConsecutiveOrdinals(firstOrdinal), scores, length, threshold, destination, out nan);

    private static int Append<TOrdinals>(TOrdinals ordinals, float* scores, int length, ulong threshold, ulong* destination, out int nan)
        where TOrdinals : struct, IOrdinals
    {
        threshold = Math.Max(threshold, None);
        int written = 0, i = 0;
        nan = 0;
        if (Simd.Path >= SimdPath.Avx512)
        {
            Vector512<ulong> bound = Vector512.Create(threshold);
            for (; i + 16 <= length; i += 16)
            {
                Vector512<float> score = Vector512.Load(scores + i) + Vector512<float>.Zero;
                Vector512<int> isNumber = Vector512.Equals(score, score).AsInt32();
                nan += 16 - System.Numerics.BitOperations.PopCount((uint)isNumber.ExtractMostSignificantBits());
                Vector512<int> bits = score.AsInt32();
                Vector512<int> flip = Vector512.ShiftRightArithmetic(bits, 31) | Vector512.Create(int.MinValue);
                Vector512<uint> sortable = ((bits ^ flip) & isNumber).AsUInt32();
                Vector512<uint> low = ~ordinals.Sixteen(i).AsUInt32();
                (Vector512<ulong> scoreLower, Vector512<ulong> scoreUpper) = Vector512.Widen(sortable);
                (Vector512<ulong> ordinalLower, Vector512<ulong> ordinalUpper) = Vector512.Widen(low);
                written += CompressAbove((scoreLower << 32) | ordinalLower, bound, destination + written);
                written += CompressAbove((scoreUpper << 32) | ordinalUpper, bound, destination + written);
            }
        }
        for (; i < length; i++)
        {
            ulong key = Pack(scores[i], ordinals.One(i));
            destination[written] = key;
            written += key > threshold ? 1 : 0;
            nan += float.IsNaN(scores[i]) ? 1 : 0;
        }
        return written;
    }

    /// <summary>
    /// Stores the lanes above <paramref name="bound"/> side by side; writes all eight lanes, of which the first returned number count.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int CompressAbove(Vector512<ulong> keys, Vector512<ulong> bound, ulong* destination)
    {
        Vector512<ulong> above = Vector512.GreaterThan(keys, bound);
        Avx512F.Compress(Vector512<ulong>.Zero, above, keys).Store(destination);
        return System.Numerics.BitOperations.PopCount(above.ExtractMostSignificantBits());
    }

    /// <summary>Where the ordinals come from; implemented by structs, so that packing is compiled for each.</summary>
    private interface IOrdinals
    {
        int One(int i);

        Vector512<int> Sixteen(int i);
    }

    private readonly struct ListedOrdinals(int* ordinals) : IOrdinals
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int One(int i) => ordinals[i];

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector512<int> Sixteen(int i) => Vector512.Load(ordinals + i);
    }

    private readonly struct ConsecutiveOrdinals(int first) : IOrdinals
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int One(int i) => first + i;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector512<int> Sixteen(int i) => Vector512.Create(first + i) + Vector512<int>.Indices;
    }
}
