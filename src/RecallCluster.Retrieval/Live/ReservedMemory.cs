using System.Runtime.InteropServices;
using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.Live;

/// <summary>
/// Zeroed memory of which the operating system commits a page when it is first written: room to grow that costs nothing until it is
/// used. Freed when the last reader lets go of the block, by the garbage collector: whoever still searches an outgrown store keeps it.
/// </summary>
internal sealed unsafe class ReservedMemory : IDisposable
{
    private const int Alignment = 64;
    private void* _memory;

    private ReservedMemory(nuint bytes) => _memory = NativeMemory.AllocZeroed(bytes + Alignment);

    ~ReservedMemory() => Free();

    /// <summary>A zeroed, 64-byte aligned block of <paramref name="length"/> values.</summary>
    public static NativeBlock<T> Block<T>(long length)
        where T : unmanaged
    {
        var memory = new ReservedMemory((nuint)length * (nuint)sizeof(T));
        nuint aligned = ((nuint)memory._memory + Alignment - 1) / Alignment * Alignment;
        return new NativeBlock<T>((T*)aligned, length, memory);
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.Free(_memory);
        _memory = null;
    }
}
