using System.Text.Json;
using System.Text.Json.Serialization;
using RecallCluster.Grains.Market;

namespace RecallCluster.Grains;

/// <summary>Snapshots of the machines that only the cluster has.</summary>
[JsonSerializable(typeof(List<NamedTimes>))]
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
internal sealed partial class GrainsJson : JsonSerializerContext;
