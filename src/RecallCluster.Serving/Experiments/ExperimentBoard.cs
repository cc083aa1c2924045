using System.Collections.Concurrent;

namespace RecallCluster.Serving.Experiments;

/// <summary>
/// The experiments as this process knows them: what its gateway splits users by, and what it has answered and not reported. Thread-safe;
/// reading takes no lock.
/// </summary>
internal sealed class ExperimentBoard
{
    private readonly ConcurrentDictionary<long, ExposureMeter> _meters = new();
    private volatile ExperimentSet _current = ExperimentSet.Empty;

    /// <summary>What requests that begin now are split by.</summary>
    public ExperimentSet Current => _current;

    /// <summary>Experiments of which something may not be reported yet; deleted ones are not among them.</summary>
    public IEnumerable<long> Metered => _meters.Keys;

    /// <summary>Hands over what was answered under an experiment's arms since the last call; null for nothing.</summary>
    public ArmExposures[]? Take(long experiment)
    {
        if (!_meters.TryGetValue(experiment, out ExposureMeter? meter))
            return null;
        bool wasEmpty = meter.WasEmpty;
        ArmExposures[]? taken = meter.Take();
        // Found empty twice: requests that began before it was stopped have ended in between.
        if (taken is null && wasEmpty && !_current.Has(experiment))
            _meters.TryRemove(experiment, out _);
        return taken;
    }

    /// <summary>Splits by these from the next request on. One caller at a time, in order.</summary>
    /// <param name="all">All experiments that there are; stopped ones have no users.</param>
    public void Publish(IReadOnlyCollection<ExperimentDefinition> all)
    {
        foreach (long deleted in _meters.Keys.Except(all.Select(one => one.Settings.Id)))
            _meters.TryRemove(deleted, out _);
        _current = new ExperimentSet(
            [.. all.Where(one => one.StoppedAt is null).Select(one => one.Settings)],
            settings => _meters.GetOrAdd(settings.Id, _ => new ExposureMeter(settings.Arms.Count)));
    }
}
