using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace RecallCluster.Bidding.Money;

/// <summary>A sum stands in JSON as its whole number of micro-units, however long; a fraction is refused.</summary>
public sealed class MicrosSumJsonConverter : JsonConverter<MicrosSum>
{
    /// <inheritdoc/>
    public override MicrosSum Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.Number)
            throw new JsonException("A sum of amounts is a whole number of micro-units.");
        return new MicrosSum(JsonMetadataServices.Int128Converter.Read(ref reader, typeof(Int128), options));
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, MicrosSum value, JsonSerializerOptions options) =>
        JsonMetadataServices.Int128Converter.Write(writer, value.Value, options);
}
