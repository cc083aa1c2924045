using System.Collections.Concurrent;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Experiments;

/// <summary>The list of experiments and the counts of each: machines of a journal. Read on the journal's writer.</summary>
internal sealed class ExperimentFamily
{
    private readonly ConcurrentDictionary<long, Experiment> _counts = new();

    public ExperimentFamily(StateMachines machines)
    {
        machines.Add(ExperimentList.Key, List);
        machines.AddFamily(Experiment.Prefix, key =>
        {
            var experiment = new Experiment(key);
            _counts[experiment.Id] = experiment;
            return experiment;
        });
    }

    /// <summary>The list.</summary>
    public ExperimentList List { get; } = new();

    /// <summary>The counts of an experiment; null where nothing was counted.</summary>
    public Experiment? Find(long id) => _counts.GetValueOrDefault(id);
}

/// <summary>Experiments of a journal.</summary>
internal sealed class JournalExperiments(ExperimentFamily family, IJournal journal) : IExperimentStore, IExposureReports
{
    /// <summary>The machines that a command to the list concerns, too.</summary>
    public static string[] FollowersOf(ExperimentCommand command) =>
        command is DeleteExperiment ? [Experiment.KeyOf(command.Experiment)] : [];

    /// <inheritdoc/>
    public async Task<ExperimentDefinition?> TellAsync(ExperimentCommand command, CancellationToken cancellation) =>
        (ExperimentDefinition?)await journal.AppendAsync(
            ExperimentList.Key, command.Write(), FollowersOf(command), cancellation).ConfigureAwait(false);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ExperimentDefinition>> ListAsync(CancellationToken cancellation) =>
        journal.ReadAsync<IReadOnlyList<ExperimentDefinition>>(() => [.. family.List.All], cancellation);

    /// <inheritdoc/>
    public Task<ExperimentCounts> CountsAsync(long experiment, CancellationToken cancellation) =>
        journal.ReadAsync(() => family.Find(experiment)?.Copy() ?? new ExperimentCounts([]), cancellation);

    /// <inheritdoc/>
    public Task ReportAsync(ReportExposures report, CancellationToken cancellation) =>
        journal.AppendAsync(Experiment.KeyOf(report.Experiment), report.Write(), [], cancellation);
}
