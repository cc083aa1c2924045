using Orleans.Concurrency;
using RecallCluster.Serving.State;
using RecallCluster.Wire.State;

namespace RecallCluster.Grains.Machines;

/// <summary>A grain that keeps one machine. Its calls interleave, so that commands that come together are written together.</summary>
/// <typeparam name="TMachine">The machine.</typeparam>
[Reentrant]
internal abstract class MachineGrain<TMachine>(MachineServices services) : Grain
    where TMachine : class, IStateMachine
{
    private MachineHost<TMachine>? _host;
    private IDisposable? _open;

    /// <summary>The machine's keeper.</summary>
    protected MachineHost<TMachine> Host => _host ?? throw new InvalidOperationException("The grain is not active yet.");

    /// <summary>The machine, as of all that is durable.</summary>
    protected TMachine Machine => Host.Machine;

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        MachineKind<TMachine> kind = Describe();
        kind = kind with { Refused = why => Refuse(kind.Key, why) };
        var host = new MachineHost<TMachine>(kind, services.Store, services.Tell, OptionsOf(services.Options), services.Time);
        _host = host;
        try
        {
            await host.OpenAsync(cancellationToken).ConfigureAwait(true);
        }
        catch (InvalidDataException e)
        {
            services.Refused(kind.Key, e);
            throw;
        }
        services.Opened(kind.Key);
        // Off the turns of this grain nobody may touch it.
        TaskScheduler turns = TaskScheduler.Current;
        _open = services.Machines.Add(() => Task.Factory.StartNew(
            () => _host?.SnapshotAsync() ?? Task.CompletedTask, CancellationToken.None, TaskCreationOptions.None, turns).Unwrap());
        await base.OnActivateAsync(cancellationToken).ConfigureAwait(true);
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _open?.Dispose();
        if (_host is not null)
        {
            try
            {
                await _host.CloseAsync().WaitAsync(cancellationToken).ConfigureAwait(true);
            }
            // The log holds all that a snapshot would.
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                Telemetry.AskFailed(e);
            }
        }
        await base.OnDeactivateAsync(reason, cancellationToken).ConfigureAwait(true);
    }

    /// <summary>Takes note of what another machine applied.</summary>
    public Task FollowAsync(string source, FollowedRecord[] records) => Host.FollowAsync(source, records);

    // A silo of the version that wrote it may be able to: the next call looks for one.
    private void Refuse(string key, InvalidDataException why)
    {
        services.Refused(key, why);
        DeactivateOnIdle();
    }

    /// <summary>What kind of machine it is.</summary>
    protected abstract MachineKind<TMachine> Describe();

    /// <summary>How it is kept.</summary>
    protected virtual MachineHostOptions OptionsOf(MachineHostOptions usual) => usual;
}
