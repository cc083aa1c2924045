using System.Diagnostics;
using RecallCluster.Cli.Workflows.Cluster;

namespace RecallCluster.Cli.Workflows;

/// <summary>Kills a silo and watches, by what the silos say of themselves, what becomes of its share of the work.</summary>
internal sealed class Rebalancing(IReadOnlyList<SupervisedSilo> silos, SupervisedSilo victim)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250), TimeToPlace = TimeSpan.FromMinutes(1);

    private SiloGrains _had = new(0, 0), _othersHad = new(0, 0), _allHave = new(0, 0);
    private double? _placed;
    private double _back;

    /// <summary>When the silo was killed.</summary>
    public DateTimeOffset From { get; private set; }

    /// <summary>When all silos were ready again.</summary>
    public DateTimeOffset To { get; private set; }

    /// <summary>
    /// Kills the silo and waits until all is as before, for the replicas' places at most a minute longer than for the silos.
    /// </summary>
    /// <param name="figures">Asks silos what they hold.</param>
    /// <param name="ready">Completes when all silos are ready.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task WatchAsync(SiloFigures figures, Func<Task> ready, CancellationToken cancellation)
    {
        SiloPlan[] others = [.. silos.Where(silo => silo != victim).Select(silo => silo.Plan)], all = [.. silos.Select(silo => silo.Plan)];
        _had = await figures.OfAsync([victim.Plan], cancellation).ConfigureAwait(false);
        _othersHad = await figures.OfAsync(others, cancellation).ConfigureAwait(false);
        From = TimeProvider.System.GetUtcNow();
        long began = Stopwatch.GetTimestamp();
        await victim.KillAsync().ConfigureAwait(false);
        Task back = ready();
        while (!back.IsCompleted)
        {
            await LookAsync().ConfigureAwait(false);
            await Task.WhenAny(back, Task.Delay(Pause, cancellation)).ConfigureAwait(false);
        }
        await back.ConfigureAwait(false);
        TimeSpan returned = Stopwatch.GetElapsedTime(began);
        (_back, To) = (returned.TotalSeconds, From + returned);
        // A silo that is asked just then may not answer, and holds nothing then.
        await LookAsync().ConfigureAwait(false);
        while (_placed is null && Stopwatch.GetElapsedTime(began) - returned < TimeToPlace)
        {
            await Task.Delay(Pause, cancellation).ConfigureAwait(false);
            await LookAsync().ConfigureAwait(false);
        }

        async Task LookAsync()
        {
            _allHave = await figures.OfAsync(all, cancellation).ConfigureAwait(false);
            if (_allHave.ShardReplicas >= _had.ShardReplicas + _othersHad.ShardReplicas)
                _placed ??= Stopwatch.GetElapsedTime(began).TotalSeconds;
        }
    }

    /// <summary>What moved.</summary>
    public DemoRebalanced Report(CoverageWatch coverage) => new(
        victim.Plan.Name,
        Math.Clamp(_allHave.ShardReplicas - _othersHad.ShardReplicas, 0, _had.ShardReplicas),
        Math.Clamp(_allHave.Campaigns - _othersHad.Campaigns, 0, _had.Campaigns),
        _placed,
        coverage.SecondsToFull(From),
        _back);
}
