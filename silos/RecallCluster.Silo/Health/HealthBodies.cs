using System.Text.Json.Serialization;

namespace RecallCluster.Silo.Health;

/// <summary>Body of <c>/healthz</c>.</summary>
internal sealed record AliveBody(string Status, string Silo);

/// <summary>Body of <c>/readyz</c>: what is missing, by part, where something is.</summary>
internal sealed record ReadyBody(
    string Status, string Silo, string Cluster, string[] Roles, int Silos, Dictionary<string, string>? Missing);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AliveBody))]
[JsonSerializable(typeof(ReadyBody))]
internal sealed partial class HealthJson : JsonSerializerContext;
