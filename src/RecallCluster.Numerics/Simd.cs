using System.Runtime.Intrinsics.X86;

namespace RecallCluster.Numerics;

/// <summary>The instruction sets that the kernels are written for, in order of preference.</summary>
public enum SimdPath
{
    /// <summary>Plain scalar code that runs anywhere.</summary>
    Portable = 0,

    /// <summary>256-bit vectors with fused multiply-add.</summary>
    Avx2 = 1,

    /// <summary>512-bit vectors (F, BW, DQ and VL subsets).</summary>
    Avx512 = 2,
}

/// <summary>
/// Which <see cref="SimdPath"/> the kernels take. The best one that the processor has is chosen at start; the environment variable
/// <c>RECALL_SIMD</c> (<c>portable</c>, <c>avx2</c>, <c>avx512</c>) lowers it for a process, <see cref="Force"/> for a test.
/// </summary>
public static class Simd
{
    private static SimdPath _path = Initial();

    /// <summary>The best path that this processor can run.</summary>
    public static SimdPath Best =>
        Avx512F.IsSupported && Avx512BW.IsSupported && Avx512DQ.IsSupported && Avx512F.VL.IsSupported ? SimdPath.Avx512
        : Avx2.IsSupported && Fma.IsSupported ? SimdPath.Avx2
        : SimdPath.Portable;

    /// <summary>The path in force.</summary>
    public static SimdPath Path => _path;

    /// <summary>Takes <paramref name="path"/> until the returned handle is disposed. For tests: it is process-wide.</summary>
    /// <exception cref="PlatformNotSupportedException">The processor cannot run <paramref name="path"/>.</exception>
    public static IDisposable Force(SimdPath path)
    {
        if (path > Best)
            throw new PlatformNotSupportedException($"SIMD path {path} was asked for; this processor offers {Best} at best.");
        var restore = new Restore(_path);
        _path = path;
        return restore;
    }

    private static SimdPath Initial()
    {
        string? wanted = Environment.GetEnvironmentVariable("RECALL_SIMD");
        if (string.IsNullOrEmpty(wanted))
            return Best;
        if (!Enum.TryParse(wanted, ignoreCase: true, out SimdPath path) || path > Best)
            throw new PlatformNotSupportedException(
                $"RECALL_SIMD={wanted}: want portable, avx2 or avx512, at most {Best} on this processor.");
        return path;
    }

    private sealed class Restore(SimdPath previous) : IDisposable
    {
        public void Dispose() => _path = previous;
    }
}
