using System.Text.Json;

namespace RecallCluster.Data.Importers;

/// <summary>
/// How often an advertiser won at each price, over a whole training log, as the <c>info.json</c> files of iPinYou derivatives have it.
/// Prices are whole fen (a hundredth of a yuan) for a thousand impressions.
/// </summary>
/// <param name="Counts">Impressions won at price 0, 1, 2, ... fen.</param>
/// <param name="Impressions">Their sum.</param>
/// <param name="Clicks">Clicks on them.</param>
public sealed record WinPriceHistogram(long[] Counts, long Impressions, long Clicks)
{
    private const string CountsField = "price_counter_train";
    private const string ClicksField = "clk_train";

    /// <summary>Reads one file.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">A field is missing or no histogram; the message names it.</exception>
    public static WinPriceHistogram Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path))
            throw new FileNotFoundException($"{path}: there is no such file.", path);
        string name = Path.GetFileName(path);
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            JsonElement counts = Field(document.RootElement, CountsField, JsonValueKind.Array, name);
            long clicks = Count(Field(document.RootElement, ClicksField, JsonValueKind.Number, name), $"{name}: {ClicksField}");
            long[] values = [.. counts.EnumerateArray().Select((count, price) => Count(count, $"{name}: {CountsField}[{price}]"))];
            long impressions = checked(values.Sum());
            return impressions == 0
                ? throw new InvalidDataException($"{name}: {CountsField} counts no impression.")
                : new WinPriceHistogram(values, impressions, clicks);
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{name}, line {error.LineNumber + 1}: {error.Message}", error);
        }
        catch (OverflowException error)
        {
            throw new InvalidDataException($"{name}: {CountsField} counts more than 64 bits hold.", error);
        }
    }

    private static JsonElement Field(JsonElement root, string field, JsonValueKind kind, string name) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty(field, out JsonElement value) && value.ValueKind == kind
            ? value
            : throw new InvalidDataException($"{name}: there is no {kind} {field}.");

    private static long Count(JsonElement value, string place) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long count) && count >= 0
            ? count
            : throw new InvalidDataException($"{place}: {value.GetRawText()} is not a whole number of 0 or more.");
}
