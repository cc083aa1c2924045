using Microsoft.Extensions.Hosting;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Market;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.State;

namespace RecallCluster.Grains.Rollouts;

/// <summary>
/// Has the versions of actors at hand on a silo with campaigns: follows the plan's grain. What was heard is kept until something else is
/// heard. Thread-safe.
/// </summary>
internal sealed class SiloActors(
    SiloNode node, IGrainFactory grains, MachineFactory factory, SiloMarket market, MachineHostOptions options, TimeProvider time)
    : IHostedService, IAsyncDisposable
{
    private const string Work = "actors";

    // A campaign that begins without them decides with the host's own actors until they are there.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ReadPlace _place = new();
    private Follower? _follower;
    private long _revision = -1;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (node.Has(SiloRoles.Control))
            _follower ??= new Follower(AskAsync, options, time);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken) => await DisposeAsync().ConfigureAwait(false);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _follower?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>Completes when this silo has read the plan, as it was then or later.</summary>
    public Task WaitForAsync(long revision, CancellationToken cancellation) =>
        _place.WaitForAsync(default, PlaceOf(revision), cancellation);

    /// <summary>Completes when the plan was read once, or that takes too long.</summary>
    public async Task OpenAsync(CancellationToken cancellation)
    {
        if (_follower is null || Volatile.Read(ref _revision) >= 0)
            return;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        await _place.WaitPastAsync(default, patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task AskAsync(CancellationToken cancellation)
    {
        try
        {
            byte[]? plan = await grains.GetGrain<IActorsGrain>(0).NextAsync(_revision).WaitAsync(cancellation).ConfigureAwait(false);
            if (plan is not null)
                Take(plan);
            market.Background.Succeeded(Work);
        }
        // A version that a later program published cannot be read here: what is at hand goes on.
        catch (InvalidDataException e)
        {
            market.Background.Failed(Work, e);
            throw;
        }
    }

    private void Take(byte[] bytes)
    {
        RolloutState<ActorVersion, ActorLimits> plan = GrainsJson.Read(bytes, MachineFactory.ActorsType, "plan of actors");
        factory.Controllers.Use(plan);
        Volatile.Write(ref _revision, plan.Revision);
        _place.Reach(default, PlaceOf(plan.Revision));
    }

    // Place 0 is that of who has read nothing.
    private static long PlaceOf(long revision) => revision + 1;
}
