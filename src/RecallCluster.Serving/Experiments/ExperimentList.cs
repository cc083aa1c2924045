using System.Text.Json;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Experiments;

/// <summary>An experiment as it was set up.</summary>
/// <param name="Settings">Its settings, with all edits.</param>
/// <param name="Version">Grows by one with every change.</param>
/// <param name="StartedAt">When it was made, by the business clock.</param>
/// <param name="StoppedAt">When it was stopped; null while it runs.</param>
internal sealed record ExperimentDefinition(
    ExperimentSettings Settings, long Version, DateTimeOffset StartedAt, DateTimeOffset? StoppedAt = null)
{
    /// <summary>Definitions as bytes.</summary>
    public static byte[] Write(IEnumerable<ExperimentDefinition> definitions) =>
        JsonSerializer.SerializeToUtf8Bytes([.. definitions], ServingJson.Default.ExperimentDefinitionArray);
}

/// <summary>
/// All experiments, as a state machine without I/O: one for all of them, because those of a layer must not share users. It is told
/// <see cref="ExperimentCommand"/>s; what is counted of each is kept by <see cref="Experiment"/>.
/// </summary>
internal sealed class ExperimentList : IStateMachine
{
    /// <summary>Key of the machine in a journal.</summary>
    public const string Key = "experiments";

    private readonly SortedDictionary<long, ExperimentDefinition> _all = [];
    private readonly SortedSet<long> _deleted = [];

    /// <summary>All that there are, by id; stopped ones, too.</summary>
    public IReadOnlyCollection<ExperimentDefinition> All => _all.Values;

    /// <summary>Whether it ever held one.</summary>
    public bool IsEmpty => _all.Count == 0 && _deleted.Count == 0;

    /// <summary>Called when they have changed, by whoever writes; null for nobody.</summary>
    public Action<ExperimentList>? Changed { get; set; }

    /// <summary>One of them; null where there is none.</summary>
    public ExperimentDefinition? Find(long id) => _all.GetValueOrDefault(id);

    /// <inheritdoc/>
    public Applied Apply(JournalRecord record)
    {
        ExperimentCommand command = record.Read(ServingJson.Default.ExperimentCommand);
        ExperimentDefinition? old = Find(command.Experiment);
        if (ExperimentChecks.ListProblem(command) is { } problem)
            throw new InvalidDataException($"Journal record {record.Sequence}: {Key} {problem}.");
        if (command.IfVersion is { } wanted && wanted != (old?.Version ?? 0))
            return new Applied(new VersionConflictException(wanted, old?.Version ?? 0), Applied.Failed);
        if (command is PutExperiment put && Refusal(put, old) is { } refusal)
            return new Applied(refusal, Applied.Failed);
        if (command is not PutExperiment && old is null)
            return new Applied(null, Applied.Failed);
        ExperimentDefinition changed = Change(command, old);
        Changed?.Invoke(this);
        return new Applied(changed);
    }

    /// <inheritdoc/>
    public byte[] Snapshot() => JsonSerializer.SerializeToUtf8Bytes(
        new ExperimentListState([.. _all.Values], [.. _deleted]), ServingJson.Default.ExperimentListState);

    /// <inheritdoc/>
    public void Restore(ReadOnlyMemory<byte> snapshot)
    {
        ExperimentListState state = SnapshotSections.ReadJson(
            snapshot, ServingJson.Default.ExperimentListState, "The experiments' snapshot");
        foreach (ExperimentDefinition? definition in state.All)
        {
            if (definition is null)
                throw new InvalidDataException("The experiments' snapshot has one that is null.");
            ExperimentChecks.CheckStructure(definition.Settings);
            _all[definition.Settings.Id] = definition;
        }
        _deleted.UnionWith(state.Deleted);
        Changed?.Invoke(this);
    }

    private InvalidRequestException? Refusal(PutExperiment put, ExperimentDefinition? old)
    {
        // Its limits were checked by whoever sent it: a log is read by later versions, whose limits are others.
        ExperimentChecks.CheckStructure(put.Settings);
        if (put.Settings.Id != put.Experiment)
            return new InvalidRequestException("id", $"is {put.Experiment}, and {put.Settings.Id} in the settings.");
        if (_deleted.Contains(put.Experiment))
            return new InvalidRequestException("id", "was an experiment's that was deleted: ads that were won under it are still about.");
        if (old?.StoppedAt is not null)
            return new InvalidRequestException("id", "is a stopped experiment's, which stays as it is: make another one.");
        return (old is null ? null : ExperimentChecks.Forbidden(old.Settings, put.Settings))
            ?? ExperimentChecks.Clash(
                put.Settings, _all.Values.Where(other => other.StoppedAt is null).Select(other => other.Settings));
    }

    private ExperimentDefinition Change(ExperimentCommand command, ExperimentDefinition? old)
    {
        switch (command)
        {
            case PutExperiment put:
                return _all[put.Experiment] =
                    new ExperimentDefinition(put.Settings, (old?.Version ?? 0) + 1, old?.StartedAt ?? put.At);
            case StopExperiment when old!.StoppedAt is null:
                return _all[command.Experiment] = old with { Version = old.Version + 1, StoppedAt = command.At };
            case DeleteExperiment:
                _all.Remove(command.Experiment);
                _deleted.Add(command.Experiment);
                return old!;
            default:
                return old!;
        }
    }
}

/// <summary>The experiments as a snapshot keeps them.</summary>
/// <param name="All">All that there are.</param>
/// <param name="Deleted">Ids of those that were deleted.</param>
internal sealed record ExperimentListState(ExperimentDefinition[] All, long[] Deleted);
