using System.Text;
using System.Text.Json;

namespace RecallCluster.Learning.Files;

/// <summary>
/// The header of a safetensors file: eight bytes of length, then JSON with an entry a tensor and an optional <c>__metadata__</c> of
/// strings. Parsed by tokens rather than into a document, since a document silently keeps the last of two equal names.
/// </summary>
internal sealed class SafeTensorsHeader
{
    /// <summary>The format's limit on the JSON part, in bytes.</summary>
    public const int MaxLength = 100_000_000;

    /// <summary>Bytes of the length field.</summary>
    public const int PrefixLength = 8;

    /// <summary>Metadata key of the checksum of the data part: CRC-32C, eight hexadecimal digits.</summary>
    public const string ChecksumKey = "crc32c";

    private const string MetadataKey = "__metadata__";
    private readonly string _file;
    private readonly Dictionary<string, string> _metadata = [];
    private readonly Dictionary<string, SafeTensorEntry> _entries = [];

    private SafeTensorsHeader(string file) => _file = file;

    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    public IReadOnlyDictionary<string, SafeTensorEntry> Entries => _entries;

    /// <summary>Parses the JSON and checks that the tensors fill <paramref name="dataLength"/> bytes without gap or overlap.</summary>
    /// <exception cref="InvalidDataException">They do not, or the JSON is not a header; the message names file and tensor.</exception>
    public static SafeTensorsHeader Parse(string file, ReadOnlySpan<byte> json, long dataLength)
    {
        var header = new SafeTensorsHeader(file);
        if (json.IsEmpty || json[0] != (byte)'{')
            throw new InvalidDataException($"{file}: the header does not begin with '{{'; this is not a safetensors file.");
        try
        {
            var reader = new Utf8JsonReader(json);
            header.ReadRoot(ref reader);
        }
        catch (Exception exception) when (exception is JsonException or DecoderFallbackException or InvalidOperationException)
        {
            throw new InvalidDataException($"{file}: the header is not valid JSON: {exception.Message}", exception);
        }
        header.CheckLayout(dataLength);
        return header;
    }

    private void ReadRoot(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartObject, "the header");
        while (NextProperty(ref reader, "the header", out string name))
        {
            if (name == MetadataKey)
                ReadMetadata(ref reader);
            else if (!_entries.TryAdd(name, ReadEntry(ref reader, name)))
                throw new InvalidDataException($"{_file}: tensor '{name}' is declared twice.");
        }
        // The padding after the object is spaces; the reader throws at anything else.
        while (reader.Read())
            throw new InvalidDataException($"{_file}: something follows the header's object.");
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartObject, MetadataKey);
        while (NextProperty(ref reader, MetadataKey, out string key))
        {
            Expect(ref reader, JsonTokenType.String, $"{MetadataKey} '{key}'");
            if (!_metadata.TryAdd(key, reader.GetString()!))
                throw new InvalidDataException($"{_file}: {MetadataKey} has '{key}' twice.");
        }
    }

    private SafeTensorEntry ReadEntry(ref Utf8JsonReader reader, string name)
    {
        string place = $"tensor '{name}'";
        SafeTensorType? type = null;
        List<long>? extents = null, offsets = null;
        Expect(ref reader, JsonTokenType.StartObject, place);
        while (NextProperty(ref reader, place, out string field))
        {
            bool repeated;
            switch (field)
            {
                case "dtype":
                    repeated = type != null;
                    Expect(ref reader, JsonTokenType.String, $"{place}, dtype");
                    string? declared = reader.GetString();
                    type = SafeTensorTypes.FromHeader(declared)
                        ?? throw new InvalidDataException($"{_file}: {place} has dtype '{declared}', which is not known here.");
                    break;
                case "shape":
                    repeated = extents != null;
                    extents = ReadNumbers(ref reader, $"{place}, shape");
                    break;
                case "data_offsets":
                    repeated = offsets != null;
                    offsets = ReadNumbers(ref reader, $"{place}, data_offsets");
                    break;
                default:
                    throw new InvalidDataException($"{_file}: {place} has an unknown field '{field}'.");
            }
            if (repeated)
                throw new InvalidDataException($"{_file}: {place} has '{field}' twice.");
        }
        if (type == null || extents == null || offsets == null)
            throw new InvalidDataException($"{_file}: {place} wants dtype, shape and data_offsets.");
        if (offsets.Count != 2)
            throw new InvalidDataException($"{_file}: {place} has {offsets.Count} data_offsets, want 2.");
        return Entry(name, type.Value, extents, offsets[0], offsets[1]);
    }

    private SafeTensorEntry Entry(string name, SafeTensorType type, List<long> extents, long start, long end)
    {
        long bytes = type.Size();
        try
        {
            foreach (long extent in extents)
                bytes = checked(bytes * extent);
        }
        catch (OverflowException exception)
        {
            throw new InvalidDataException($"{_file}: tensor '{name}' has an impossible shape [{string.Join(", ", extents)}].", exception);
        }
        if (end - start != bytes)
            throw new InvalidDataException(
                $"{_file}: tensor '{name}' spans bytes {start} to {end}; "
                + $"{type.HeaderName()} [{string.Join(", ", extents)}] takes {bytes} bytes.");
        return new SafeTensorEntry(name, type, extents, start, end);
    }

    private List<long> ReadNumbers(ref Utf8JsonReader reader, string place)
    {
        Expect(ref reader, JsonTokenType.StartArray, place);
        var numbers = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long number) || number < 0)
                throw new InvalidDataException($"{_file}: {place} wants whole numbers that are not negative.");
            numbers.Add(number);
        }
        return numbers;
    }

    private void CheckLayout(long dataLength)
    {
        long expected = 0;
        string? previous = null;
        foreach (SafeTensorEntry entry in _entries.Values.OrderBy(entry => entry.Start).ThenBy(entry => entry.End))
        {
            if (entry.End > dataLength)
                throw new InvalidDataException(
                    $"{_file}: tensor '{entry.Name}' ends at byte {entry.End}, "
                    + $"but only {dataLength} bytes of data are there (truncated file?).");
            if (entry.Start < expected)
                throw new InvalidDataException($"{_file}: tensor '{entry.Name}' overlaps tensor '{previous}'.");
            if (entry.Start > expected)
                throw new InvalidDataException(
                    $"{_file}: {entry.Start - expected} bytes before tensor '{entry.Name}' belong to no tensor.");
            expected = entry.End;
            previous = entry.Name;
        }
        if (dataLength != expected)
            throw new InvalidDataException($"{_file}: {dataLength - expected} bytes follow the last tensor.");
    }

    private bool NextProperty(ref Utf8JsonReader reader, string place, out string name)
    {
        if (!reader.Read() || reader.TokenType is not (JsonTokenType.PropertyName or JsonTokenType.EndObject))
            throw new InvalidDataException($"{_file}: {place} is not a complete JSON object.");
        bool more = reader.TokenType == JsonTokenType.PropertyName;
        name = more ? reader.GetString()! : "";
        return more;
    }

    private void Expect(ref Utf8JsonReader reader, JsonTokenType wanted, string place)
    {
        if (!reader.Read() || reader.TokenType != wanted)
            throw new InvalidDataException($"{_file}: {place} wants a JSON {wanted}, not {reader.TokenType}.");
    }
}
