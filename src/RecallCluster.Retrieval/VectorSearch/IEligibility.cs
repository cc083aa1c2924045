using System.Runtime.CompilerServices;

namespace RecallCluster.Retrieval.VectorSearch;

/// <summary>Which nodes may be returned. Implemented by structs, so that a walk is compiled for each kind of filter.</summary>
internal interface IEligibility
{
    bool Contains(int node);
}

/// <summary>One bit per node: bit i % 64 of word i / 64.</summary>
internal readonly unsafe struct BitmapEligibility(ulong* words) : IEligibility
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Contains(int node) => (words[node >> 6] >> (node & 63) & 1) != 0;
}

/// <summary>A caller's own test.</summary>
internal readonly struct DelegateEligibility(Func<int, bool> test) : IEligibility
{
    public bool Contains(int node) => test(node);
}
