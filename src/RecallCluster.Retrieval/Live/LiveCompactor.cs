using RecallCluster.Numerics;
using RecallCluster.Retrieval.Building;
using RecallCluster.Retrieval.Files;

namespace RecallCluster.Retrieval.Live;

/// <summary>
/// Writes the living ads of a live index as an index file: every node made reachable, near ads side by side. For the writer.
/// </summary>
internal sealed unsafe class LiveCompactor
{
    private const int Dead = -1;
    private readonly LiveStore _store;
    private readonly LiveIds _ids;
    private readonly AdIndex _file;
    private readonly HnswOptions _options;

    // Old ordinals of the living in order, and the new ordinal of each old one.
    private readonly int[] _living;
    private readonly int[] _renumbered;

    public LiveCompactor(LiveStore store, LiveIds ids, AdIndex file, int efConstruction)
    {
        _store = store;
        _ids = ids;
        _file = file;
        _options = new HnswOptions { M = store.M, BaseDegree = store.M0, EfConstruction = efConstruction };
        _living = [.. Enumerable.Range(0, store.Count).Where(node => !store.IsDeleted(node))];
        _renumbered = new int[store.Count];
        Array.Fill(_renumbered, Dead);
        for (int i = 0; i < _living.Length; i++)
            _renumbered[_living[i]] = i;
    }

    public void Write(string path)
    {
        int dim = _store.Dim;
        using var vectors = new NativeBlock<float>((long)_living.Length * dim);
        for (int i = 0; i < _living.Length; i++)
            _store.Vectors.Span((long)_living[i] * dim, dim).CopyTo(vectors.Span((long)i * dim, dim));
        HnswGraph graph = BuildGraph(vectors);
        int[] order = LocalityOrder.Find(graph);
        int[] nodes = Array.ConvertAll(order, i => _living[i]);
        graph = LocalityOrder.Apply(graph, order);
        List<IndexSection> sections = [IndexSection.OfRows(SectionNames.Vectors, vectors, dim, order)];
        if (_store.RecordLength > 0)
            sections.Add(IndexSection.OfRows(SectionNames.Records, _store.Records, _store.RecordLength, nodes));
        sections.AddRange(IdTable.Sections(Array.ConvertAll(nodes, node => _ids[node])));
        ReadOnlyMemory<byte> weights = _file.ScorerWeights.Span(0, checked((int)_file.ScorerWeights.Length)).ToArray();
        AdIndexFile.Write(path, graph, dim, _store.RecordLength, sections, weights, _file.Metadata);
    }

    private HnswGraph BuildGraph(NativeBlock<float> vectors)
    {
        var levels = new NativeBlock<byte>(_living.Length);
        for (int i = 0; i < _living.Length; i++)
            levels[i] = (byte)_store.Level(_living[i]);
        using var graph = new GraphUnderConstruction(levels, _store.M, _store.M0);
        var distance = new VectorDistance(VectorMetric.SquaredL2, _store.Dim);
        for (int i = 0; i < _living.Length; i++)
        {
            for (int layer = 0; layer <= levels[i]; layer++)
                CopyRow(graph, i, layer, vectors, distance);
        }
        new ReachabilityRepair(graph, vectors.Pointer, _store.Dim, _options).Run(CancellationToken.None);
        return graph.ToSparse();
    }

    private void CopyRow(GraphUnderConstruction graph, int node, int layer, NativeBlock<float> vectors, VectorDistance distance)
    {
        int* row = _store.Neighbors(_living[node], layer, out int degree);
        int* nodes = stackalloc int[degree];
        float* lengths = stackalloc float[degree];
        int living = 0;
        for (int i = 0; i < degree; i++)
        {
            nodes[living] = _renumbered[row[i]];
            living += _renumbered[row[i]] == Dead ? 0 : 1;
        }
        distance.Many(vectors.Pointer + ((long)node * _store.Dim), vectors.Pointer, nodes, living, lengths);
        graph.Links(layer).Replace(
            graph.Row(node, layer), new ReadOnlySpan<int>(nodes, living), new ReadOnlySpan<float>(lengths, living), diverse: 0);
    }
}
