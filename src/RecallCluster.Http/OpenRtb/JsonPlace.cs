using System.Text.Json;
using RecallCluster.Serving;

namespace RecallCluster.Http.OpenRtb;

/// <summary>
/// An object in a JSON document that knows where it stands. Fields that are not asked for are not looked at, as OpenRTB wants it; one that
/// is asked for is absent, null (which counts as absent), or of the right type, else the complaint names its path.
/// </summary>
internal sealed class JsonPlace(JsonElement element, JsonPlace? parent, string name, int index = -1)
{
    private const string NoText = "is no well-formed text.";

    /// <summary>Path from the document's root: <c>imp[0].banner</c>.</summary>
    public string Path => parent is null || parent.Path.Length == 0 ? Own : $"{parent.Path}.{Own}";

    private string Own => index < 0 ? name : $"{name}[{index}]";

    /// <summary>The root of a document.</summary>
    /// <exception cref="InvalidRequestException">It is no object.</exception>
    public static JsonPlace RootOf(JsonElement root, JsonPlace? parent = null, string name = "") =>
        root.ValueKind == JsonValueKind.Object
            ? new JsonPlace(root, parent, name)
            : throw new InvalidRequestException(new JsonPlace(root, parent, name).Path is { Length: > 0 } path ? path : "body", "wants a JSON object.");

    public InvalidRequestException Wrong(string field, string reason)
    {
        string path = Path;
        return new InvalidRequestException(path.Length == 0 ? field : $"{path}.{field}", reason);
    }

    public JsonPlace? Object(string field) => Find(field, JsonValueKind.Object, "wants an object.") is { } found
        ? new JsonPlace(found, this, field)
        : null;

    public JsonPlace[]? Objects(string field)
    {
        if (Find(field, JsonValueKind.Array, "wants an array of objects.") is not { } found)
            return null;
        var objects = new JsonPlace[found.GetArrayLength()];
        int i = 0;
        foreach (JsonElement item in found.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Object)
                throw Wrong($"{field}[{i}]", "wants an object.");
            objects[i] = new JsonPlace(item, this, field, i);
            i++;
        }
        return objects;
    }

    public string? Text(string field) =>
        Find(field, JsonValueKind.String, "wants a string.") is { } found ? TextOf(found, field) : null;

    public string[] Texts(string field)
    {
        if (Find(field, JsonValueKind.Array, "wants an array of strings.") is not { } found)
            return [];
        var texts = new string[found.GetArrayLength()];
        int i = 0;
        foreach (JsonElement item in found.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.String)
                throw Wrong($"{field}[{i}]", "wants a string.");
            texts[i] = TextOf(item, $"{field}[{i}]");
            i++;
        }
        return texts;
    }

    public double? Number(string field) =>
        Find(field, JsonValueKind.Number, "wants a number.") is not { } found ? null
        : found.TryGetDouble(out double value) && double.IsFinite(value) ? value
        : throw Wrong(field, "wants a number that is not beyond all bounds.");

    public int? Integer(string field) =>
        Find(field, JsonValueKind.Number, "wants an integer.") is { } found ? IntegerOf(found, field) : null;

    public int[]? Integers(string field)
    {
        if (Find(field, JsonValueKind.Array, "wants an array of integers.") is not { } found)
            return null;
        var values = new int[found.GetArrayLength()];
        int i = 0;
        foreach (JsonElement item in found.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number)
                throw Wrong($"{field}[{i}]", "wants an integer.");
            values[i] = IntegerOf(item, $"{field}[{i}]");
            i++;
        }
        return values;
    }

    /// <summary>A 0 or 1; absent is <paramref name="otherwise"/>.</summary>
    public bool Flag(string field, bool otherwise = false) => Integer(field) switch
    {
        null => otherwise,
        0 => false,
        1 => true,
        { } other => throw Wrong(field, $"is 0 or 1, not {other}."),
    };

    private int IntegerOf(JsonElement value, string field) =>
        value.TryGetInt32(out int whole) ? whole
        : value.TryGetDouble(out double real) && real is >= int.MinValue and <= int.MaxValue && Math.Truncate(real) == real ? (int)real
        : throw Wrong(field, "wants an integer.");

    private string TextOf(JsonElement value, string field)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Wrong(field, NoText);
        }
    }

    private JsonElement? Find(string field, JsonValueKind kind, string wish)
    {
        JsonElement found;
        try
        {
            if (!element.TryGetProperty(field, out found) || found.ValueKind == JsonValueKind.Null)
                return null;
        }
        catch (InvalidOperationException)
        {
            // A name beside it holds an escape that is half of a surrogate pair.
            throw Wrong(field, NoText);
        }
        return found.ValueKind == kind ? found : throw Wrong(field, wish);
    }
}
