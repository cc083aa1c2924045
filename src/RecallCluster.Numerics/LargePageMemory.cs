using System.Runtime.InteropServices;

namespace RecallCluster.Numerics;

/// <summary>Zeroed memory that asked for large pages; freed when disposed or dropped.</summary>
internal sealed unsafe partial class LargePageMemory : IDisposable
{
    private const nuint LargePage = 2 << 20;
    private const int AdviseHugePage = 14;

    private readonly nuint _bytes;

    public LargePageMemory(nuint bytes)
    {
        // Whole large pages, so that the last one can be large too.
        _bytes = (bytes + LargePage - 1) / LargePage * LargePage;
        if (_bytes == 0)
            _bytes = LargePage;
        Pointer = NativeMemory.AlignedAlloc(_bytes, LargePage);
        GC.AddMemoryPressure((long)_bytes);
        if (OperatingSystem.IsLinux())
            Advised = Advise(Pointer, _bytes, AdviseHugePage) == 0;

        // The pages come into being as they are written for the first time, so the advice has to come before.
        NativeMemory.Clear(Pointer, _bytes);
    }

    ~LargePageMemory() => Free();

    public void* Pointer { get; private set; }

    public bool Advised { get; }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);

    private void Free()
    {
        if (Pointer == null)
            return;
        NativeMemory.AlignedFree(Pointer);
        GC.RemoveMemoryPressure((long)_bytes);
        Pointer = null;
    }
}
