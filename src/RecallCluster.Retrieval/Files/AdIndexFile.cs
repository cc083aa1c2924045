using RecallCluster.Numerics;
using RecallCluster.Retrieval.Building;

namespace RecallCluster.Retrieval.Files;

/// <summary>Writes index files; <see cref="AdIndex.Open"/> reads them.</summary>
public static class AdIndexFile
{
    /// <summary>Creates or replaces an index file. The name shows the new file only when all of it is on the device.</summary>
    /// <exception cref="ArgumentException">
    /// The parts do not fit together, or ids are empty or occur twice, or the order is no permutation; the message names the place.
    /// </exception>
    /// <exception cref="IOException">The file could not be written; the name shows what it showed before.</exception>
    public static void Write(string path, AdIndexContents contents)
    {
        ArgumentNullException.ThrowIfNull(contents);
        HnswGraph graph = contents.Graph;
        long count = graph.Count;
        ArgumentOutOfRangeException.ThrowIfLessThan(contents.Dim, 1, nameof(contents.Dim));
        ArgumentOutOfRangeException.ThrowIfNegative(contents.RecordLength, nameof(contents.RecordLength));
        if (contents.Ids.Count != count)
            throw new ArgumentException($"There are {contents.Ids.Count} ids for {count} ads.", nameof(contents));
        int[]? order = contents.Order is { } given ? [.. given] : null;
        if (order is not null)
            graph = LocalityOrder.Apply(graph, order);
        var sections = new List<IndexSection> { Rows(SectionNames.Vectors, contents.Vectors, contents.Dim) };
        if (contents.RecordLength > 0)
        {
            NativeBlock<float> records = contents.Records
                ?? throw new ArgumentException($"RecordLength is {contents.RecordLength}, but there are no records.", nameof(contents));
            sections.Add(Rows(SectionNames.Records, records, contents.RecordLength));
        }
        sections.AddRange(IdTable.Sections(order is null ? contents.Ids : Array.ConvertAll(order, ad => contents.Ids[ad])));
        Write(path, graph, contents.Dim, contents.RecordLength, sections, contents.ScorerWeights, contents.Metadata);

        IndexSection Rows(string name, NativeBlock<float> matrix, int length) =>
            order is null ? IndexSection.Of(name, matrix, count * length) : IndexSection.OfRows(name, matrix, length, order);
    }

    /// <summary>Writes a graph, the sections that hold an entry per ad, and the descriptions.</summary>
    internal static void Write(
        string path,
        HnswGraph graph,
        int dim,
        int recordLength,
        IEnumerable<IndexSection> adSections,
        ReadOnlyMemory<byte> scorerWeights,
        AdIndexMetadata metadata)
    {
        List<IndexSection> sections =
        [
            IndexSection.Of(SectionNames.Levels, graph.Levels, graph.Count),
            IndexSection.Of(SectionNames.BaseSplits, graph.BaseSplits, graph.Count + 1L),
            IndexSection.Of(SectionNames.BaseNeighbors, graph.BaseNeighbors, graph.BaseSplits[graph.Count]),
            IndexSection.Of(SectionNames.UpperRows, graph.UpperRows, graph.Count),
            IndexSection.Of(SectionNames.UpperSplits, graph.UpperSplits, graph.UpperSplits.Length),
            IndexSection.Of(SectionNames.UpperNeighbors, graph.UpperNeighbors, graph.UpperSplits[graph.UpperSplits.Length - 1]),
            .. adSections,
            IndexSection.Of(SectionNames.Metadata, metadata.ToJson()),
        ];
        if (!scorerWeights.IsEmpty)
            sections.Add(IndexSection.Of(SectionNames.ScorerWeights, scorerWeights));
        var header = new IndexHeader
        {
            Count = graph.Count,
            Dim = dim,
            RecordLength = recordLength,
            M = graph.M,
            M0 = graph.M0,
            EntryPoint = graph.EntryPoint,
        };
        IndexFileWriter.Write(path, header, sections);
    }
}
