using System.Runtime.InteropServices;

namespace RecallCluster.Numerics;

/// <summary>Zeroed, aligned memory that asks for large pages where it is large enough to gain by them.</summary>
internal static unsafe partial class NativePages
{
    /// <summary>
    /// Bytes from which on large pages are asked for: what the second-level page caches of today reach with pages of 4 KiB.
    /// </summary>
    public const nuint Large = 8 << 20;

    private const nuint Alignment = 64;
    private const nuint LargePage = 2 << 20;
    private const int AdviseHugePage = 14;

    /// <summary>Allocates memory, to be freed by <see cref="NativeMemory.AlignedFree"/>.</summary>
    /// <exception cref="OutOfMemoryException">There is not enough memory.</exception>
    public static void* Allocate(nuint bytes)
    {
        bool large = bytes >= Large && OperatingSystem.IsLinux();
        void* memory = NativeMemory.AlignedAlloc(bytes, large ? LargePage : Alignment);
        if (large)
            _ = Advise(memory, bytes, AdviseHugePage); // A kernel without large pages refuses, and small ones do as well.

        // The pages come into being as they are written for the first time, so the advice has to come before.
        NativeMemory.Clear(memory, bytes);
        return memory;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);
}
