using System.Runtime.CompilerServices;

namespace RecallCluster.Retrieval.VectorSearch;

/// <summary>
/// A distance, a node and a flag in 64 bits whose order as integers is by distance, then by node: the distance's bits made monotone
/// (high half), the node (31 bits), and whether the node was expanded (lowest bit).
/// </summary>
internal static class NodeKey
{
    private const ulong ExpandedBit = 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Pack(float distance, int node)
    {
        int bits = BitConverter.SingleToInt32Bits(distance);
        uint monotone = (uint)(bits ^ ((bits >> 31) | int.MinValue));
        return ((ulong)monotone << 32) | ((ulong)(uint)node << 1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Node(ulong key) => (int)((uint)key >> 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Distance(ulong key)
    {
        int monotone = (int)(key >> 32);
        return BitConverter.Int32BitsToSingle(monotone ^ (~(monotone >> 31) | int.MinValue));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsExpanded(ulong key) => (key & ExpandedBit) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Expanded(ulong key) => key | ExpandedBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Unexpanded(ulong key) => key & ~ExpandedBit;
}
