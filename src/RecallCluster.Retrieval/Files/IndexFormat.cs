using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace RecallCluster.Retrieval.Files;

/// <summary>
/// The layout of an index file (<c>*.rci</c>), in the byte order of the machine that wrote it:
/// <code>
///  0      header: magic, byte order, version, checksum of this page, counts        128 bytes
///  128    section table: name, element type, offset, length, checksum               64 bytes a section
///  4096   sections, each from a page boundary, zeros between them
/// </code>
/// Every checksum is CRC-32C. Offsets and lengths are 64-bit.
/// </summary>
internal static class IndexFormat
{
    /// <summary>"RCINDEX" and a zero, read as a number on the writing machine.</summary>
    public const ulong Magic = 0x00584544_4E494352;
    public const uint ByteOrder = 0x01020304;
    public const uint Version = 1;
    public const int PageSize = 4096;
    public const int TableOffset = 128;
    public const int EntrySize = 64;
    public const int NameSize = 24;
    public const int MaxSections = (PageSize - TableOffset) / EntrySize;

    public static long PadToPage(long length) => (length + PageSize - 1) / PageSize * PageSize;

    /// <summary>The error of a file that is not what it should be: names the file, the part of it and the check that failed.</summary>
    public static InvalidDataException Broken(string path, string part, string check) => new($"Index file '{path}', {part}: {check}.");
}

/// <summary>What the values of a section are.</summary>
internal enum ElementType
{
    Byte = 1,
    Int32 = 2,
    Int64 = 3,
    Single = 4,
}

/// <summary>The names of the sections.</summary>
internal static class SectionNames
{
    public const string Vectors = "vectors";
    public const string Levels = "levels";
    public const string BaseSplits = "base-splits";
    public const string BaseNeighbors = "base-neighbors";
    public const string UpperRows = "upper-rows";
    public const string UpperSplits = "upper-splits";
    public const string UpperNeighbors = "upper-neighbors";
    public const string Records = "records";
    public const string IdOffsets = "id-offsets";
    public const string IdBytes = "id-bytes";
    public const string IdTable = "id-table";
    public const string ScorerWeights = "scorer-weights";
    public const string Metadata = "metadata";
}

/// <summary>The first 128 bytes of the file.</summary>
[StructLayout(LayoutKind.Sequential, Size = IndexFormat.TableOffset)]
internal struct IndexHeader
{
    public ulong Magic;
    public uint ByteOrder;
    public uint Version;

    /// <summary>CRC-32C of the first page, this field being zero.</summary>
    public uint Checksum;
    public int SectionCount;
    public long FileLength;
    public long Count;
    public int Dim;

    /// <summary>Floats of an ad's folded record; 0 when the file has none.</summary>
    public int RecordLength;
    public int M;
    public int M0;
    public int EntryPoint;
}

/// <summary>One line of the section table.</summary>
[StructLayout(LayoutKind.Sequential, Size = IndexFormat.EntrySize)]
internal struct SectionEntry
{
    private NameBuffer _name;
    public ElementType Type;
    public int ElementSize;
    public long Offset;

    /// <summary>Number of values.</summary>
    public long Length;
    public uint Checksum;

    public readonly long Bytes => Length * ElementSize;

    /// <summary>ASCII, zero-padded.</summary>
    public string Name
    {
        readonly get => Encoding.ASCII.GetString(((ReadOnlySpan<byte>)_name).TrimEnd((byte)0));
        set
        {
            if (value.Length >= IndexFormat.NameSize)
                throw new ArgumentException($"Section name '{value}' is longer than {IndexFormat.NameSize - 1} characters.", nameof(value));
            _name = default;
            Encoding.ASCII.GetBytes(value, _name);
        }
    }

    [InlineArray(IndexFormat.NameSize)]
    private struct NameBuffer
    {
        private byte _first;
    }
}
