using System.Text.Json;
using System.Text.Json.Serialization;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.Users;

namespace RecallCluster.Serving.State;

/// <summary>
/// Commands and snapshots as JSON. Fields that are not known are passed over: an older program reads what a newer one wrote. A field that
/// is missing is an error, unless it may be null: nulls are not written.
/// </summary>
[JsonSerializable(typeof(CampaignCommand))]
[JsonSerializable(typeof(CampaignMemory))]
[JsonSerializable(typeof(UserCommand))]
[JsonSerializable(typeof(UserPartitionState))]
[JsonSerializable(typeof(EngagementCommand))]
[JsonSerializable(typeof(ClickCountsState))]
[JsonSerializable(typeof(ExperimentCommand))]
[JsonSerializable(typeof(ExperimentDefinition[]))]
[JsonSerializable(typeof(ExperimentListState))]
[JsonSerializable(typeof(ExperimentState))]
[JsonSerializable(typeof(RolloutState<CalibratorVersion, CalibratorLimits>), TypeInfoPropertyName = "CalibratorRollout")]
[JsonSerializable(typeof(RolloutState<ActorVersion, ActorLimits>))]
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
internal sealed partial class ServingJson : JsonSerializerContext;
