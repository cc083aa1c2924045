using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using RecallCluster.Grains.Market;
using RecallCluster.Grains.Shards;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Live;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Grains;

/// <summary>
/// What travels between silos as JSON because a log keeps it so, and snapshots of the machines that only the cluster has.
/// </summary>
[JsonSerializable(typeof(List<NamedTimes>))]
[JsonSerializable(typeof(PlanState))]
[JsonSerializable(typeof(PlanCommand))]
[JsonSerializable(typeof(ShadowLimits))]
[JsonSerializable(typeof(ShadowTally))]
[JsonSerializable(typeof(ActorLimits))]
[JsonSerializable(typeof(ActorTally))]
[JsonSerializable(typeof(RolloutView))]
[JsonSerializable(typeof(CalibratorsView))]
[JsonSerializable(typeof(CalibratorLimits))]
[JsonSerializable(typeof(CampaignSettings))]
[JsonSerializable(typeof(BidReport))]
[JsonSerializable(typeof(CampaignDayReport[]))]
[JsonSerializable(typeof(LiveCalibration))]
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
internal sealed partial class GrainsJson : JsonSerializerContext
{
    /// <exception cref="InvalidDataException">The bytes are no such thing.</exception>
    public static T Read<T>(byte[] bytes, JsonTypeInfo<T> type, string what)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, type) ?? throw new InvalidDataException($"A {what} from another silo says null.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"A {what} from another silo cannot be read: {e.Message}", e);
        }
    }
}

/// <summary>A campaign's view, whose days have members that only their own assembly may set: read by reflection.</summary>
internal static class CampaignViewJson
{
    private static readonly JsonSerializerOptions Options = new(GrainsJson.Default.Options)
    {
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    /// <summary>How it is written and read.</summary>
    public static JsonTypeInfo<CampaignView> Type { get; } = (JsonTypeInfo<CampaignView>)Options.GetTypeInfo(typeof(CampaignView));
}

/// <summary>A live view, which holds campaigns' views.</summary>
internal static class LiveSnapshotJson
{
    /// <summary>How it is written and read.</summary>
    public static JsonTypeInfo<LiveSnapshot> Type { get; } =
        (JsonTypeInfo<LiveSnapshot>)new JsonSerializerOptions(CampaignViewJson.Type.Options)
    {
        // What is not known is said to be null.
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
    }.GetTypeInfo(typeof(LiveSnapshot));
}
