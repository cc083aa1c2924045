using System.Text.Json;
using System.Text.Json.Serialization;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Experiments;

/// <summary>Something that experiments are told, as a log keeps it.</summary>
/// <param name="At">The business clock when it was told.</param>
/// <param name="Experiment">The experiment's id.</param>
[JsonDerivedType(typeof(PutExperiment), "put")]
[JsonDerivedType(typeof(StopExperiment), "stop")]
[JsonDerivedType(typeof(DeleteExperiment), "delete")]
[JsonDerivedType(typeof(ReportExposures), "exposures")]
internal abstract record ExperimentCommand(DateTimeOffset At, long Experiment)
{
    /// <summary>The version that a change is based on: 0 to create only, null for whatever is there.</summary>
    public long? IfVersion { get; init; }

    /// <summary>The command as a log keeps it.</summary>
    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, ServingJson.Default.ExperimentCommand);
}

/// <summary>Make or change an experiment; to the list of them.</summary>
internal sealed record PutExperiment(DateTimeOffset At, long Experiment, ExperimentSettings Settings) : ExperimentCommand(At, Experiment);

/// <summary>Give no user to it any more; to the list of them.</summary>
internal sealed record StopExperiment(DateTimeOffset At, long Experiment) : ExperimentCommand(At, Experiment);

/// <summary>Forget it with all that was counted; to the list of them, and the experiment itself follows.</summary>
internal sealed record DeleteExperiment(DateTimeOffset At, long Experiment) : ExperimentCommand(At, Experiment);

/// <summary>What a gateway answered under an experiment's arms; to the experiment.</summary>
/// <param name="At">The business clock.</param>
/// <param name="Experiment">The experiment's id.</param>
/// <param name="Gateway">The gateway's number.</param>
/// <param name="Epoch">Its life.</param>
/// <param name="Number">The report's number in that life, from 1: one that comes again carries the same.</param>
/// <param name="Arms">What was answered since the report before, by arm.</param>
internal sealed record ReportExposures(
    DateTimeOffset At, long Experiment, int Gateway, long Epoch, long Number, ArmExposures[] Arms)
    : ExperimentCommand(At, Experiment);

/// <summary>What was answered under one arm, by block of users.</summary>
/// <param name="Requests">Requests.</param>
/// <param name="Answered">Those of them that were answered with ads.</param>
/// <param name="Ads">Ads that they were answered with.</param>
internal sealed record ArmExposures(long[] Requests, long[] Answered, long[] Ads)
{
    /// <summary>Whether there is a number for every block.</summary>
    [JsonIgnore]
    public bool IsWhole => Requests.Length == UserSplit.Blocks && Answered.Length == UserSplit.Blocks && Ads.Length == UserSplit.Blocks;
}
