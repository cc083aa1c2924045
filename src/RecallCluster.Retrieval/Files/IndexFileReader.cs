using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.Files;

/// <summary>
/// The header and the section table of a mapped index file, both checked when it is constructed, and typed access to the sections.
/// </summary>
internal sealed unsafe class IndexFileReader
{
    private readonly MappedFile _file;
    private readonly string _path;
    private readonly Dictionary<string, SectionEntry> _sections = [];

    /// <exception cref="InvalidDataException">The file is not an index file of this version, or its first page is damaged.</exception>
    public IndexFileReader(MappedFile file, string path)
    {
        _file = file;
        _path = path;
        if (file.Length < IndexFormat.PageSize)
            throw Broken("header", $"the file has {file.Length} bytes, less than the {IndexFormat.PageSize} of the first page");
        var page = new ReadOnlySpan<byte>(file.Pointer, IndexFormat.PageSize);
        Header = MemoryMarshal.Read<IndexHeader>(page);
        CheckHeader(page);
        ReadTable(MemoryMarshal.Cast<byte, SectionEntry>(page[IndexFormat.TableOffset..])[..Header.SectionCount]);
    }

    public IndexHeader Header { get; }

    /// <summary>Names of the sections, in the order in which they lie in the file.</summary>
    public IEnumerable<string> Sections => _sections.Keys;

    /// <summary>The values of a section.</summary>
    /// <param name="name">Name of the section.</param>
    /// <param name="length">How many values it must have, or null for any number.</param>
    /// <exception cref="InvalidDataException">There is no such section, or it has another type or length.</exception>
    public NativeBlock<T> Section<T>(string name, long? length)
        where T : unmanaged
    {
        if (!_sections.TryGetValue(name, out SectionEntry entry))
            throw Broken("section table", $"section '{name}' is missing");
        if (entry.Type != IndexSection.TypeOf<T>() || entry.ElementSize != Unsafe.SizeOf<T>())
            throw Broken($"section '{name}'", $"its values are {entry.Type} of {entry.ElementSize} bytes, not {IndexSection.TypeOf<T>()}");
        if (length is not null && entry.Length != length)
            throw Broken($"section '{name}'", $"it has {entry.Length} values; the header's counts want {length}");
        return _file.Block<T>(entry.Offset, entry.Length);
    }

    public bool Has(string name) => _sections.ContainsKey(name);

    /// <summary>Checks the checksum of a section, and that zeros follow it up to the next page.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public void VerifySection(string name)
    {
        const int Piece = 1 << 20;
        SectionEntry entry = _sections[name];
        uint state = Crc32C.Start;
        for (long at = 0; at < entry.Bytes; at += Piece)
            state = Crc32C.Update(
                state, new ReadOnlySpan<byte>(_file.Pointer + entry.Offset + at, (int)Math.Min(Piece, entry.Bytes - at)));
        if (Crc32C.Finish(state) != entry.Checksum)
            throw Broken($"section '{name}'", $"its checksum is {Crc32C.Finish(state):x8}, the table says {entry.Checksum:x8}");
        long padding = IndexFormat.PadToPage(entry.Bytes) - entry.Bytes;
        if (new ReadOnlySpan<byte>(_file.Pointer + entry.Offset + entry.Bytes, (int)padding).ContainsAnyExcept((byte)0))
            throw Broken($"section '{name}'", "the padding after it is not zero");
    }

    private void CheckHeader(ReadOnlySpan<byte> page)
    {
        if (Header.Magic != IndexFormat.Magic)
        {
            throw Header.ByteOrder == System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(IndexFormat.ByteOrder)
                ? Broken("header", "the file was written on a machine of the other byte order")
                : Broken("header", $"it starts with {Header.Magic:x16}; an index file starts with {IndexFormat.Magic:x16}");
        }
        if (Header.ByteOrder != IndexFormat.ByteOrder)
            throw Broken("header", $"the byte-order mark is {Header.ByteOrder:x8}, not {IndexFormat.ByteOrder:x8}");
        if (Header.Version != IndexFormat.Version)
            throw Broken("header", $"the format version is {Header.Version}; this program reads version {IndexFormat.Version}");
        Span<byte> copy = stackalloc byte[IndexFormat.PageSize];
        page.CopyTo(copy);
        IndexHeader unsigned = Header;
        unsigned.Checksum = 0;
        MemoryMarshal.Write(copy, unsigned);
        uint checksum = Crc32C.Of(copy);
        if (checksum != Header.Checksum)
            throw Broken("header", $"the checksum of the first page is {checksum:x8}; it says {Header.Checksum:x8}");
        if (Header.FileLength != _file.Length)
            throw Broken("header", $"the file has {_file.Length} bytes; it should have {Header.FileLength}");
        if (Header.SectionCount is < 0 or > IndexFormat.MaxSections)
            throw Broken("header", $"it announces {Header.SectionCount} sections; the table holds {IndexFormat.MaxSections}");
        if (Header.Count is < 0 or > int.MaxValue || Header.Dim < 1 || Header.RecordLength < 0)
            throw Broken("header", $"{Header.Count} ads of {Header.Dim} components and {Header.RecordLength} record floats make no index");
    }

    private void ReadTable(ReadOnlySpan<SectionEntry> table)
    {
        long end = IndexFormat.PageSize;
        foreach (SectionEntry entry in table)
        {
            string part = $"section '{entry.Name}'";
            if (entry.ElementSize is < 1 or > 8 || entry.Length < 0 || entry.Length > _file.Length / entry.ElementSize)
                throw Broken(part, $"{entry.Length} values of {entry.ElementSize} bytes do not fit into the file");
            if (entry.Offset != end || entry.Offset + IndexFormat.PadToPage(entry.Bytes) > _file.Length)
                throw Broken(
                    part,
                    $"it lies at {entry.Offset} with {entry.Bytes} bytes; the sections before it end at {end}, the file at {_file.Length}");
            if (!_sections.TryAdd(entry.Name, entry))
                throw Broken(part, "it occurs twice");
            end = entry.Offset + IndexFormat.PadToPage(entry.Bytes);
        }
        if (end != _file.Length)
            throw Broken("section table", $"the sections end at {end}, the file at {_file.Length}");
    }

    private InvalidDataException Broken(string part, string check) => IndexFormat.Broken(_path, part, check);
}
