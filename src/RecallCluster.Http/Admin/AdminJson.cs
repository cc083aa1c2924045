using System.Text.Json.Serialization;
using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Money;
using RecallCluster.Http.Json;
using RecallCluster.Http.Live;
using RecallCluster.Serving;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Http.Admin;

/// <summary>
/// Serialisers of the admin and live routes: strict about what comes in; a figure that does not exist yet goes out as null.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    MaxDepth = 16,
    Converters =
    [
        typeof(CamelCaseEnum<PacingMode>), typeof(CamelCaseEnum<PricingModel>), typeof(CamelCaseEnum<DeviceKind>),
        typeof(CamelCaseEnum<CampaignStatus>), typeof(CamelCaseEnum<CreativeKind>),
        typeof(CamelCaseEnum<AdStanding>), typeof(CamelCaseEnum<RolloutPhase>), typeof(CamelCaseEnum<RolloutOutcome>),
        typeof(CamelCaseEnum<CalibratorMethod>),
        typeof(NullForNonFinite),
    ])]
[JsonSerializable(typeof(CampaignBody))]
[JsonSerializable(typeof(CampaignPatchBody))]
[JsonSerializable(typeof(CampaignViewBody))]
[JsonSerializable(typeof(CampaignPageBody))]
[JsonSerializable(typeof(AdResourceBody))]
[JsonSerializable(typeof(UserMemoryBody))]
[JsonSerializable(typeof(ConsentBody))]
[JsonSerializable(typeof(IndexLoadBody))]
[JsonSerializable(typeof(IndexesBody))]
[JsonSerializable(typeof(ActorsBody))]
[JsonSerializable(typeof(CalibratorPublishBody))]
[JsonSerializable(typeof(CalibratorsBody))]
[JsonSerializable(typeof(IndexVersionView))]
[JsonSerializable(typeof(RolloutView))]
[JsonSerializable(typeof(ExperimentBody))]
[JsonSerializable(typeof(ExperimentViewBody))]
[JsonSerializable(typeof(ExperimentsBody))]
[JsonSerializable(typeof(LiveBody))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(int))]
internal sealed partial class AdminJson : JsonSerializerContext;
