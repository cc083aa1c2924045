using System.Text.Json.Serialization;

namespace RecallCluster.Client;

/// <summary>Problem details (RFC 9457).</summary>
internal sealed record ProblemDetails(string? Title, string? Detail, string? Field);

/// <summary>Serialisers made at compile time. What a newer door adds to its answers is passed over.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(CamelCaseSale)])]
[JsonSerializable(typeof(AdsRequest))]
[JsonSerializable(typeof(AdsAnswer))]
[JsonSerializable(typeof(FeedbackBatch))]
[JsonSerializable(typeof(FeedbackResults))]
[JsonSerializable(typeof(ProblemDetails))]
[JsonSerializable(typeof(Campaign))]
[JsonSerializable(typeof(CampaignStanding))]
[JsonSerializable(typeof(CampaignPage))]
[JsonSerializable(typeof(CampaignPatch))]
[JsonSerializable(typeof(AdResource))]
internal sealed partial class ClientJson : JsonSerializerContext;

/// <summary>The sale's names as the door has them.</summary>
internal sealed class CamelCaseSale()
    : JsonStringEnumConverter<AdsSale>(System.Text.Json.JsonNamingPolicy.CamelCase, allowIntegerValues: false);
