using System.Buffers;
using System.Runtime.InteropServices;

namespace RecallCluster.Grains.Shards;

/// <summary>
/// Memory of one type of numbers as memory of another, without a copy: a user's state is forty kilobytes, for every shard of every request.
/// </summary>
internal static class CastMemory
{
    /// <summary>The same memory; bytes beyond the last whole value are left out.</summary>
    public static ReadOnlyMemory<TTo> Of<TFrom, TTo>(ReadOnlyMemory<TFrom> memory)
        where TFrom : unmanaged
        where TTo : unmanaged => memory.IsEmpty ? default : new Cast<TFrom, TTo>(memory).Memory;

    private sealed class Cast<TFrom, TTo>(ReadOnlyMemory<TFrom> memory) : MemoryManager<TTo>
        where TFrom : unmanaged
        where TTo : unmanaged
    {
        private readonly Memory<TFrom> _memory = MemoryMarshal.AsMemory(memory);

        public override Span<TTo> GetSpan() => MemoryMarshal.Cast<TFrom, TTo>(_memory.Span);

        public override MemoryHandle Pin(int elementIndex = 0) =>
            throw new NotSupportedException("Pin the memory that this is a view of.");

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
