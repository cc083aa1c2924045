using System.Buffers;
using System.Text.Json;

namespace RecallCluster.Calibration.Maps;

/// <summary>
/// Fitted models as JSON (to read and to diff) and as bytes (to send and to store); both lossless: the model read equals the model
/// written, to the last bit of every number. JSON:
/// <c>{"format":"recall-calibration","version":1,"method":…,"root":MAP,"contexts":{path:MAP}}</c> with MAP one of
/// <c>{"kind":"piecewise-linear","x":[…],"y":[…]}</c>, <c>{"kind":"steps","edges":[…],"values":[…]}</c>,
/// <c>{"kind":"logistic","a":…,"b":…,"c":…}</c>. Bytes: "RCCM", version 1, the same content, CRC-32C.
/// </summary>
public static class ModelFormat
{
    private const string Format = "recall-calibration";
    private const string Magic = "RCCM";
    private const int Version = 1;
    private const string What = "Calibration model";
    private const int MaxKnots = 1 << 20;

    private enum Kind : byte
    {
        PiecewiseLinear = 1,
        Steps = 2,
        Logistic = 3,
    }

    /// <summary>The model as UTF-8 JSON.</summary>
    public static byte[] ToJson(CalibrationModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("format", Format);
            writer.WriteNumber("version", Version);
            writer.WriteString("method", model.Method);
            writer.WritePropertyName("root");
            WriteMap(writer, model.Root);
            writer.WriteStartObject("contexts");
            foreach ((string context, CalibrationMap map) in InOrder(model))
            {
                writer.WritePropertyName(context);
                WriteMap(writer, map);
            }
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The model that <paramref name="json"/> holds.</summary>
    /// <exception cref="InvalidDataException">
    /// Not JSON, not this format or version, or a map that is not monotone inside [0, 1]; the message names the place.
    /// </exception>
    public static CalibrationModel FromJson(ReadOnlyMemory<byte> json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || Member(root, "format", What).GetString() != Format)
                throw new InvalidDataException($"{What}: 'format' is not '{Format}'.");
            int version = Member(root, "version", What).GetInt32();
            if (version != Version)
                throw new InvalidDataException($"{What}: version {version}; this program reads version {Version}.");
            string method = Member(root, "method", What).GetString() ?? throw new InvalidDataException($"{What}: 'method' is null.");
            CalibrationMap rootMap = ReadMap(Member(root, "root", What), "root");
            var contexts = new Dictionary<string, CalibrationMap>(StringComparer.Ordinal);
            foreach (JsonProperty property in Member(root, "contexts", What).EnumerateObject())
                contexts[property.Name] = ReadMap(property.Value, $"context '{property.Name}'");
            return new CalibrationModel(method, rootMap, contexts);
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or ArgumentException)
        {
            throw new InvalidDataException($"{What}: {e.Message}", e);
        }
    }

    /// <summary>The model as bytes.</summary>
    public static byte[] ToBytes(CalibrationModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return BinaryFrame.Write(Magic, Version, writer =>
        {
            writer.Write(model.Method);
            WriteMap(writer, model.Root);
            writer.Write(model.Contexts.Count);
            foreach ((string context, CalibrationMap map) in InOrder(model))
            {
                writer.Write(context);
                WriteMap(writer, map);
            }
        });
    }

    /// <summary>The model that <paramref name="bytes"/> hold.</summary>
    /// <exception cref="InvalidDataException">The bytes are not a whole, intact model; the message names the check that failed.</exception>
    public static CalibrationModel FromBytes(ReadOnlySpan<byte> bytes) =>
        BinaryFrame.Read(Magic, Version, What, bytes, reader =>
        {
            string method = reader.ReadString();
            CalibrationMap root = ReadMap(reader, "root");
            int count = reader.ReadInt32();
            var contexts = new Dictionary<string, CalibrationMap>(StringComparer.Ordinal);
            for (int i = 0; i < count; i++)
            {
                string context = reader.ReadString();
                contexts[context] = ReadMap(reader, $"context '{context}'");
            }
            return new CalibrationModel(method, root, contexts);
        });

    private static IEnumerable<KeyValuePair<string, CalibrationMap>> InOrder(CalibrationModel model) =>
        model.Contexts.OrderBy(pair => pair.Key, StringComparer.Ordinal);

    private static void WriteMap(Utf8JsonWriter writer, CalibrationMap map)
    {
        writer.WriteStartObject();
        switch (map)
        {
            case PiecewiseLinearMap lines:
                writer.WriteString("kind", "piecewise-linear");
                WriteNumbers(writer, "x", lines.X);
                WriteNumbers(writer, "y", lines.Y);
                break;
            case StepMap steps:
                writer.WriteString("kind", "steps");
                WriteNumbers(writer, "edges", steps.Edges);
                WriteNumbers(writer, "values", steps.Values);
                break;
            case LogisticMap logistic:
                writer.WriteString("kind", "logistic");
                writer.WriteNumber("a", logistic.A);
                writer.WriteNumber("b", logistic.B);
                writer.WriteNumber("c", logistic.C);
                break;
            default:
                throw new NotSupportedException($"{map.GetType().Name} has no JSON form.");
        }
        writer.WriteEndObject();
    }

    private static CalibrationMap ReadMap(JsonElement element, string place)
    {
        try
        {
            string? kind = Member(element, "kind", place).GetString();
            return kind switch
            {
                "piecewise-linear" => new PiecewiseLinearMap(Numbers(element, "x", place), Numbers(element, "y", place)),
                "steps" => new StepMap(Numbers(element, "edges", place), Numbers(element, "values", place)),
                "logistic" => new LogisticMap(
                    Member(element, "a", place).GetDouble(),
                    Member(element, "b", place).GetDouble(),
                    Member(element, "c", place).GetDouble()),
                _ => throw new InvalidDataException($"{What}: {place}: '{kind}' is not a kind of map."),
            };
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException or ArgumentException)
        {
            throw new InvalidDataException($"{What}: {place}: {e.Message}", e);
        }
    }

    private static JsonElement Member(JsonElement element, string name, string place) =>
        element.TryGetProperty(name, out JsonElement member)
            ? member
            : throw new InvalidDataException($"{What}: {place}: '{name}' is missing.");

    private static double[] Numbers(JsonElement element, string name, string place) =>
        [.. Member(element, name, place).EnumerateArray().Select(number => number.GetDouble())];

    private static void WriteNumbers(Utf8JsonWriter writer, string name, ReadOnlySpan<double> numbers)
    {
        writer.WriteStartArray(name);
        foreach (double number in numbers)
            writer.WriteNumberValue(number);
        writer.WriteEndArray();
    }

    private static void WriteMap(BinaryWriter writer, CalibrationMap map)
    {
        switch (map)
        {
            case PiecewiseLinearMap lines:
                writer.Write((byte)Kind.PiecewiseLinear);
                WritePairs(writer, lines.X, lines.Y);
                break;
            case StepMap steps:
                writer.Write((byte)Kind.Steps);
                WritePairs(writer, steps.Edges, steps.Values);
                break;
            case LogisticMap logistic:
                writer.Write((byte)Kind.Logistic);
                writer.Write(logistic.A);
                writer.Write(logistic.B);
                writer.Write(logistic.C);
                break;
            default:
                throw new NotSupportedException($"{map.GetType().Name} has no binary form.");
        }
    }

    private static CalibrationMap ReadMap(BinaryReader reader, string place)
    {
        byte kind = reader.ReadByte();
        try
        {
            switch ((Kind)kind)
            {
                case Kind.PiecewiseLinear:
                    (double[] x, double[] y) = ReadPairs(reader, place);
                    return new PiecewiseLinearMap(x, y);
                case Kind.Steps:
                    (double[] edges, double[] values) = ReadPairs(reader, place);
                    return new StepMap(edges, values);
                case Kind.Logistic:
                    return new LogisticMap(reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble());
                default:
                    throw new InvalidDataException($"{What}: {place}: {kind} is not a kind of map.");
            }
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"{What}: {place}: {e.Message}", e);
        }
    }

    private static void WritePairs(BinaryWriter writer, ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        writer.Write(x.Length);
        foreach (double number in x)
            writer.Write(number);
        foreach (double number in y)
            writer.Write(number);
    }

    private static (double[] X, double[] Y) ReadPairs(BinaryReader reader, string place)
    {
        int count = reader.ReadInt32();
        if (count is < 0 or > MaxKnots)
            throw new InvalidDataException($"{What}: {place}: {count} knots.");
        return (ReadNumbers(reader, count), ReadNumbers(reader, count));
    }

    private static double[] ReadNumbers(BinaryReader reader, int count)
    {
        var numbers = new double[count];
        for (int i = 0; i < count; i++)
            numbers[i] = reader.ReadDouble();
        return numbers;
    }
}
