using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RecallCluster.Numerics;

namespace RecallCluster.Http.Fuzzing;

/// <summary>
/// Changes JSON documents by their structure, so that most results are still JSON and get past the parser: fields go, come and change
/// places and types; arrays grow; values turn into those that programs get wrong. JSON within strings is changed in the same way. A few
/// results are then broken as bytes.
/// </summary>
internal sealed class JsonMutator
{
    private const int MostChanges = 4;
    private const int MostBytes = 64 << 10;

    // Stand for what the object model cannot hold; they are replaced in the text.
    private const string LoneSurrogate = "@lone-surrogate@", HugeNumber = "\"@huge-number@\"", NegativeZero = "\"@negative-zero@\"";

    private static readonly double[] Numbers =
        [0, 1, -1, 2, 3, 7, 0.5, 1e-9, 1.5, 127, 255, 65536, 2147483647, 2147483648, -2147483649, 9007199254740993, 1e18, 1.7e308, -1e300];

    private static readonly string[] Texts =
    [
        "", "0", "1", "-", "null", "USD", "EUR", "XXX", "IAB2-3", "image/png", "video/mp4", "1YYN", "1YNN", "click", "banner", "{", "[",
        "{}", "\"", "]]>", "&<>'\"",
        "${AUCTION_PRICE}", "\0", "\u2028", "😀", LoneSurrogate, "http://a.example/?q=1", "javascript:alert(1)", "2026-01-01T00:00:00Z",
        new('x', 300), new('é', 5000),
    ];

    private readonly JsonNode[] _seeds;
    private readonly string[] _names;

    /// <summary>Changes documents of these.</summary>
    public JsonMutator(IReadOnlyList<string> seeds)
    {
        _seeds = [.. seeds.Select(seed => JsonNode.Parse(seed)!)];
        var names = new SortedSet<string>(StringComparer.Ordinal) { "ext", "x", "" };
        foreach (JsonNode seed in _seeds)
            Collect(seed, names);
        _names = [.. names];
    }

    /// <summary>A changed document.</summary>
    public byte[] Next(SeededRandom random)
    {
        JsonNode? document = _seeds[random.NextInt(_seeds.Length)].DeepClone();
        for (int change = random.NextInt(MostChanges + 1); change > 0; change--)
            document = Change(document, random);
        byte[] bytes = TextOf(document);
        return random.NextInt(20) == 0 ? ByteMutations.Break(bytes, random) : bytes;
    }

    /// <summary>A document of the same fields and types, with other values.</summary>
    public byte[] NextOfSameShape(SeededRandom random)
    {
        JsonNode? document = _seeds[random.NextInt(_seeds.Length)].DeepClone();
        for (int change = random.NextInt(MostChanges) + 1; change > 0; change--)
            document = JsonNudge.Change(document, random);
        return TextOf(document);
    }

    /// <summary>A changed document, every other time of the same shape.</summary>
    public byte[] NextOrSameShape(SeededRandom random) => random.NextInt(2) == 0 ? Next(random) : NextOfSameShape(random);

    private static byte[] TextOf(JsonNode? document)
    {
        string text = document?.ToJsonString() ?? "null";
        if (text.Contains('@'))
        {
            text = text.Replace(LoneSurrogate, "\\ud83d", StringComparison.Ordinal).Replace(HugeNumber, "1e999", StringComparison.Ordinal)
                .Replace(NegativeZero, "-0.0", StringComparison.Ordinal);
        }
        return text.Length <= MostBytes ? Encoding.UTF8.GetBytes(text) : Encoding.UTF8.GetBytes(text[..MostBytes]);
    }

    private static void Collect(JsonNode? node, SortedSet<string> names)
    {
        switch (node)
        {
            case JsonObject fields:
                foreach ((string name, JsonNode? value) in fields)
                {
                    names.Add(name);
                    Collect(value, names);
                }
                break;
            case JsonArray items:
                foreach (JsonNode? item in items)
                    Collect(item, names);
                break;
            case JsonValue value when Inner(value) is { } inner:
                Collect(inner, names);
                break;
        }
    }

    /// <summary>Changes one place; the deeper ones have their turn as often as the upper ones.</summary>
    private JsonNode? Change(JsonNode? node, SeededRandom random)
    {
        switch (node)
        {
            case JsonObject { Count: > 0 } fields when random.NextInt(4) != 0:
                Descend(fields, random);
                return fields;
            case JsonArray { Count: > 0 } items when random.NextInt(4) != 0:
                int at = random.NextInt(items.Count);
                JsonNode? item = items[at];
                items[at] = null;
                items[at] = Change(item, random);
                return items;
            case JsonObject fields:
                ChangeFields(fields, random);
                return fields;
            case JsonArray items:
                ChangeItems(items, random);
                return items;
            case JsonValue value when Inner(value) is { } inner && random.NextInt(4) != 0:
                return Change(inner, random)?.ToJsonString();
            default:
                return random.NextInt(3) == 0 ? Wrap(node, random) : NewValue(random);
        }
    }

    private void Descend(JsonObject fields, SeededRandom random)
    {
        string name = fields.ElementAt(random.NextInt(fields.Count)).Key;
        JsonNode? value = fields[name];
        fields[name] = null;
        fields[name] = Change(value, random);
    }

    private void ChangeFields(JsonObject fields, SeededRandom random)
    {
        string added = _names[random.NextInt(_names.Length)];
        switch (fields.Count == 0 ? 0 : random.NextInt(4))
        {
            case 0:
                fields[added] = random.NextInt(2) == 0 ? NewValue(random) : Piece(random);
                break;
            case 1:
                fields.Remove(fields.ElementAt(random.NextInt(fields.Count)).Key);
                break;
            case 2:
                string renamed = fields.ElementAt(random.NextInt(fields.Count)).Key;
                JsonNode? value = fields[renamed];
                fields.Remove(renamed);
                fields[added] = value;
                break;
            default:
                fields[fields.ElementAt(random.NextInt(fields.Count)).Key] = random.NextInt(2) == 0 ? NewValue(random) : Piece(random);
                break;
        }
    }

    private void ChangeItems(JsonArray items, SeededRandom random)
    {
        switch (random.NextInt(4))
        {
            case 0:
                items.Clear();
                break;
            case 1:
                items.Add(NewValue(random));
                break;
            case 2 when items.Count > 0:
                JsonNode? copied = items[random.NextInt(items.Count)];
                for (int copies = 1 << random.NextInt(8); copies > 0; copies--)
                    items.Add(copied?.DeepClone());
                break;
            default:
                items.Add(Piece(random));
                break;
        }
    }

    /// <summary>A part of some valid document, out of its place.</summary>
    private JsonNode? Piece(SeededRandom random)
    {
        JsonNode? node = _seeds[random.NextInt(_seeds.Length)];
        while (random.NextInt(3) != 0)
        {
            JsonNode? next = node switch
            {
                JsonObject { Count: > 0 } fields => fields.ElementAt(random.NextInt(fields.Count)).Value,
                JsonArray { Count: > 0 } items => items[random.NextInt(items.Count)],
                _ => null,
            };
            if (next is null)
                break;
            node = next;
        }
        return node?.DeepClone();
    }

    private static JsonNode? Wrap(JsonNode? node, SeededRandom random)
    {
        for (int depth = random.NextInt(4) == 0 ? 1 << random.NextInt(6) : 1; depth > 0; depth--)
            node = random.NextInt(2) == 0 ? new JsonArray(node) : new JsonObject { ["x"] = node };
        return node;
    }

    private static JsonNode? NewValue(SeededRandom random) => random.NextInt(10) switch
    {
        0 => null,
        1 => true,
        2 => new JsonObject(),
        3 => new JsonArray(),
        4 => random.NextInt(2) == 0 ? HugeNumber.Trim('"') : NegativeZero.Trim('"'),
        5 or 6 => Texts[random.NextInt(Texts.Length)],
        7 => random.NextInt(1000),
        _ => NumberOf(Numbers[random.NextInt(Numbers.Length)]),
    };

    private static JsonNode NumberOf(double value) => Math.Truncate(value) == value && Math.Abs(value) < 1e18 ? (long)value : value;

    private static JsonNode? Inner(JsonValue value)
    {
        if (!value.TryGetValue(out string? text) || text.Length < 2 || text[0] != '{')
            return null;
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return null; // an earlier change broke it
        }
    }
}
