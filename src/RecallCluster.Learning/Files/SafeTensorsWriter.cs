using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using RecallCluster.Learning.Autograd;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Files;

/// <summary>
/// Gathers tensors and writes them as one safetensors file, which appears only when it is complete. Values are not copied: they are read
/// when the file is saved. The same content gives the same bytes.
/// </summary>
public sealed class SafeTensorsWriter
{
    private const int ChunkBytes = 1 << 20;
    private const int Alignment = 8;
    private readonly List<Item> _items = [];
    private readonly HashSet<string> _names = [];
    private readonly SortedDictionary<string, string> _metadata = new(StringComparer.Ordinal);
    private long _dataLength;

    /// <summary>Sets free text for the header's <c>__metadata__</c>.</summary>
    public void SetMetadata(string key, string value)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        ArgumentNullException.ThrowIfNull(value);
        _metadata[key] = value;
    }

    /// <summary>Adds a tensor of floats, stored as F32, F16 or BF16.</summary>
    /// <exception cref="ArgumentException">The name is taken or reserved, or the type is not one of the three.</exception>
    public void Add(string name, Tensor tensor, SafeTensorType type = SafeTensorType.F32)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (type is not (SafeTensorType.F32 or SafeTensorType.F16 or SafeTensorType.BF16))
            throw new ArgumentException($"Tensor '{name}': floats cannot be written as {type.HeaderName()}.", nameof(type));
        int[] extents = new int[tensor.Shape.Rank];
        for (int axis = 0; axis < extents.Length; axis++)
            extents[axis] = tensor.Shape[axis];
        Add(name, type, extents, tensor.Length, (stream, chunk) =>
        {
            ReadOnlySpan<float> values = tensor.Values;
            if (type == SafeTensorType.F32 && BitConverter.IsLittleEndian)
            {
                stream.Write(MemoryMarshal.AsBytes(values));
                return;
            }
            while (!values.IsEmpty)
            {
                int count = Math.Min(values.Length, chunk.Length / type.Size());
                SafeTensorsConversion.FromSingles(type, values[..count], chunk);
                stream.Write(chunk, 0, count * type.Size());
                values = values[count..];
            }
        });
    }

    /// <summary>Adds the value of every parameter under its name.</summary>
    /// <exception cref="ArgumentException">A name is taken or reserved.</exception>
    public void Add(IEnumerable<Parameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        foreach (Parameter parameter in parameters)
            Add(parameter.Name, parameter.Value);
    }

    /// <summary>Adds a tensor of 32-bit integers.</summary>
    /// <exception cref="ArgumentException">The name is taken or reserved, or the shape does not fit.</exception>
    public void Add(string name, ReadOnlyMemory<int> values, params ReadOnlySpan<int> extents) =>
        Add(name, SafeTensorType.I32, extents, values.Length, (stream, chunk) =>
        {
            Write(stream, chunk, values.Span, sizeof(int), BinaryPrimitives.WriteInt32LittleEndian);
        });

    /// <summary>Adds a tensor of 64-bit integers.</summary>
    /// <exception cref="ArgumentException">The name is taken or reserved, or the shape does not fit.</exception>
    public void Add(string name, ReadOnlyMemory<long> values, params ReadOnlySpan<int> extents) =>
        Add(name, SafeTensorType.I64, extents, values.Length, (stream, chunk) =>
        {
            Write(stream, chunk, values.Span, sizeof(long), BinaryPrimitives.WriteInt64LittleEndian);
        });

    /// <summary>Adds a tensor of bytes.</summary>
    /// <exception cref="ArgumentException">The name is taken or reserved, or the shape does not fit.</exception>
    public void Add(string name, ReadOnlyMemory<byte> values, params ReadOnlySpan<int> extents) =>
        Add(name, SafeTensorType.U8, extents, values.Length, (stream, _) => stream.Write(values.Span));

    /// <summary>Creates or replaces <paramref name="path"/>. Its metadata holds a checksum of the values.</summary>
    /// <exception cref="IOException">The file could not be written completely; what was there is as before.</exception>
    public void Save(string path)
    {
        var checksum = new ChecksumStream();
        WriteItems(checksum);
        _metadata[SafeTensorsHeader.ChecksumKey] = checksum.Text;
        byte[] header = Header();
        AtomicFile.Write(path, stream =>
        {
            Span<byte> prefix = stackalloc byte[SafeTensorsHeader.PrefixLength];
            BinaryPrimitives.WriteUInt64LittleEndian(prefix, (ulong)header.Length);
            stream.Write(prefix);
            stream.Write(header);
            WriteItems(stream);
        });
    }

    private void WriteItems(Stream stream)
    {
        var chunk = new byte[ChunkBytes];
        foreach (Item item in _items)
            item.Write(stream, chunk);
    }

    private static void Write<T>(Stream stream, byte[] chunk, ReadOnlySpan<T> values, int size, SpanWriter<T> write)
    {
        while (!values.IsEmpty)
        {
            int count = Math.Min(values.Length, chunk.Length / size);
            for (int i = 0; i < count; i++)
                write(chunk.AsSpan(i * size, size), values[i]);
            stream.Write(chunk, 0, count * size);
            values = values[count..];
        }
    }

    private void Add(string name, SafeTensorType type, ReadOnlySpan<int> extents, int length, Action<Stream, byte[]> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        long wanted = 1;
        foreach (int extent in extents)
            wanted *= extent;
        if (wanted != length)
            throw new ArgumentException(
                $"Tensor '{name}': {length} values do not fill shape [{string.Join(", ", extents.ToArray())}].", nameof(extents));
        if (name == "__metadata__" || !_names.Add(name))
            throw new ArgumentException($"The name '{name}' is {(name == "__metadata__" ? "reserved" : "taken")}.", nameof(name));
        long end = _dataLength + ((long)length * type.Size());
        _items.Add(new Item(name, type, extents.ToArray(), _dataLength, end, write));
        _dataLength = end;
    }

    private byte[] Header()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (_metadata.Count > 0)
            {
                json.WriteStartObject("__metadata__");
                foreach ((string key, string value) in _metadata)
                    json.WriteString(key, value);
                json.WriteEndObject();
            }
            foreach (Item item in _items)
                item.Describe(json);
            json.WriteEndObject();
        }
        // Spaces up to a multiple of eight: the values are then aligned in a mapped file.
        int padding = (Alignment - (buffer.WrittenCount % Alignment)) % Alignment;
        buffer.GetSpan(padding)[..padding].Fill((byte)' ');
        buffer.Advance(padding);
        return buffer.WrittenSpan.ToArray();
    }

    private delegate void SpanWriter<T>(Span<byte> target, T value);

    private sealed record Item(string Name, SafeTensorType Type, int[] Extents, long Start, long End, Action<Stream, byte[]> Write)
    {
        public void Describe(Utf8JsonWriter json)
        {
            json.WriteStartObject(Name);
            json.WriteString("dtype", Type.HeaderName());
            json.WriteStartArray("shape");
            foreach (int extent in Extents)
                json.WriteNumberValue(extent);
            json.WriteEndArray();
            json.WriteStartArray("data_offsets");
            json.WriteNumberValue(Start);
            json.WriteNumberValue(End);
            json.WriteEndArray();
            json.WriteEndObject();
        }
    }
}
