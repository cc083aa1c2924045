using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.VectorSearch;

/// <summary>
/// Like <see cref="VectorSearcher"/>, but walks the graph over 8-bit codes and then measures the nearest by their floats, so that the
/// distances and the order of what is returned are exact; only which nodes were found depends on the codes. Thread-safe, without
/// locks, and without allocation once its pool of search memory has grown to the number of concurrent searches.
/// </summary>
public sealed unsafe class QuantizedVectorSearcher
{
    private readonly HnswGraph _graph;
    private readonly NativeBlock<float> _vectors;
    private readonly QuantizedVectors _codes;
    private readonly VectorDistance _distance;
    private readonly int _rerankFactor;
    private readonly ScratchPool<SearchScratch> _scratch;

    /// <summary>A searcher over <paramref name="graph"/>.</summary>
    /// <param name="graph">The graph, built over the float vectors.</param>
    /// <param name="vectors">Row-major float vectors; must outlive the searcher.</param>
    /// <param name="codes">The same vectors as codes; must outlive the searcher.</param>
    /// <param name="metric">The metric, the same as graph and codes were made with.</param>
    /// <param name="rerankFactor">Nodes measured exactly for each one returned, at most ef in all; at least 1.</param>
    /// <exception cref="ArgumentException">Graph, vectors and codes differ in number.</exception>
    public QuantizedVectorSearcher(
        HnswGraph graph, NativeBlock<float> vectors, QuantizedVectors codes, VectorMetric metric, int rerankFactor = 2)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(vectors);
        ArgumentNullException.ThrowIfNull(codes);
        ArgumentOutOfRangeException.ThrowIfLessThan(rerankFactor, 1);
        if (codes.Count != graph.Count)
            throw new ArgumentException($"The graph has {graph.Count} nodes; there are codes for {codes.Count}.", nameof(codes));
        if (vectors.Length < (long)graph.Count * codes.Dim)
            throw new ArgumentException($"{graph.Count} nodes of {codes.Dim} components need {(long)graph.Count * codes.Dim} floats; the "
                + $"block has {vectors.Length}.", nameof(vectors));
        _graph = graph;
        _vectors = vectors;
        _codes = codes;
        _distance = new VectorDistance(metric, codes.Dim);
        _rerankFactor = rerankFactor;
        _scratch = new ScratchPool<SearchScratch>(() => new SearchScratch(graph));
    }

    /// <summary>Finds the nodes nearest to <paramref name="query"/>.</summary>
    /// <param name="query">A vector.</param>
    /// <param name="ef">Search width. Raised to K where it is less.</param>
    /// <param name="ordinals">Receives up to K = its length nodes, nearest first by exact distance.</param>
    /// <param name="distances">Receives their exact distances; at least as long, or empty.</param>
    /// <returns>Number of nodes found: K, or the number of nodes where that is less.</returns>
    /// <exception cref="ArgumentException">The query has another length or holds NaN or an infinity, or an output is too short.</exception>
    public int Search(ReadOnlySpan<float> query, int ef, Span<int> ordinals, Span<float> distances)
    {
        SearchResults.CheckArguments(query, _codes.Dim, ef, ordinals, distances);
        if (_graph.Count == 0 || ordinals.Length == 0)
            return 0;
        SearchScratch scratch = _scratch.Rent();
        try
        {
            var encoded = new Span<short>(scratch.QueryBytes(_codes.Stride * sizeof(short)), _codes.Stride);
            _codes.EncodeQuery(query, encoded);
            int width = Math.Min(Math.Max(ef, ordinals.Length), _graph.Count);
            fixed (float* exact = query)
            {
                scratch.Search(new CodeMeasure(_distance.Metric, (short*)scratch.Query.Pointer, _codes), width);
                long wanted = (long)ordinals.Length * _rerankFactor;
                scratch.Rerank(new FloatMeasure(_distance, exact, _vectors.Pointer), (int)Math.Min(width, wanted));
            }
            return SearchResults.Copy(scratch.Pool, ordinals, distances);
        }
        finally
        {
            _scratch.Return(scratch);
            GC.KeepAlive(_vectors);
            GC.KeepAlive(_codes);
        }
    }
}
