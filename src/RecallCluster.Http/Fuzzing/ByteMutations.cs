using RecallCluster.Numerics;

namespace RecallCluster.Http.Fuzzing;

/// <summary>Breaks inputs without a thought for what they mean.</summary>
internal static class ByteMutations
{
    /// <summary>A broken copy: cut off, a byte changed, a part doubled or taken out.</summary>
    public static byte[] Break(byte[] bytes, SeededRandom random)
    {
        if (bytes.Length == 0)
            return bytes;
        int at = random.NextInt(bytes.Length), length = random.NextInt(Math.Min(64, bytes.Length - at)) + 1;
        switch (random.NextInt(4))
        {
            case 0:
                return bytes[..at];
            case 1:
                return [.. bytes[..at], .. bytes.AsSpan(at, length), .. bytes[at..]];
            case 2:
                return [.. bytes[..at], .. bytes[(at + length)..]];
            default:
                byte[] changed = [.. bytes];
                changed[at] = (byte)random.NextInt(256);
                return changed;
        }
    }
}
