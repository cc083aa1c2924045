using RecallCluster.Serving.Campaigns;

namespace RecallCluster.Serving.Experiments;

/// <summary>
/// The experiments, for those who run them. What was acknowledged is durable, and known to this process's gateway. Thread-safe.
/// </summary>
public interface IExperiments
{
    /// <summary>All of them, by id. One whose counts cannot be read now is there without results.</summary>
    Task<IReadOnlyList<ExperimentView>> ListAsync(CancellationToken cancellation);

    /// <summary>One of them with its results, or null.</summary>
    /// <exception cref="IOException">Its counts cannot be read now.</exception>
    Task<ExperimentView?> FindAsync(long id, CancellationToken cancellation);

    /// <summary>Makes an experiment, which runs from now on, or changes the name or the share of one that runs.</summary>
    /// <param name="settings">All of its settings.</param>
    /// <param name="ifVersion">The version that the change is based on: 0 to create only, null for whatever is there.</param>
    /// <param name="cancellation">The caller gave up; the change may have been made.</param>
    /// <exception cref="InvalidRequestException">A setting makes no sense or cannot be changed, or another experiment is in its way; the
    /// message names it.</exception>
    /// <exception cref="VersionConflictException">The experiment has another version now.</exception>
    Task<ExperimentView> PutAsync(ExperimentSettings settings, long? ifVersion, CancellationToken cancellation);

    /// <summary>Stops an experiment for good: no user is in it any more; what was won under it still counts.</summary>
    /// <returns>The experiment; null where there is none.</returns>
    /// <exception cref="VersionConflictException">The experiment has another version now.</exception>
    Task<ExperimentView?> StopAsync(long id, long? ifVersion, CancellationToken cancellation);

    /// <summary>Deletes an experiment with all that was counted. Its id is never used again.</summary>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="VersionConflictException">The experiment has another version now.</exception>
    Task<bool> DeleteAsync(long id, long? ifVersion, CancellationToken cancellation);
}

/// <summary>An experiment as it stands.</summary>
public sealed record ExperimentView
{
    /// <summary>Its settings, with all edits.</summary>
    public required ExperimentSettings Settings { get; init; }

    /// <summary>Grows by one with every change.</summary>
    public required long Version { get; init; }

    /// <summary>When it was made, by the business clock.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it was stopped; null while it runs.</summary>
    public DateTimeOffset? StoppedAt { get; init; }

    /// <summary>What came of it so far; null where it could not be read now.</summary>
    public required ExperimentResults? Results { get; init; }
}
