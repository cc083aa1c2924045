using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using RecallCluster.Numerics;

namespace RecallCluster.Http.Fuzzing;

/// <summary>
/// Changes values of a JSON document and leaves fields and types as they are, so that whoever checks those lets it through: numbers become
/// their neighbours and extremes, times and days move, bytes in base64 are broken, lists lose or double an entry.
/// </summary>
internal static class JsonNudge
{
    private const string Day = "yyyy-MM-dd";
    private static readonly double[] Extremes = [0, 1, -1, 255, 65_536, 2_147_483_647, -2_147_483_648, 9e15, -9e15];

    /// <summary>The document with one value changed.</summary>
    public static JsonNode? Change(JsonNode? node, SeededRandom random)
    {
        switch (node)
        {
            case JsonObject { Count: > 0 } fields:
                string name = fields.ElementAt(random.NextInt(fields.Count)).Key;
                JsonNode? value = fields[name];
                fields[name] = null;
                fields[name] = Change(value, random);
                return fields;
            case JsonArray { Count: > 0 } items:
                ChangeOne(items, random);
                return items;
            case JsonValue leaf:
                return leaf.GetValueKind() switch
                {
                    JsonValueKind.True => false,
                    JsonValueKind.False => true,
                    JsonValueKind.Number => NumberNear(leaf.ToJsonString(), random),
                    JsonValueKind.String => TextNear(leaf.GetValue<string>(), random),
                    _ => leaf,
                };
            default:
                return node;
        }
    }

    private static void ChangeOne(JsonArray items, SeededRandom random)
    {
        int at = random.NextInt(items.Count);
        JsonNode? item = items[at];
        switch (random.NextInt(6))
        {
            case 0:
                items.RemoveAt(at);
                break;
            case 1:
                items.Insert(at, item?.DeepClone());
                break;
            default:
                items[at] = null;
                items[at] = Change(item, random);
                break;
        }
    }

    private static JsonNode NumberNear(string text, SeededRandom random)
    {
        double value = double.Parse(text, CultureInfo.InvariantCulture);
        double near = random.NextInt(6) switch
        {
            0 => value + 1,
            1 => value - 1,
            2 => -value,
            3 => value * 2,
            4 => value / 2,
            _ => Extremes[random.NextInt(Extremes.Length)],
        };
        bool isWhole = !text.AsSpan().ContainsAny('.', 'e', 'E');
        return isWhole && Math.Abs(near) < 9.2e18 ? (long)near : near;
    }

    private static string TextNear(string text, SeededRandom random)
    {
        TimeSpan shift = TimeSpan.FromSeconds(random.NextInt(2_000_000) - 1_000_000);
        if (DateOnly.TryParseExact(text, Day, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly day))
            return day.AddDays((int)shift.TotalDays).ToString(Day, CultureInfo.InvariantCulture);
        if (text.Length > Day.Length && DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out DateTimeOffset time) && time.Year is > 1 and < 9999)
            return (time + shift).ToString("O", CultureInfo.InvariantCulture);
        var bytes = new byte[text.Length];
        return text.Length > 3 && Convert.TryFromBase64String(text, bytes, out int length)
            ? Convert.ToBase64String(ByteMutations.Break(bytes[..length], random))
            : text;
    }
}
