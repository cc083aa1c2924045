using System.Runtime.InteropServices;
using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.Files;

/// <summary>Writes sections as an index file that appears under its name only when it is complete.</summary>
internal static class IndexFileWriter
{
    /// <exception cref="IOException">The disk is full or otherwise failed; the name shows what it showed before.</exception>
    public static void Write(string path, IndexHeader header, IReadOnlyList<IndexSection> sections)
    {
        if (sections.Count > IndexFormat.MaxSections)
            throw new ArgumentException($"{sections.Count} sections; the table holds {IndexFormat.MaxSections}.", nameof(sections));
        AtomicFile.Write(path, stream => Write(stream, header, sections));
    }

    private static void Write(Stream stream, IndexHeader header, IReadOnlyList<IndexSection> sections)
    {
        var page = new byte[IndexFormat.PageSize];

        // The first page holds the checksums of what follows: it is written last.
        stream.Write(page);
        Span<SectionEntry> table = MemoryMarshal.Cast<byte, SectionEntry>(page.AsSpan(IndexFormat.TableOffset));
        long position = IndexFormat.PageSize;
        for (int i = 0; i < sections.Count; i++)
        {
            table[i] = WriteSection(stream, sections[i], position);
            position += IndexFormat.PadToPage(table[i].Bytes);
        }
        header.Magic = IndexFormat.Magic;
        header.ByteOrder = IndexFormat.ByteOrder;
        header.Version = IndexFormat.Version;
        header.SectionCount = sections.Count;
        header.FileLength = position;
        header.Checksum = 0;
        MemoryMarshal.Write(page, header);
        header.Checksum = Crc32C.Of(page);
        MemoryMarshal.Write(page, header);
        stream.Position = 0;
        stream.Write(page);
    }

    private static SectionEntry WriteSection(Stream stream, IndexSection section, long offset)
    {
        uint checksum = Crc32C.Start;
        long written = 0;
        section.Produce(piece =>
        {
            checksum = Crc32C.Update(checksum, piece);
            written += piece.Length;
            stream.Write(piece);
        });
        if (written != section.Length * section.ElementSize)
            throw new InvalidOperationException(
                $"Section '{section.Name}' gave {written} bytes; {section.Length * section.ElementSize} were announced.");
        Span<byte> padding = stackalloc byte[IndexFormat.PageSize];
        padding.Clear();
        stream.Write(padding[..(int)(IndexFormat.PadToPage(written) - written)]);
        return new SectionEntry
        {
            Name = section.Name,
            Type = section.Type,
            ElementSize = section.ElementSize,
            Offset = offset,
            Length = section.Length,
            Checksum = Crc32C.Finish(checksum),
        };
    }
}
