using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;

namespace RecallCluster.Serving.Catalogue;

/// <summary>
/// Ads packed as an ads file gave them: numbers in arrays, strings in a <see cref="BytePool"/>, an open-addressing table (load at most one
/// half) from id to row. Filled by one thread, then read by any without a lock.
/// </summary>
internal sealed class AdTable
{
    private const int PausedBit = int.MinValue;
    private const int Texts = 5;
    private const ulong Multiplier = 0x9E3779B97F4A7C15UL;
    private readonly BytePool _pool = new();
    private readonly List<long> _places = [];
    private readonly List<int> _campaigns = [], _facets = [];
    private int[] _slots = new int[16];

    /// <summary>Number of ads.</summary>
    public int Count => _places.Count;

    /// <summary>Bytes of memory, without the arrays' headers.</summary>
    public long Bytes => _pool.Bytes + (Count * 16L) + (_slots.Length * 4L);

    /// <summary>Adds an ad.</summary>
    /// <returns>Whether its id was new.</returns>
    public bool Add(Ad ad, int campaign, int facet)
    {
        if (Find(ad.Id) >= 0)
            return false;
        if ((Count + 1) * 2 > _slots.Length)
            Grow();
        _places.Add(_pool.Add(ad.Id, ad.Creative.Media.OriginalString, ad.Creative.Title, ad.Creative.Text, ad.LandingPage.OriginalString));
        _campaigns.Add(campaign);
        _facets.Add(ad.IsPaused ? facet | PausedBit : facet);
        Place(Count - 1);
        return true;
    }

    /// <summary>The row of an id, or -1.</summary>
    public int Find(string id)
    {
        const int OnStack = 256;
        int most = Encoding.UTF8.GetMaxByteCount(id.Length);
        byte[]? rented = most > OnStack ? ArrayPool<byte>.Shared.Rent(most) : null;
        Span<byte> buffer = rented ?? stackalloc byte[OnStack];
        int row = Find(buffer[..Encoding.UTF8.GetBytes(id, buffer)]);
        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented);
        return row;
    }

    /// <summary>What an auction has to know of a row.</summary>
    public AdEntry EntryOf(int row) =>
        new(row, _campaigns[row], _facets[row] & ~PausedBit, (_facets[row] & PausedBit) != 0);

    /// <summary>Unpacks a row.</summary>
    public Ad AdOf(int row, CampaignNumbers numbers, FacetTable facets)
    {
        Span<string?> texts = new string?[Texts];
        _pool.Read(_places[row], texts);
        AdEntry entry = EntryOf(row);
        Facet facet = facets.All[entry.Facet];
        return new Ad
        {
            Id = texts[0]!,
            CampaignId = numbers.IdOf(entry.Campaign),
            Categories = facet.Categories,
            Creative = new Creative
            {
                Kind = facet.Kind,
                Width = facet.Width,
                Height = facet.Height,
                Media = new Uri(texts[1]!),
                MediaType = facet.MediaType,
                Title = texts[2],
                Text = texts[3],
                Duration = facet.Duration,
            },
            LandingPage = new Uri(texts[4]!),
            IsPaused = entry.IsPaused,
        };
    }

    private int Find(ReadOnlySpan<byte> id)
    {
        int mask = _slots.Length - 1;
        for (int slot = (int)Hash(id) & mask; _slots[slot] != 0; slot = (slot + 1) & mask)
        {
            int row = _slots[slot] - 1;
            if (_pool.First(_places[row]).SequenceEqual(id))
                return row;
        }
        return -1;
    }

    private void Place(int row)
    {
        int mask = _slots.Length - 1, slot = (int)Hash(_pool.First(_places[row])) & mask;
        while (_slots[slot] != 0)
            slot = (slot + 1) & mask;
        _slots[slot] = row + 1;
    }

    private void Grow()
    {
        _slots = new int[_slots.Length * 2];
        for (int row = 0; row < Count; row++)
            Place(row);
    }

    // Eight bytes at a time, each mixed by a multiplication and a rotation; the high half is the best mixed.
    private static uint Hash(ReadOnlySpan<byte> id)
    {
        ulong hash = (ulong)id.Length;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(id);
        foreach (ulong word in words)
            hash = BitOperations.RotateLeft((hash ^ word) * Multiplier, 29);
        foreach (byte b in id[(words.Length * sizeof(ulong))..])
            hash = (hash ^ b) * Multiplier;
        return (uint)((hash * Multiplier) >> 32);
    }
}
