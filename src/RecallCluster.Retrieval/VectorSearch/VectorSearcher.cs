using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.VectorSearch;

/// <summary>
/// Finds the nearest float vectors over an HNSW graph: greedy descent through the upper layers, best-first search of width ef on layer 0
/// (Malkov &amp; Yashunin, arXiv 1603.09320, Algorithms 2 and 5). Immutable and thread-safe; no lock, and no allocation once its
/// pool of search memory has grown to the number of concurrent searches.
/// </summary>
public sealed unsafe class VectorSearcher
{
    private readonly HnswGraph _graph;
    private readonly NativeBlock<float> _vectors;
    private readonly VectorDistance _distance;
    private readonly ScratchPool<SearchScratch> _scratch;

    /// <summary>A searcher over <paramref name="graph"/>.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="vectors">Row-major vectors, graph.Count x <paramref name="dim"/>; must outlive the searcher.</param>
    /// <param name="dim">Components of a vector.</param>
    /// <param name="metric">The metric, the same as the graph was built with.</param>
    /// <exception cref="ArgumentException">There are fewer vectors than nodes.</exception>
    public VectorSearcher(HnswGraph graph, NativeBlock<float> vectors, int dim, VectorMetric metric)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(vectors);
        ArgumentOutOfRangeException.ThrowIfLessThan(dim, 1);
        if (vectors.Length < (long)graph.Count * dim)
            throw new ArgumentException(
                $"{graph.Count} nodes of {dim} components need {(long)graph.Count * dim} floats; the block has {vectors.Length}.",
                nameof(vectors));
        _graph = graph;
        _vectors = vectors;
        _distance = new VectorDistance(metric, dim);
        _scratch = new ScratchPool<SearchScratch>(() => new SearchScratch(graph));
    }

    /// <summary>Finds the nodes nearest to <paramref name="query"/>.</summary>
    /// <param name="query">A vector.</param>
    /// <param name="ef">Search width: more finds more of the true nearest and takes longer. Raised to K where it is less.</param>
    /// <param name="ordinals">Receives up to K = its length nodes, nearest first, ties by ordinal.</param>
    /// <param name="distances">
    /// Receives their distances (<see cref="VectorMetric"/>); at least as long, or empty when they are not wanted.
    /// </param>
    /// <returns>Number of nodes found: K, or the number of nodes where that is less.</returns>
    /// <exception cref="ArgumentException">The query has another length or holds NaN or an infinity, or an output is too short.</exception>
    public int Search(ReadOnlySpan<float> query, int ef, Span<int> ordinals, Span<float> distances)
    {
        SearchScratch? scratch = Rent(query, ef, ordinals, distances);
        if (scratch is null)
            return 0;
        try
        {
            fixed (float* start = query)
                scratch.Search(new FloatMeasure(_distance, start, _vectors.Pointer), Width(ef, ordinals));
            return SearchResults.Copy(scratch.Pool, ordinals, distances);
        }
        finally
        {
            Return(scratch);
        }
    }

    /// <summary>Finds the eligible nodes nearest to <paramref name="query"/>; others are walked through but not returned.</summary>
    /// <param name="query">A vector.</param>
    /// <param name="ef">Search width in eligible nodes. Raised to K where it is less.</param>
    /// <param name="eligible">
    /// One bit per node, bit i % 64 of word i / 64. When few are set they are all measured instead, which is exact.
    /// </param>
    /// <param name="ordinals">Receives up to K = its length nodes, nearest first.</param>
    /// <param name="distances">Receives their distances; at least as long, or empty.</param>
    /// <returns>Number of nodes found: K, or the number of eligible nodes where that is less.</returns>
    /// <exception cref="ArgumentException">As for the other overload, or the bitmap is too short.</exception>
    public int Search(ReadOnlySpan<float> query, int ef, ReadOnlySpan<ulong> eligible, Span<int> ordinals, Span<float> distances)
    {
        SearchResults.CheckBitmap(eligible, _graph.Count);
        SearchScratch? scratch = Rent(query, ef, ordinals, distances);
        if (scratch is null)
            return 0;
        try
        {
            int width = Width(ef, ordinals);
            fixed (float* start = query)
            fixed (ulong* words = eligible)
            {
                var measure = new FloatMeasure(_distance, start, _vectors.Pointer);
                if (SearchResults.PrefersScan(eligible, _graph.Count, width))
                    scratch.Scan(measure, eligible, width);
                else
                    scratch.SearchEligible(measure, new BitmapEligibility(words), width);
            }
            return SearchResults.Copy(scratch.Pool, ordinals, distances);
        }
        finally
        {
            Return(scratch);
        }
    }

    /// <summary>Finds the nodes nearest to <paramref name="query"/> that pass a test; others are walked through but not returned.</summary>
    /// <param name="query">A vector.</param>
    /// <param name="ef">Search width in eligible nodes. Raised to K where it is less.</param>
    /// <param name="eligible">The test, called once for a node. A bitmap is faster, above all when few nodes pass.</param>
    /// <param name="ordinals">Receives up to K = its length nodes, nearest first.</param>
    /// <param name="distances">Receives their distances; at least as long, or empty.</param>
    /// <returns>Number of nodes found: K, or the number of eligible nodes where that is less.</returns>
    /// <exception cref="ArgumentException">As for the other overloads.</exception>
    public int Search(ReadOnlySpan<float> query, int ef, Func<int, bool> eligible, Span<int> ordinals, Span<float> distances)
    {
        ArgumentNullException.ThrowIfNull(eligible);
        SearchScratch? scratch = Rent(query, ef, ordinals, distances);
        if (scratch is null)
            return 0;
        try
        {
            fixed (float* start = query)
            {
                var measure = new FloatMeasure(_distance, start, _vectors.Pointer);
                scratch.SearchEligible(measure, new DelegateEligibility(eligible), Width(ef, ordinals));
            }
            return SearchResults.Copy(scratch.Pool, ordinals, distances);
        }
        finally
        {
            Return(scratch);
        }
    }

    private int Width(int ef, Span<int> ordinals) => Math.Min(Math.Max(ef, ordinals.Length), _graph.Count);

    private SearchScratch? Rent(ReadOnlySpan<float> query, int ef, Span<int> ordinals, Span<float> distances)
    {
        SearchResults.CheckArguments(query, _distance.Dim, ef, ordinals, distances);
        return _graph.Count == 0 || ordinals.Length == 0 ? null : _scratch.Rent();
    }

    private void Return(SearchScratch scratch)
    {
        _scratch.Return(scratch);
        GC.KeepAlive(_vectors);
    }
}
