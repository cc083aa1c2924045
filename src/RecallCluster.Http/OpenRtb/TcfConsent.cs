using System.Buffers.Text;

namespace RecallCluster.Http.OpenRtb;

/// <summary>
/// The part of a TC string that says whether a vendor may store and access data (purpose 1) and choose personalised ads (purpose 4).
/// </summary>
/// <remarks>Source: IAB Europe and IAB Tech Lab, Consent string and vendor list formats v2, "The core string".</remarks>
internal static class TcfConsent
{
    private const int StoreData = 1, PersonalisedAds = 4;
    private const int PurposesAt = 152, VendorsAt = 213;
    private const int MaxBytes = 16 << 10;

    /// <summary>Whether the string allows both purposes to a vendor; what cannot be read does not.</summary>
    /// <param name="text">The TC string; its core is what comes before the first dot.</param>
    /// <param name="vendor">Number of the vendor; 0 is none.</param>
    public static bool Allows(string? text, int vendor)
    {
        if (vendor < 1 || text is null)
            return false;
        ReadOnlySpan<char> core = text.AsSpan();
        if (core.IndexOf('.') is >= 0 and int dot)
            core = core[..dot];
        if (!Base64Url.IsValid(core, out int length) || length is 0 or > MaxBytes)
            return false;
        var bytes = new byte[length];
        if (!Base64Url.TryDecodeFromChars(core, bytes, out int decoded))
            return false;
        var bits = new BitReader(bytes.AsSpan(0, decoded));
        return bits.Read(0, 6) == 2
            && bits.Read(PurposesAt + StoreData - 1, 1) == 1
            && bits.Read(PurposesAt + PersonalisedAds - 1, 1) == 1
            && Names(bits, vendor);
    }

    private static bool Names(BitReader bits, int vendor)
    {
        int max = bits.Read(VendorsAt, 16);
        if (vendor > max)
            return false;
        int at = VendorsAt + 17;
        if (bits.Read(at - 1, 1) == 0)
            return bits.Read(at + vendor - 1, 1) == 1;
        int entries = bits.Read(at, 12);
        at += 12;
        for (int i = 0; i < entries; i++)
        {
            bool isRange = bits.Read(at, 1) == 1;
            int first = bits.Read(at + 1, 16), last = isRange ? bits.Read(at + 17, 16) : first;
            if (first <= vendor && vendor <= last && first > 0)
                return true;
            at += isRange ? 33 : 17;
        }
        return false;
    }

    /// <summary>Numbers of so many bits, the highest first; beyond the end all bits are 0.</summary>
    private readonly ref struct BitReader(ReadOnlySpan<byte> bytes)
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;

        public int Read(int at, int count)
        {
            int value = 0;
            for (int bit = at; bit < at + count; bit++)
            {
                int next = bit >> 3 < _bytes.Length ? (_bytes[bit >> 3] >> (7 - (bit & 7))) & 1 : 0;
                value = (value << 1) | next;
            }
            return value;
        }
    }
}
