using System.Text.Json;
using System.Text.Json.Serialization;

namespace RecallCluster.Bidding.Money;

/// <summary>An amount stands in JSON as its whole number of micro-units; a fraction is refused.</summary>
public sealed class MicrosJsonConverter : JsonConverter<Micros>
{
    /// <inheritdoc/>
    public override Micros Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long value)
            ? new Micros(value)
            : throw new JsonException("An amount is a whole number of micro-units.");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, Micros value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Value);
}
