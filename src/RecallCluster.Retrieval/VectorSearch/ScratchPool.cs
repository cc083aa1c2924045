namespace RecallCluster.Retrieval.VectorSearch;

/// <summary>
/// A lock-free pool of the memory that a search needs. A thread takes one from the slot of its processor, or from the next that has
/// one, or makes one; what finds no free slot on return is disposed.
/// </summary>
internal sealed class ScratchPool<T>(Func<T> create)
    where T : class, IDisposable
{
    private readonly T?[] _slots = new T?[Math.Max(4, 2 * Environment.ProcessorCount)];

    /// <summary>Takes a scratch object; give it back by <see cref="Return"/>.</summary>
    public T Rent()
    {
        int start = Thread.GetCurrentProcessorId();
        for (int i = 0; i < _slots.Length; i++)
        {
            ref T? slot = ref _slots[(uint)(start + i) % (uint)_slots.Length];
            if (slot is not null && Interlocked.Exchange(ref slot, null) is { } scratch)
                return scratch;
        }
        return create();
    }

    /// <summary>Gives back what <see cref="Rent"/> gave.</summary>
    public void Return(T scratch)
    {
        int start = Thread.GetCurrentProcessorId();
        for (int i = 0; i < _slots.Length; i++)
        {
            ref T? slot = ref _slots[(uint)(start + i) % (uint)_slots.Length];
            if (slot is null && Interlocked.CompareExchange(ref slot, scratch, null) is null)
                return;
        }
        scratch.Dispose();
    }
}
