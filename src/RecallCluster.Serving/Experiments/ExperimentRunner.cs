namespace RecallCluster.Serving.Experiments;

/// <summary>Where experiments are kept: machines of this process, or in others. Thread-safe.</summary>
internal interface IExperimentStore
{
    /// <summary>Takes a command to the list of experiments.</summary>
    /// <returns>The experiment that it concerned, afterwards; null where there is none. This process's gateway knows of it.</returns>
    /// <exception cref="InvalidRequestException">The list refused it.</exception>
    /// <exception cref="Campaigns.VersionConflictException">The experiment has another version now.</exception>
    /// <exception cref="IOException">It could not be made durable.</exception>
    Task<ExperimentDefinition?> TellAsync(ExperimentCommand command, CancellationToken cancellation);

    /// <summary>All experiments, by id.</summary>
    Task<IReadOnlyList<ExperimentDefinition>> ListAsync(CancellationToken cancellation);

    /// <summary>What was counted of one.</summary>
    /// <exception cref="IOException">It could not be reached.</exception>
    Task<ExperimentCounts> CountsAsync(long experiment, CancellationToken cancellation);
}

/// <summary>Runs experiments, wherever they are kept: checks, stamps with the business clock, makes commands, works results out.</summary>
/// <param name="store">Where they are kept.</param>
/// <param name="clock">The business clock.</param>
/// <param name="isWithoutRanker">Whether the host is known to have no ranker, so that skipping it would be no treatment.</param>
internal sealed class ExperimentRunner(IExperimentStore store, TimeProvider clock, bool isWithoutRanker = false) : IExperiments
{
    /// <summary>Most experiments that are kept, stopped ones among them: every list of them works out the results of all.</summary>
    public const int MostKept = 200;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ExperimentView>> ListAsync(CancellationToken cancellation)
    {
        IReadOnlyList<ExperimentDefinition> all = await store.ListAsync(cancellation).ConfigureAwait(false);
        return await Task.WhenAll(all.Select(one => TryViewAsync(one, cancellation))).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<ExperimentView?> FindAsync(long id, CancellationToken cancellation)
    {
        IReadOnlyList<ExperimentDefinition> all = await store.ListAsync(cancellation).ConfigureAwait(false);
        return all.FirstOrDefault(one => one.Settings.Id == id) is { } found
            ? await ViewAsync(found, cancellation).ConfigureAwait(false) : null;
    }

    /// <inheritdoc/>
    public async Task<ExperimentView> PutAsync(ExperimentSettings settings, long? ifVersion, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ExperimentChecks.Check(settings);
        foreach ((int i, ExperimentArm arm) in settings.Arms.Index())
        {
            if (isWithoutRanker && arm.Treatment is { SkipRanker: true })
                throw new InvalidRequestException($"arms[{i}].treatment.skipRanker", "changes nothing: there is no ranker here.");
        }
        // Here, not where the log is applied: what was taken once stays taken. Two that come at once may make it one more.
        IReadOnlyList<ExperimentDefinition> all = await store.ListAsync(cancellation).ConfigureAwait(false);
        if (all.Count >= MostKept && all.All(one => one.Settings.Id != settings.Id))
            throw new InvalidRequestException("id", $"would be one more than the {MostKept} experiments that are kept: delete old ones.");
        var put = new PutExperiment(clock.GetUtcNow(), settings.Id, settings) { IfVersion = ifVersion };
        ExperimentDefinition? changed = await store.TellAsync(put, cancellation).ConfigureAwait(false);
        return await TryViewAsync(changed!, cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<ExperimentView?> StopAsync(long id, long? ifVersion, CancellationToken cancellation)
    {
        var stop = new StopExperiment(clock.GetUtcNow(), id) { IfVersion = ifVersion };
        ExperimentDefinition? stopped = await store.TellAsync(stop, cancellation).ConfigureAwait(false);
        return stopped is null ? null : await TryViewAsync(stopped, cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<bool> DeleteAsync(long id, long? ifVersion, CancellationToken cancellation)
    {
        var delete = new DeleteExperiment(clock.GetUtcNow(), id) { IfVersion = ifVersion };
        return await store.TellAsync(delete, cancellation).ConfigureAwait(false) is not null;
    }

    private async Task<ExperimentView> ViewAsync(ExperimentDefinition definition, CancellationToken cancellation) => ViewOf(
        definition, await store.CountsAsync(definition.Settings.Id, cancellation).ConfigureAwait(false));

    /// <summary>What was done is done, and others can be seen, though what was counted of this one cannot be read now.</summary>
    private async Task<ExperimentView> TryViewAsync(ExperimentDefinition definition, CancellationToken cancellation)
    {
        try
        {
            return await ViewAsync(definition, cancellation).ConfigureAwait(false);
        }
        catch (IOException)
        {
            return ViewOf(definition, null);
        }
    }

    private static ExperimentView ViewOf(ExperimentDefinition definition, ExperimentCounts? counts) => new()
    {
        Settings = definition.Settings,
        Version = definition.Version,
        StartedAt = definition.StartedAt,
        StoppedAt = definition.StoppedAt,
        Results = counts is null ? null : ExperimentResults.Of(definition.Settings, counts),
    };
}
