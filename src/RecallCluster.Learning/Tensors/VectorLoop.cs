using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace RecallCluster.Learning.Tensors;

/// <summary>y = f(x), sixteen values at a time.</summary>
internal interface IUnaryKernel
{
    Vector512<float> Apply(Vector512<float> x);
}

/// <summary>z = f(x, y), sixteen values at a time.</summary>
internal interface IBinaryKernel
{
    Vector512<float> Apply(Vector512<float> x, Vector512<float> y);
}

/// <summary>
/// Loops over spans for small kernels that are inlined into them. Without 512-bit registers the runtime splits the vectors; results are
/// the same, lane by lane.
/// </summary>
internal static class VectorLoop
{
    public const int Lanes = 16;

    /// <summary>Applies <paramref name="kernel"/> to each value; <paramref name="result"/> may be <paramref name="x"/>.</summary>
    public static void Map<TKernel>(TKernel kernel, ReadOnlySpan<float> x, Span<float> result)
        where TKernel : struct, IUnaryKernel
    {
        result = result[..x.Length];
        ref float source = ref MemoryMarshal.GetReference(x);
        ref float target = ref MemoryMarshal.GetReference(result);
        int i = 0;
        for (; i <= x.Length - Lanes; i += Lanes)
            kernel.Apply(Vector512.LoadUnsafe(ref source, (nuint)i)).StoreUnsafe(ref target, (nuint)i);
        if (i < x.Length)
            Store(kernel.Apply(Load(x[i..])), result[i..]);
    }

    /// <summary>Applies <paramref name="kernel"/> to pairs of values; <paramref name="result"/> may be either of them.</summary>
    public static void Map<TKernel>(TKernel kernel, ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> result)
        where TKernel : struct, IBinaryKernel
    {
        y = y[..x.Length];
        result = result[..x.Length];
        ref float first = ref MemoryMarshal.GetReference(x);
        ref float second = ref MemoryMarshal.GetReference(y);
        ref float target = ref MemoryMarshal.GetReference(result);
        int i = 0;
        for (; i <= x.Length - Lanes; i += Lanes)
        {
            Vector512<float> value = kernel.Apply(Vector512.LoadUnsafe(ref first, (nuint)i), Vector512.LoadUnsafe(ref second, (nuint)i));
            value.StoreUnsafe(ref target, (nuint)i);
        }
        if (i < x.Length)
            Store(kernel.Apply(Load(x[i..]), Load(y[i..])), result[i..]);
    }

    /// <summary>Pairs each value of <paramref name="x"/> with the same <paramref name="y"/>.</summary>
    public static void Map<TKernel>(TKernel kernel, ReadOnlySpan<float> x, float y, Span<float> result)
        where TKernel : struct, IBinaryKernel
    {
        result = result[..x.Length];
        ref float first = ref MemoryMarshal.GetReference(x);
        ref float target = ref MemoryMarshal.GetReference(result);
        Vector512<float> second = Vector512.Create(y);
        int i = 0;
        for (; i <= x.Length - Lanes; i += Lanes)
            kernel.Apply(Vector512.LoadUnsafe(ref first, (nuint)i), second).StoreUnsafe(ref target, (nuint)i);
        if (i < x.Length)
            Store(kernel.Apply(Load(x[i..]), second), result[i..]);
    }

    /// <summary>Up to sixteen values; lanes beyond them are zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(ReadOnlySpan<float> values)
    {
        Span<float> lanes = stackalloc float[Lanes];
        lanes.Clear();
        values[..Math.Min(Lanes, values.Length)].CopyTo(lanes);
        return Vector512.Create<float>(lanes);
    }

    /// <summary>The first lanes, as many as fit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<float> vector, Span<float> values)
    {
        Span<float> lanes = stackalloc float[Lanes];
        vector.CopyTo(lanes);
        lanes[..Math.Min(Lanes, values.Length)].CopyTo(values);
    }
}
