using System.Buffers.Binary;
using System.Runtime.InteropServices;
using RecallCluster.Learning.Tensors;

namespace RecallCluster.Learning.Files;

/// <summary>
/// A safetensors file open for reading (https://github.com/huggingface/safetensors), on a disk or in memory. Opening checks the whole
/// layout and the values' checksum; values are read and converted on demand. Any number of threads may read.
/// </summary>
public sealed class SafeTensorsFile : IDisposable
{
    private const int ChunkBytes = 1 << 20;
    private readonly ByteSource _source;
    private readonly SafeTensorsHeader _header;
    private readonly long _dataStart;

    private SafeTensorsFile(string path, ByteSource source, SafeTensorsHeader header, long dataStart)
    {
        Path = path;
        _source = source;
        _header = header;
        _dataStart = dataStart;
    }

    /// <summary>The file's path.</summary>
    public string Path { get; }

    /// <summary>Free text by key, from <c>__metadata__</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>The tensors by name.</summary>
    public IReadOnlyDictionary<string, SafeTensorEntry> Entries => _header.Entries;

    /// <summary>
    /// Opens a file and checks its header - lengths, types, offsets, names - and then its values against the checksum in the metadata, for
    /// which the file is read once. Files written elsewhere have no checksum and pass.
    /// </summary>
    /// <exception cref="InvalidDataException">
    /// The file is broken, or its values are not what was written; the message names the file and, where it is one, the tensor.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static SafeTensorsFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Open(path, new ByteSource(File.OpenHandle(path)));
    }

    /// <summary>Reads a file that is in memory, with the same checks.</summary>
    /// <param name="name">What messages call it.</param>
    /// <param name="bytes">Its bytes; must not change while it is open.</param>
    /// <exception cref="InvalidDataException">The file is broken; the message names it.</exception>
    public static SafeTensorsFile Of(string name, ReadOnlyMemory<byte> bytes) => Open(name, new ByteSource(bytes));

    /// <summary>A tensor's values as floats, whatever their type in the file.</summary>
    /// <exception cref="InvalidDataException">There is no such tensor, or it does not fit into one array.</exception>
    public float[] ReadSingles(string name)
    {
        var values = new float[CheckedLength(name)];
        Read(name, values);
        return values;
    }

    /// <summary>A tensor's values as floats, whatever their type in the file, into <paramref name="values"/>.</summary>
    /// <exception cref="InvalidDataException">There is no such tensor, or it has another number of values.</exception>
    public void Read(string name, Span<float> values)
    {
        SafeTensorEntry entry = Find(name);
        if (entry.Length != values.Length)
            throw new InvalidDataException($"{Path}: tensor '{name}' is {entry.Description}; {values.Length} values are wanted.");
        if (entry.Type == SafeTensorType.F32 && BitConverter.IsLittleEndian)
        {
            ReadBytes(entry, MemoryMarshal.AsBytes(values), 0);
            return;
        }
        byte[] chunk = new byte[Math.Min(ChunkBytes, (int)Math.Min(int.MaxValue, entry.End - entry.Start))];
        int size = entry.Type.Size();
        int read = 0;
        while (read < values.Length)
        {
            int count = Math.Min(chunk.Length / size, values.Length - read);
            ReadBytes(entry, chunk.AsSpan(0, count * size), (long)read * size);
            SafeTensorsConversion.ToSingles(entry.Type, chunk.AsSpan(0, count * size), values.Slice(read, count));
            read += count;
        }
    }

    /// <summary>The values of a tensor of integers.</summary>
    /// <exception cref="InvalidDataException">There is no such tensor, it does not fit into one array, or it holds floats.</exception>
    public long[] ReadIntegers(string name)
    {
        SafeTensorEntry entry = Find(name);
        if (entry.Type is SafeTensorType.F16 or SafeTensorType.BF16 or SafeTensorType.F32 or SafeTensorType.F64)
            throw new InvalidDataException($"{Path}: tensor '{name}' is {entry.Description}; integers are wanted.");
        var values = new long[CheckedLength(name)];
        int size = entry.Type.Size();
        byte[] chunk = new byte[ChunkBytes];
        int read = 0;
        while (read < values.Length)
        {
            int count = Math.Min(chunk.Length / size, values.Length - read);
            ReadBytes(entry, chunk.AsSpan(0, count * size), (long)read * size);
            SafeTensorsConversion.ToIntegers(entry.Type, chunk.AsSpan(0, count * size), values.AsSpan(read, count));
            read += count;
        }
        return values;
    }

    /// <summary>A tensor as floats, outside any tape.</summary>
    /// <exception cref="InvalidDataException">
    /// There is no such tensor, it has more than four axes, or it does not fit into one array.
    /// </exception>
    public Tensor ReadTensor(string name)
    {
        SafeTensorEntry entry = Find(name);
        CheckedLength(name);
        if (entry.Extents.Count > Shape.MaxRank || entry.Extents.Any(extent => extent > int.MaxValue))
            throw new InvalidDataException($"{Path}: tensor '{name}' is {entry.Description}; at most {Shape.MaxRank} axes are supported.");
        Tensor tensor = Tensor.Zeros(new Shape([.. entry.Extents.Select(extent => (int)extent)]));
        Read(name, tensor.Values);
        return tensor;
    }

    /// <inheritdoc/>
    public void Dispose() => _source.Dispose();

    private static SafeTensorsFile Open(string path, ByteSource source)
    {
        try
        {
            long length = source.Length;
            if (length < SafeTensorsHeader.PrefixLength)
                throw new InvalidDataException($"{path}: {length} bytes are too short for a safetensors file (truncated file?).");
            Span<byte> prefix = stackalloc byte[SafeTensorsHeader.PrefixLength];
            ReadExactly(path, source, prefix, 0);
            ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
            if (headerLength > SafeTensorsHeader.MaxLength)
                throw new InvalidDataException(
                    $"{path}: a header of {headerLength} bytes is beyond the limit of {SafeTensorsHeader.MaxLength}; "
                    + "this is not a safetensors file.");
            long dataStart = SafeTensorsHeader.PrefixLength + (long)headerLength;
            if (dataStart > length)
                throw new InvalidDataException(
                    $"{path}: the header ends at byte {dataStart}, the file at byte {length} (truncated file?).");
            var json = new byte[headerLength];
            ReadExactly(path, source, json, SafeTensorsHeader.PrefixLength);
            var file = new SafeTensorsFile(path, source, SafeTensorsHeader.Parse(path, json, length - dataStart), dataStart);
            file.VerifyChecksum(length);
            return file;
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    private void VerifyChecksum(long length)
    {
        if (!Metadata.TryGetValue(SafeTensorsHeader.ChecksumKey, out string? wanted))
            return;
        var checksum = new ChecksumStream();
        byte[] chunk = new byte[ChunkBytes];
        for (long at = _dataStart; at < length; at += chunk.Length)
        {
            Span<byte> part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, length - at));
            ReadExactly(Path, _source, part, at);
            checksum.Write(part);
        }
        if (checksum.Text != wanted)
            throw new InvalidDataException($"{Path}: the checksum of the values is {checksum.Text}, not {wanted}; the file is damaged.");
    }

    private static void ReadExactly(string path, ByteSource source, Span<byte> target, long offset)
    {
        while (!target.IsEmpty)
        {
            int count = source.Read(target, offset);
            if (count == 0)
                throw new InvalidDataException($"{path}: the file ended at byte {offset} while it was read.");
            target = target[count..];
            offset += count;
        }
    }

    private void ReadBytes(SafeTensorEntry entry, Span<byte> target, long offset) =>
        ReadExactly(Path, _source, target, _dataStart + entry.Start + offset);

    private SafeTensorEntry Find(string name) =>
        Entries.TryGetValue(name, out SafeTensorEntry? entry)
            ? entry
            : throw new InvalidDataException($"{Path}: there is no tensor '{name}'.");

    private int CheckedLength(string name)
    {
        SafeTensorEntry entry = Find(name);
        return entry.Length <= Array.MaxLength
            ? (int)entry.Length
            : throw new InvalidDataException($"{Path}: tensor '{name}' is {entry.Description}, too large for one array.");
    }
}
