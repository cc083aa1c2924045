using System.Text;

namespace RecallCluster.Numerics;

/// <summary>
/// Hashes that are the same in every process, on every machine and in every version: what was once decided by one stays decided.
/// </summary>
public static class StableHash
{
    // As long as any id may be: hashing one sets no memory apart.
    private const int OnStack = 256;

    /// <summary>
    /// A hash of a text: FNV-1a (Fowler, Noll, Vo) with 64 bits over its UTF-8 bytes, then two rounds of mixing, because the high bits of
    /// FNV hardly depend on the last bytes.
    /// </summary>
    public static ulong Of(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        ulong hash = 14695981039346656037UL;
        int length = Encoding.UTF8.GetByteCount(text);
        Span<byte> utf8 = length <= OnStack ? stackalloc byte[OnStack] : new byte[length];
        foreach (byte b in utf8[..Encoding.UTF8.GetBytes(text, utf8)])
            hash = (hash ^ b) * 1099511628211UL;
        hash ^= ulong.RotateLeft(hash, 25) ^ ulong.RotateLeft(hash, 50);
        hash *= 0x9E6C63D0676A9A99UL;
        return hash ^ (hash >> 28);
    }

    /// <summary>
    /// One hash made another, which tells nothing of those under other salts: the finaliser of SplitMix64 (Steele, Lea, Flood, 2014) over
    /// the sum of both and its increment.
    /// </summary>
    /// <param name="hash">A hash.</param>
    /// <param name="salt">A hash of what it is for.</param>
    public static ulong Under(ulong hash, ulong salt)
    {
        ulong z = hash + salt + 0x9E3779B97F4A7C15UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }

    /// <summary>Which of so many equal ranges a hash falls into.</summary>
    /// <param name="hash">The hash.</param>
    /// <param name="ranges">Number of ranges, positive.</param>
    public static int RangeOf(ulong hash, int ranges) => (int)Math.BigMul(hash, (ulong)ranges, out _);
}
