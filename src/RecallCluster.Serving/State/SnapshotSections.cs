using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace RecallCluster.Serving.State;

/// <summary>
/// A snapshot made of named sections: a version (u8), then for each its name, its length (i32) and its bytes. Sections that a program does
/// not know are
/// passed over.
/// </summary>
public sealed class SnapshotSections
{
    private const byte Version = 1;

    private readonly Dictionary<string, ReadOnlyMemory<byte>> _sections = new(StringComparer.Ordinal);
    private string _what = "The snapshot";

    /// <summary>Adds a section.</summary>
    /// <exception cref="ArgumentException">There is one of that name.</exception>
    public void Add(string name, ReadOnlyMemory<byte> bytes) => _sections.Add(name, bytes);

    /// <summary>The bytes of a section, or null.</summary>
    // A null beside the bytes would be taken for an array, and so for no bytes.
    public ReadOnlyMemory<byte>? Find(string name) =>
        _sections.TryGetValue(name, out ReadOnlyMemory<byte> bytes) ? bytes : default(ReadOnlyMemory<byte>?);

    /// <summary>The bytes of a section.</summary>
    /// <exception cref="InvalidDataException">There is none of that name.</exception>
    public ReadOnlyMemory<byte> Get(string name) => Find(name) ?? throw new InvalidDataException($"{_what} has no section '{name}'.");

    /// <summary>All sections as bytes.</summary>
    public byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream, Encoding.UTF8))
        {
            writer.Write(Version);
            foreach ((string name, ReadOnlyMemory<byte> bytes) in _sections)
            {
                writer.Write(name);
                writer.Write(bytes.Length);
                writer.Write(bytes.Span);
            }
        }
        return stream.ToArray();
    }

    /// <summary>Reads sections.</summary>
    /// <param name="bytes">What <see cref="ToBytes"/> gave.</param>
    /// <param name="key">The machine, for messages.</param>
    /// <exception cref="InvalidDataException">The bytes are cut short, or of a later version.</exception>
    public static SnapshotSections Read(ReadOnlyMemory<byte> bytes, string key)
    {
        var sections = new SnapshotSections { _what = $"The snapshot of {key}" };
        using var stream = new MemoryStream(bytes.ToArray(), writable: false);
        using var reader = new BinaryReader(stream, Encoding.UTF8);
        try
        {
            byte version = reader.ReadByte();
            if (version != Version)
                throw new InvalidDataException($"{sections._what} has format {version}; this program reads {Version}.");
            while (stream.Position < stream.Length)
            {
                string name = reader.ReadString();
                int length = reader.ReadInt32();
                if (length < 0 || length > stream.Length - stream.Position)
                    throw new InvalidDataException($"{sections._what}: section '{name}' is cut short.");
                sections._sections[name] = reader.ReadBytes(length);
            }
        }
        catch (Exception e) when (e is EndOfStreamException or FormatException)
        {
            throw new InvalidDataException($"{sections._what} is cut short.", e);
        }
        return sections;
    }

    /// <summary>Reads a section that holds JSON.</summary>
    /// <exception cref="InvalidDataException">It does not; the message names the field.</exception>
    public static T ReadJson<T>(ReadOnlyMemory<byte> bytes, JsonTypeInfo<T> type, string what)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(bytes.Span, type) ?? throw new InvalidDataException($"{what}: the JSON says null.");
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            throw new InvalidDataException($"{what}: {e.Message}", e);
        }
    }
}
