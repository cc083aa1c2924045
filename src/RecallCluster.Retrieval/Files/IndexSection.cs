using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.Files;

/// <summary>A section to be written: its values come as a stream of bytes, so that no section needs to be in memory as a whole.</summary>
/// <param name="Name">One of <see cref="SectionNames"/>.</param>
/// <param name="Type">What the values are.</param>
/// <param name="ElementSize">Bytes of a value.</param>
/// <param name="Length">Number of values.</param>
/// <param name="Produce">Hands the bytes on, in order, in pieces of any length.</param>
internal sealed record IndexSection(string Name, ElementType Type, int ElementSize, long Length, Action<PieceSink> Produce)
{
    private const int PieceLength = 1 << 18;

    /// <summary>A section that is a block of memory.</summary>
    public static IndexSection Of<T>(string name, NativeBlock<T> block, long length)
        where T : unmanaged
    {
        if (block.Length < length)
            throw new ArgumentException($"Section '{name}' wants {length} values; the block has {block.Length}.", nameof(block));
        return new IndexSection(name, TypeOf<T>(), Unsafe.SizeOf<T>(), length, sink =>
        {
            for (long start = 0; start < length; start += PieceLength)
                sink(MemoryMarshal.AsBytes(block.Span(start, (int)Math.Min(PieceLength, length - start))));
        });
    }

    /// <summary>A section of bytes.</summary>
    public static IndexSection Of(string name, ReadOnlyMemory<byte> bytes) =>
        new(name, ElementType.Byte, 1, bytes.Length, sink => sink(bytes.Span));

    /// <summary>A section whose row <c>i</c> is row <c>rows[i]</c> of a matrix.</summary>
    public static IndexSection OfRows(string name, NativeBlock<float> matrix, int rowLength, int[] rows)
    {
        long needed = rows.Length == 0 ? 0 : (rows.Max() + 1L) * rowLength;
        if (matrix.Length < needed)
            throw new ArgumentException($"Section '{name}' wants {needed} values; the block has {matrix.Length}.", nameof(matrix));
        return new IndexSection(name, ElementType.Single, sizeof(float), (long)rows.Length * rowLength, sink =>
        {
            foreach (int row in rows)
                sink(MemoryMarshal.AsBytes(matrix.Span((long)row * rowLength, rowLength)));
        });
    }

    public static ElementType TypeOf<T>()
        where T : unmanaged
    {
        if (typeof(T) == typeof(byte))
            return ElementType.Byte;
        if (typeof(T) == typeof(int))
            return ElementType.Int32;
        if (typeof(T) == typeof(long))
            return ElementType.Int64;
        return typeof(T) == typeof(float)
            ? ElementType.Single
            : throw new NotSupportedException($"Sections of {typeof(T).Name} are not defined.");
    }
}

/// <summary>Takes the next bytes of a section.</summary>
internal delegate void PieceSink(ReadOnlySpan<byte> piece);
