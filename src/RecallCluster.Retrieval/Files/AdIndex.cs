using System.Text;
using System.Text.Json;
using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.Files;

/// <summary>How much of an index file is checked when it is opened. The header and the section table always are.</summary>
public enum IndexCheck
{
    /// <summary>Nothing more: the file is trusted.</summary>
    Header,

    /// <summary>
    /// The graph too: its checksums, and that every row and neighbour is in bounds, so that a walk cannot leave the memory.
    /// </summary>
    Graph,

    /// <summary>Everything, as <see cref="AdIndex.Verify"/> does.</summary>
    All,
}

/// <summary>
/// An index file, mapped into memory: graph, target vectors, folded records and external ids of the ads, by ordinal. Opening reads none
/// of the vectors, records and ids. Thread-safe; must not be used after it was disposed, nor be disposed while it is used.
/// </summary>
public sealed class AdIndex : IDisposable
{
    private static readonly string[] GraphSections =
    [
        SectionNames.Levels, SectionNames.BaseSplits, SectionNames.BaseNeighbors, SectionNames.UpperRows, SectionNames.UpperSplits,
        SectionNames.UpperNeighbors,
    ];

    private readonly MappedFile _file;
    private readonly IndexFileReader _reader;
    private readonly IdTable _ids;

    private AdIndex(string path, MappedFile file)
    {
        FilePath = path;
        _file = file;
        _reader = new IndexFileReader(file, path);
        IndexHeader header = _reader.Header;
        Count = (int)header.Count;
        Dim = header.Dim;
        RecordLength = header.RecordLength;
        Vectors = _reader.Section<float>(SectionNames.Vectors, header.Count * header.Dim);
        Records = RecordLength == 0
            ? new NativeBlock<float>(0)
            : _reader.Section<float>(SectionNames.Records, header.Count * header.RecordLength);
        Graph = new HnswGraph(
            Count,
            header.M,
            header.M0,
            header.EntryPoint,
            _reader.Section<byte>(SectionNames.Levels, header.Count),
            _reader.Section<int>(SectionNames.BaseSplits, header.Count + 1),
            _reader.Section<int>(SectionNames.BaseNeighbors, null),
            _reader.Section<int>(SectionNames.UpperRows, header.Count),
            _reader.Section<int>(SectionNames.UpperSplits, null),
            _reader.Section<int>(SectionNames.UpperNeighbors, null));
        NativeBlock<int> slots = _reader.Section<int>(SectionNames.IdTable, null);
        if (!System.Numerics.BitOperations.IsPow2(slots.Length) || slots.Length <= header.Count)
            throw IndexFormat.Broken(path, $"section '{SectionNames.IdTable}'", $"{slots.Length} slots cannot be a table of {Count} ids");
        _ids = new IdTable(
            path, Count, _reader.Section<long>(SectionNames.IdOffsets, header.Count + 1), _reader.Section<byte>(SectionNames.IdBytes, null),
            slots);
        new GraphChecker(path, Graph).CheckEnds();
        Metadata = ReadMetadata();
        ScorerWeights = _reader.Has(SectionNames.ScorerWeights)
            ? _reader.Section<byte>(SectionNames.ScorerWeights, null)
            : new NativeBlock<byte>(0);
    }

    /// <summary>Path of the file.</summary>
    public string FilePath { get; }

    /// <summary>Number of ads.</summary>
    public int Count { get; }

    /// <summary>Components of a target vector.</summary>
    public int Dim { get; }

    /// <summary>Floats of a folded record; 0 when the file has none.</summary>
    public int RecordLength { get; }

    /// <summary>Target vectors, <see cref="Count"/> x <see cref="Dim"/> floats.</summary>
    public NativeBlock<float> Vectors { get; }

    /// <summary>Folded records, <see cref="Count"/> x <see cref="RecordLength"/> floats.</summary>
    public NativeBlock<float> Records { get; }

    /// <summary>The graph over the ads.</summary>
    public HnswGraph Graph { get; }

    /// <summary>The scorer's weights as they were given to the writer; empty when there are none.</summary>
    public NativeBlock<byte> ScorerWeights { get; }

    /// <summary>What the file says about itself.</summary>
    public AdIndexMetadata Metadata { get; }

    /// <summary>Bytes of the file.</summary>
    public long FileBytes => _file.Length;

    /// <summary>Maps an index file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="check">How much of it is checked now.</param>
    /// <exception cref="InvalidDataException">
    /// It is truncated, damaged, of another version or no index file; the message names file, section and check.
    /// </exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static AdIndex Open(string path, IndexCheck check = IndexCheck.Graph)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (new FileInfo(path) is { Exists: true, Length: 0 })
            throw IndexFormat.Broken(path, "header", "the file is empty");
        var file = new MappedFile(path);
        try
        {
            var index = new AdIndex(path, file);
            if (check == IndexCheck.All)
                index.Verify();
            else if (check == IndexCheck.Graph)
                index.VerifyGraph();
            return index;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The external id of an ad.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such ad.</exception>
    public string IdOf(int ordinal) => Encoding.UTF8.GetString(_ids[ordinal]);

    /// <summary>The ordinal of an external id.</summary>
    /// <returns>Whether the index has the ad.</returns>
    public bool TryOrdinalOf(string id, out int ordinal)
    {
        ArgumentNullException.ThrowIfNull(id);
        ordinal = _ids.Find(id);
        return ordinal >= 0;
    }

    /// <summary>Checks that vectors and records have the sizes that a model works with.</summary>
    /// <exception cref="InvalidDataException">They have not.</exception>
    public void RequireShape(int dim, int recordLength)
    {
        if (Dim != dim || RecordLength != recordLength)
            throw IndexFormat.Broken(
                FilePath, "header", $"vectors of {Dim} and records of {RecordLength} floats; the model wants {dim} and {recordLength}");
    }

    /// <summary>Reads the whole file and checks every checksum, the graph and the ids.</summary>
    /// <exception cref="InvalidDataException">Something is damaged; the message names file, section and check.</exception>
    public void Verify()
    {
        foreach (string section in _reader.Sections)
            _reader.VerifySection(section);
        new GraphChecker(FilePath, Graph).CheckRows();
        _ids.Verify();
    }

    /// <summary>Touches every page, so that the first requests do not wait for the device.</summary>
    /// <returns>The sum of the bytes touched, which means nothing but keeps the reads from being optimised away.</returns>
    public unsafe long Warm()
    {
        ObjectDisposedException.ThrowIf(_file.Pointer == null, this);
        long sum = 0;
        for (long at = 0; at < _file.Length; at += IndexFormat.PageSize)
            sum += _file.Pointer[at];
        return sum;
    }

    /// <summary>
    /// Tells the system that the records' pages will hardly be needed, because they were copied: their memory is free for others. They can
    /// still be read, from the file.
    /// </summary>
    public unsafe void ReleaseRecords() => MappedFile.Release((byte*)Records.Pointer, Records.Length * sizeof(float));

    /// <summary>Unmaps the file; all blocks of the index are invalid afterwards.</summary>
    public void Dispose()
    {
        _ids.Dispose();
        Vectors.Dispose();
        Records.Dispose();
        ScorerWeights.Dispose();
        Graph.Levels.Dispose();
        Graph.BaseSplits.Dispose();
        Graph.BaseNeighbors.Dispose();
        Graph.UpperRows.Dispose();
        Graph.UpperSplits.Dispose();
        Graph.UpperNeighbors.Dispose();
        _file.Dispose();
    }

    private void VerifyGraph()
    {
        foreach (string section in GraphSections)
            _reader.VerifySection(section);
        new GraphChecker(FilePath, Graph).CheckRows();
    }

    private AdIndexMetadata ReadMetadata()
    {
        // Small, and read at once: so it is checked at once.
        NativeBlock<byte> json = _reader.Section<byte>(SectionNames.Metadata, null);
        _reader.VerifySection(SectionNames.Metadata);
        try
        {
            return AdIndexMetadata.FromJson(json.Span(0, checked((int)json.Length)));
        }
        catch (JsonException error)
        {
            throw new InvalidDataException(
                IndexFormat.Broken(FilePath, $"section '{SectionNames.Metadata}'", error.Message).Message, error);
        }
    }
}
