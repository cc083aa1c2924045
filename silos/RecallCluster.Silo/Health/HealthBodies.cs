using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using RecallCluster.Grains.Feedback;

namespace RecallCluster.Silo.Health;

/// <summary>Body of <c>/healthz</c>.</summary>
internal sealed record AliveBody(string Status, string Silo);

/// <summary>
/// Body of <c>/readyz</c>: what is missing, by part, where something is; how it stands with the stream of feedback; and what does not keep
/// the silo from its work, but state from being safe.
/// </summary>
internal sealed record ReadyBody(
    string Status, string Silo, string Cluster, string[] Roles, int Silos, Dictionary<string, string>? Missing,
    FeedbackStoreStatus? Feedback, IReadOnlyList<string>? Warnings = null);

/// <summary>Body of <c>/feedback/parked</c>: the newest first.</summary>
internal sealed record ParkedBody(IReadOnlyList<ParkedEvent> Events);

/// <summary>Body of the answer to <c>/feedback/parked/retry</c>.</summary>
internal sealed record RetriedBody(int Retried);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AliveBody))]
[JsonSerializable(typeof(ReadyBody))]
[JsonSerializable(typeof(ParkedBody))]
[JsonSerializable(typeof(RetriedBody))]
internal sealed partial class HealthJson : JsonSerializerContext
{
    /// <summary>For people and logs: quotes and letters stand as they are. No browser shows it.</summary>
    public static HealthJson Readable { get; } = new(
        new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        });
}
