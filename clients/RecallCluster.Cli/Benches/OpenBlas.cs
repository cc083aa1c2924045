using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace RecallCluster.Cli.Benches;

/// <summary>OpenBLAS's sgemm, loaded at run time where the system has it: the peer that the dense kernels are measured against.</summary>
internal sealed unsafe class OpenBlas
{
    private const string CoreVariable = "OPENBLAS_CORETYPE";
    private const int RowMajor = 101;
    private const int NoTranspose = 111;

    private static readonly string[] Names = ["libopenblas.so.0", "libopenblas.so", "libopenblas.dylib", "libopenblas.dll"];

    private readonly delegate* unmanaged<int, void> _setThreads;
    private readonly delegate* unmanaged<int, int, int, int, int, int, float, float*, int, float*, int, float, float*, int, void> _sgemm;

    private OpenBlas(nint library)
    {
        _setThreads = (delegate* unmanaged<int, void>)NativeLibrary.GetExport(library, "openblas_set_num_threads");
        _sgemm = (delegate* unmanaged<int, int, int, int, int, int, float, float*, int, float*, int, float, float*, int, void>)
            NativeLibrary.GetExport(library, "cblas_sgemm");
        Name = Text(library, "openblas_get_config") + ", kernels for " + Text(library, "openblas_get_corename");
    }

    /// <summary>The library's version and the processor that its kernels were chosen for.</summary>
    public string Name { get; }

    /// <summary>The library, or null where there is none.</summary>
    public static OpenBlas? TryLoad()
    {
        ChooseKernels();
        foreach (string name in Names)
        {
            if (NativeLibrary.TryLoad(name, out nint library))
                return new OpenBlas(library);
        }
        return null;
    }

    /// <summary>How many threads the products use from now on.</summary>
    public void SetThreads(int threads) => _setThreads(threads);

    /// <summary>C = A B, row-major: A m x k, B k x n, C m x n.</summary>
    public void Multiply(float* a, float* b, float* c, int m, int n, int k) =>
        _sgemm(RowMajor, NoTranspose, NoTranspose, m, n, k, 1, a, k, b, n, 0, c, n);

    // A processor newer than the library gets its slowest kernels (SSE3). Naming a core gives the peer its best instead. The C
    // library's own environment has to be set: the runtime's is a copy.
    private static void ChooseKernels()
    {
        if (!OperatingSystem.IsLinux() || !Avx512F.IsSupported || Environment.GetEnvironmentVariable(CoreVariable) is { Length: > 0 })
            return;
        var setenv = (delegate* unmanaged<byte*, byte*, int, int>)NativeLibrary.GetExport(NativeLibrary.Load("libc.so.6"), "setenv");
        fixed (byte* name = "OPENBLAS_CORETYPE"u8, value = "SkylakeX"u8)
        {
            if (setenv(name, value, 1) != 0)
                throw new InvalidOperationException($"{CoreVariable} could not be set.");
        }
    }

    private static string Text(nint library, string function)
    {
        var get = (delegate* unmanaged<byte*>)NativeLibrary.GetExport(library, function);
        return Marshal.PtrToStringUTF8((nint)get()) ?? "";
    }
}
