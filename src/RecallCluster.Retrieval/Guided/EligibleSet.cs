using System.Numerics;
using System.Runtime.CompilerServices;

namespace RecallCluster.Retrieval.Guided;

/// <summary>The ads that one request may return, as a bitmap that stays as it is while the request runs; or all of them.</summary>
internal readonly unsafe struct EligibleSet
{
    private readonly ulong* _words;
    private readonly int _limit;

    private EligibleSet(int limit, int count, ulong* words)
    {
        _limit = limit;
        Count = count;
        _words = words;
    }

    /// <summary>Whether every ad is eligible.</summary>
    public bool All => _words == null;

    /// <summary>Number of eligible ads.</summary>
    public int Count { get; }

    /// <summary>Number of words of the set as a bitmap.</summary>
    public int WordCount => (int)(((long)_limit + 63) / 64);

    /// <summary>All of <paramref name="count"/> ads.</summary>
    public static EligibleSet Everything(int count) => new(count, count, null);

    /// <summary>What a filter allows of <paramref name="count"/> ads; null allows all.</summary>
    public static EligibleSet Of(EligibilityFilter? filter, int count)
    {
        if (filter is null)
            return Everything(count);
        int limit = Math.Min(filter.Length, count);
        return new EligibleSet(limit, filter.Length <= count ? filter.AllowedCount : CountBits(filter.Words, limit), filter.Words);
    }

    /// <summary>The ads of a bitmap of <paramref name="count"/> bits; bits beyond do not matter.</summary>
    public static EligibleSet Of(ulong* words, int count) => new(count, CountBits(words, count), words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Contains(int ordinal) => All || (ordinal < _limit && (_words[ordinal >> 6] & (1UL << ordinal)) != 0);

    /// <summary>Eligibility of the 64 ads from 64 x <paramref name="word"/> on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Word(int word)
    {
        ulong bits = All ? ulong.MaxValue : _words[word];
        int beyond = ((word + 1) << 6) - _limit;
        return beyond <= 0 ? bits : bits & (ulong.MaxValue >> beyond);
    }

    private static int CountBits(ulong* words, int limit)
    {
        int count = 0;
        for (int word = 0; word < limit >> 6; word++)
            count += BitOperations.PopCount(words[word]);
        return (limit & 63) == 0 ? count : count + BitOperations.PopCount(words[limit >> 6] & ((1UL << limit) - 1));
    }
}
