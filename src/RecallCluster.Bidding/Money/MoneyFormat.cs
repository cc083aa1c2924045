using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace RecallCluster.Bidding.Money;

/// <summary>
/// States and journal entries as JSON, without loss: amounts are whole micro-units, times ISO 8601, unknown or missing fields an error.
/// </summary>
public static class MoneyFormat
{
    /// <summary>A campaign's state.</summary>
    public static byte[] ToBytes(CampaignState state) => JsonSerializer.SerializeToUtf8Bytes(state, MoneyJson.Default.CampaignState);

    /// <summary>A journal entry.</summary>
    public static byte[] ToBytes(LedgerEntry entry) => JsonSerializer.SerializeToUtf8Bytes(entry, MoneyJson.Default.LedgerEntry);

    /// <summary>What frequency caps remember.</summary>
    public static byte[] ToBytes(FrequencyState state) => JsonSerializer.SerializeToUtf8Bytes(state, MoneyJson.Default.FrequencyState);

    /// <summary>Reads a campaign's state.</summary>
    /// <exception cref="InvalidDataException">The bytes are no campaign state; the message names the field.</exception>
    public static CampaignState ReadCampaignState(ReadOnlySpan<byte> bytes) =>
        Read(bytes, MoneyJson.Default.CampaignState, "Campaign state");

    /// <summary>Reads a journal entry.</summary>
    /// <exception cref="InvalidDataException">The bytes are no journal entry; the message names the field.</exception>
    public static LedgerEntry ReadEntry(ReadOnlySpan<byte> bytes) => Read(bytes, MoneyJson.Default.LedgerEntry, "Ledger entry");

    /// <summary>Reads what frequency caps remember.</summary>
    /// <exception cref="InvalidDataException">The bytes are no such state; the message names the field.</exception>
    public static FrequencyState ReadFrequencyState(ReadOnlySpan<byte> bytes) =>
        Read(bytes, MoneyJson.Default.FrequencyState, "Frequency state");

    private static T Read<T>(ReadOnlySpan<byte> bytes, JsonTypeInfo<T> type, string what)
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, type) ?? throw new InvalidDataException($"{what}: the JSON says null.");
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            throw new InvalidDataException($"{what}: {e.Message}", e);
        }
    }
}

[JsonSerializable(typeof(CampaignState))]
[JsonSerializable(typeof(LedgerEntry))]
[JsonSerializable(typeof(FrequencyState))]
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    NumberHandling = JsonNumberHandling.Strict,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
internal sealed partial class MoneyJson : JsonSerializerContext;
