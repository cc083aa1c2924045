using System.Text.Json.Serialization.Metadata;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.Users;

namespace RecallCluster.Serving.State;

/// <summary>
/// Makes the state machines, one at a time and without memory, for whoever tells them commands: a journal that holds all of them, or actors
/// that hold one each. A key only names the machine in messages.
/// </summary>
internal sealed class MachineFactory
{
    /// <summary>Key of <see cref="Actors"/>.</summary>
    public const string ActorsKey = "rollout/actors";

    private readonly ServingStateOptions _options;

    /// <param name="options">How machines behave; where a journal would be is of no concern here.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is not as its description says.</exception>
    /// <exception cref="InvalidRequestException">A limit of versions is out of range; the message names it.</exception>
    public MachineFactory(ServingStateOptions options)
    {
        options.Campaigns.Check();
        options.Calibration.Check();
        options.Users.Check();
        options.ActorLimits.Check();
        options.CalibratorLimits.Check();
        _options = options;
        Controllers = new ControllerVersions(new BidControllers(options.Actors));
    }

    /// <summary>How a plan of actors' versions is written.</summary>
    public static JsonTypeInfo<RolloutState<ActorVersion, ActorLimits>> ActorsType =>
        ServingJson.Default.RolloutStateActorVersionActorLimits;

    /// <summary>How campaigns are run.</summary>
    public CampaignOptions Campaigns => _options.Campaigns;

    /// <summary>How predictions are calibrated.</summary>
    public CalibrationOptions Calibration => _options.Calibration;

    /// <summary>How users are remembered.</summary>
    public UserStoreOptions Users => _options.Users;

    /// <summary>The bid controllers that campaigns can have.</summary>
    public ControllerVersions Controllers { get; }

    /// <summary>A campaign that was not made yet; it is told <see cref="CampaignCommand"/>s.</summary>
    public Campaign Campaign(string key) => new(key, Campaigns, Controllers);

    /// <summary>A part of the users; it is told <see cref="UserCommand"/>s and follows <see cref="EventCommand"/>s.</summary>
    /// <param name="key">Its name.</param>
    /// <param name="capacity">Most users that it remembers.</param>
    public UserPartition UsersOf(string key, int capacity) => new(key, capacity, Users);

    /// <summary>
    /// A part of calibration's counts; it is told <see cref="EngagementCommand"/>s and follows <see cref="EventCommand"/>s.
    /// </summary>
    public CalibrationShard Counts(string key) => new(key, Calibration);

    /// <summary>The roll-out of the calibrator's versions; it begins with what is configured.</summary>
    public static RolloutPlan<CalibratorVersion, CalibratorLimits> CalibratorPlan() =>
        new(CalibratorVersions.Key, ServingJson.Default.CalibratorRollout, CalibratorVersion.Configured);

    /// <summary>
    /// The versions of actors; what it holds is at hand for the campaigns that are made here. At most one such machine is used at a time.
    /// </summary>
    public RolloutPlan<ActorVersion, ActorLimits> Actors() => new(ActorsKey, ActorsType, ActorVersion.Own) { Changed = Controllers.Use };

    /// <summary>The catalogue's edits; told <see cref="CatalogueEdit"/>s.</summary>
    public static CatalogueEdits Catalogue() => new();
}
