using Microsoft.Extensions.Hosting;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Market;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.State;

namespace RecallCluster.Grains.Rollouts;

/// <summary>
/// Has the versions of actors at hand on a silo: follows the plan's grain. What was heard is kept until something else is heard. Every silo
/// does: campaigns live on any where none has the role for them. Thread-safe.
/// </summary>
internal sealed class SiloActors(
    IGrainFactory grains, MachineFactory factory, SiloMarket market, MachineHostOptions options, TimeProvider time)
    : IHostedService, IAsyncDisposable
{
    private const string Work = "actors";

    private readonly ReadPlace _place = new();
    private Follower? _follower;
    private long _revision = -1;
    private volatile string? _trouble;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
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

    /// <summary>
    /// Completes when this silo has read the plan as it is now: every version that a campaign's log may name, and that was not given up
    /// since, is at hand then.
    /// </summary>
    /// <exception cref="IOException">
    /// The plan cannot be reached, or was not read here in time. Who would go on without it might decide again otherwise than was decided.
    /// </exception>
    public async Task OpenAsync(CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(options.GiveUpAfter, time);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        long revision = -1;
        try
        {
            revision = await GrainCalls.AskAsync(
                grains.GetGrain<IActorsGrain>(0).RevisionAsync(), "The actors' plan", patience.Token).ConfigureAwait(false);
            await WaitForAsync(revision, patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            string waited = $"{options.GiveUpAfter.TotalSeconds:0.#} s";
            throw new IOException(
                revision < 0
                    ? $"The actors' plan did not answer for {waited}."
                    : $"The actors' plan is at revision {revision}; for {waited} this silo has read only {Volatile.Read(ref _revision)}"
                        + (_trouble is { } trouble ? $": {trouble}" : "."),
                e);
        }
    }

    private async Task AskAsync(CancellationToken cancellation)
    {
        try
        {
            byte[]? plan = await grains.GetGrain<IActorsGrain>(0).NextAsync(_revision).WaitAsync(cancellation).ConfigureAwait(false);
            if (plan is not null)
                Take(plan);
            _trouble = null;
            market.Background.Succeeded(Work);
        }
        // A version that a later program published cannot be read here: what is at hand goes on, and no campaign begins here.
        catch (InvalidDataException e)
        {
            _trouble = e.Message;
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
