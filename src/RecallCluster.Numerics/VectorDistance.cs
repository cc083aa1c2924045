using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace RecallCluster.Numerics;

/// <summary>
/// The distance of one metric at one vector length, bound once to the kernels of <see cref="Simd.Path"/> so that a search pays one
/// indirect call for a batch of vectors.
/// </summary>
public readonly unsafe struct VectorDistance
{
    private readonly delegate*<float*, float*, int, float> _one;
    private readonly delegate*<float*, float*, int, int*, int, float*, void> _many;

    /// <summary>Binds <paramref name="metric"/> for vectors of <paramref name="dim"/> components.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The metric is unknown or <paramref name="dim"/> is negative.</exception>
    public VectorDistance(VectorMetric metric, int dim)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(dim);
        Metric = metric;
        Dim = dim;
        switch (metric)
        {
            case VectorMetric.SquaredL2:
                _one = OneOf<SquaredL2Step>();
                _many = ManyOf<SquaredL2Step>();
                break;
            case VectorMetric.InnerProduct:
                _one = OneOf<NegatedProductStep>();
                _many = ManyOf<NegatedProductStep>();
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(metric), metric, "Unknown vector metric.");
        }
    }

    /// <summary>The metric.</summary>
    public VectorMetric Metric { get; }

    /// <summary>Number of components of a vector.</summary>
    public int Dim { get; }

    /// <summary>The distance between two vectors of <see cref="Dim"/> floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float One(float* a, float* b) => _one(a, b, Dim);

    /// <summary>
    /// The distances of <paramref name="query"/> to the rows <paramref name="ordinals"/> of a matrix. Several rows are computed side by
    /// side while the next ones are fetched, which hides most of the latency of memory.
    /// </summary>
    /// <param name="query"><see cref="Dim"/> floats.</param>
    /// <param name="vectors">Row-major matrix, <see cref="Dim"/> floats a row.</param>
    /// <param name="ordinals">Row numbers; <paramref name="count"/> of them, each inside the matrix.</param>
    /// <param name="count">Number of rows to measure.</param>
    /// <param name="distances">Receives <paramref name="count"/> distances.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Many(float* query, float* vectors, int* ordinals, int count, float* distances) =>
        _many(query, vectors, Dim, ordinals, count, distances);

    private static delegate*<float*, float*, int, float> OneOf<TStep>()
        where TStep : struct, IDistanceStep => Simd.Path switch
        {
            SimdPath.Avx512 => &DistanceKernel<Vector512<float>, Lanes512, TStep>.One,
            SimdPath.Avx2 => &DistanceKernel<Vector256<float>, Lanes256, TStep>.One,
            _ => &DistanceKernel<Vector128<float>, Lanes128, TStep>.One,
        };

    private static delegate*<float*, float*, int, int*, int, float*, void> ManyOf<TStep>()
        where TStep : struct, IDistanceStep => Simd.Path switch
        {
            SimdPath.Avx512 => &DistanceKernel<Vector512<float>, Lanes512, TStep>.Many,
            SimdPath.Avx2 => &DistanceKernel<Vector256<float>, Lanes256, TStep>.Many,
            _ => &DistanceKernel<Vector128<float>, Lanes128, TStep>.Many,
        };
}
