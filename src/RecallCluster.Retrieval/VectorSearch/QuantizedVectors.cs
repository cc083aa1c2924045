using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.VectorSearch;

/// <summary>
/// Vectors as 8-bit codes: code = round((x - mean) / step), clamped to [-127, 127], with a mean for each component and one step for all, so
/// that squared distances between codes are squared distances between vectors in units of the step. A vector takes a quarter of the memory
/// of its floats, and at 64 components one cache line.
/// </summary>
public sealed unsafe class QuantizedVectors : IDisposable
{
    private const int LargestCode = 127;

    // Beyond it, a sum of squared code differences could overflow 32 bits.
    private const int LargestDim = 32_768;

    // Components further from their mean than this many deviations are clamped: rare, and the exact re-rank sees the true values.
    private const double Reach = 6;

    private readonly float[] _means;
    private readonly VectorMetric _metric;

    /// <summary>Encodes <paramref name="count"/> vectors.</summary>
    /// <param name="vectors">Row-major, count x dim finite floats.</param>
    /// <param name="count">Number of vectors.</param>
    /// <param name="dim">Components of a vector, 1 to 32,768.</param>
    /// <param name="metric">The metric they are compared by.</param>
    /// <exception cref="ArgumentException">The block does not hold count x dim floats.</exception>
    public QuantizedVectors(NativeBlock<float> vectors, int count, int dim, VectorMetric metric)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfLessThan(dim, 1);
        if (vectors.Length < (long)count * dim)
            throw new ArgumentException(
                $"{count} vectors of {dim} components need {(long)count * dim} floats; the block has {vectors.Length}.", nameof(vectors));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(dim, LargestDim);
        Count = count;
        Dim = dim;
        Stride = (dim + CodeKernels.Block - 1) / CodeKernels.Block * CodeKernels.Block;
        _metric = metric;
        _means = new float[dim];
        Step = ChooseStep(vectors, count);
        Codes = new NativeBlock<sbyte>((long)count * Stride);
        for (long row = 0; row < count; row++)
        {
            float* vector = vectors.Pointer + (row * dim);
            sbyte* codes = Codes.Pointer + (row * Stride);
            for (int j = 0; j < dim; j++)
                codes[j] = (sbyte)Math.Clamp(MathF.Round((vector[j] - _means[j]) / Step), -LargestCode, LargestCode);
        }
    }

    /// <summary>Number of vectors.</summary>
    public int Count { get; }

    /// <summary>Components of a vector.</summary>
    public int Dim { get; }

    /// <summary>Codes of a row: <see cref="Dim"/> and zeros up to a multiple of <see cref="CodeKernels.Block"/>.</summary>
    public int Stride { get; }

    /// <summary>The width of a code in units of the components.</summary>
    public float Step { get; }

    /// <summary>The codes, row-major, <see cref="Stride"/> a row.</summary>
    public NativeBlock<sbyte> Codes { get; }

    /// <inheritdoc/>
    public void Dispose() => Codes.Dispose();

    /// <summary>
    /// Writes a query in the units of the codes. Under the inner product the means only add the same number to every distance, so the query
    /// is scaled on its own, to as many bits as the sums leave room for.
    /// </summary>
    /// <param name="query"><see cref="Dim"/> floats.</param>
    /// <param name="encoded">Receives <see cref="Stride"/> components.</param>
    internal void EncodeQuery(ReadOnlySpan<float> query, Span<short> encoded)
    {
        int limit = CodeKernels.QueryLimit(_metric, Stride);
        encoded.Clear();
        if (_metric == VectorMetric.SquaredL2)
        {
            for (int j = 0; j < Dim; j++)
                encoded[j] = (short)Math.Clamp(MathF.Round((query[j] - _means[j]) / Step), -limit, limit);
            return;
        }
        float largest = 0;
        for (int j = 0; j < Dim; j++)
            largest = Math.Max(largest, Math.Abs(query[j]));
        float scale = largest > 0 ? limit / largest : 0;
        for (int j = 0; j < Dim; j++)
            encoded[j] = (short)Math.Clamp(MathF.Round(query[j] * scale), -limit, limit);
    }

    private float ChooseStep(NativeBlock<float> vectors, int count)
    {
        var sums = new double[Dim];
        var squares = new double[Dim];
        for (long row = 0; row < count; row++)
        {
            for (int j = 0; j < Dim; j++)
                sums[j] += vectors[(row * Dim) + j];
        }
        double furthest = 0, widest = 0;
        for (int j = 0; j < Dim; j++)
            _means[j] = (float)(sums[j] / Math.Max(1, count));
        for (long row = 0; row < count; row++)
        {
            for (int j = 0; j < Dim; j++)
            {
                double offset = vectors[(row * Dim) + j] - _means[j];
                squares[j] += offset * offset;
                furthest = Math.Max(furthest, Math.Abs(offset));
            }
        }
        foreach (double square in squares)
            widest = Math.Max(widest, Math.Sqrt(square / Math.Max(1, count)));
        float step = (float)(Math.Min(furthest, Reach * widest) / LargestCode);
        return step > 0 ? step : 1;
    }
}

/// <summary>8-bit codes and an encoded query.</summary>
internal readonly unsafe struct CodeMeasure(VectorMetric metric, short* query, QuantizedVectors vectors) : IMeasure
{
    private readonly sbyte* _codes = vectors.Codes.Pointer;
    private readonly int _stride = vectors.Stride;

    public void Many(int* nodes, int count, float* distances) => CodeKernels.Many(metric, query, _codes, _stride, nodes, count, distances);

    public void Prefetch(int node) => VectorKernels.Prefetch(_codes + ((long)node * _stride), _stride);
}
