using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Machines;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Grains.Rollouts;

/// <summary>A grain that keeps the plan of a roll-out and leads it; what is rolled out is for its heirs to say.</summary>
/// <typeparam name="TVersion">What is rolled out.</typeparam>
/// <typeparam name="TLimits">What it must show.</typeparam>
internal abstract class RolloutGrain<TVersion, TLimits> : MachineGrain<RolloutPlan<TVersion, TLimits>>, IRolloutGrain,
    IRolloutTarget<TVersion, TLimits>, IDisposable
    where TVersion : class, IRolledVersion
    where TLimits : class
{
    // A record is the whole plan, and so is a snapshot: a log of many would hold as many copies, megabytes each where versions have files.
    private const int SnapshotEvery = 1;

    private readonly string _key;
    private readonly JsonTypeInfo<RolloutState<TVersion, TLimits>> _type;
    private readonly TVersion? _first;
    private readonly RolloutDriver<TVersion, TLimits> _driver;

    /// <param name="services">What machines need.</param>
    /// <param name="key">The machine's key.</param>
    /// <param name="type">How the plan is written.</param>
    /// <param name="first">What is in use before anything was rolled out; null for nothing.</param>
    /// <param name="clock">The clock of patience.</param>
    /// <param name="period">How often it goes on, in real time.</param>
    protected RolloutGrain(
        MachineServices services, string key, JsonTypeInfo<RolloutState<TVersion, TLimits>> type, TVersion? first,
        TimeProvider clock, TimeSpan period)
        : base(services)
    {
        (_key, _type, _first, Period) = (key, type, first, period);
        _driver = new RolloutDriver<TVersion, TLimits>(this, () => Plan, TellAsync, clock);
    }

    /// <inheritdoc/>
    /// <remarks>What is kept in the plan takes next to nothing.</remarks>
    public bool NeedsRoomOfPrevious => false;

    /// <summary>How often it goes on, in real time.</summary>
    protected TimeSpan Period { get; }

    /// <summary>How it stands, for people.</summary>
    protected RolloutView View => _driver.View;

    /// <summary>How it stands.</summary>
    protected RolloutState<TVersion, TLimits> Plan => Machine.State;

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await base.OnActivateAsync(cancellationToken).ConfigureAwait(true);
        // A roll-out that another activation began goes on from here.
        this.RegisterGrainTimer(TryStepAsync, new GrainTimerCreationOptions(TimeSpan.Zero, Period) { Interleave = true });
    }

    /// <inheritdoc/>
    public Task<byte[]> RolloutAsync() =>
        Task.FromResult(JsonSerializer.SerializeToUtf8Bytes(_driver.View, GrainsJson.Default.RolloutView));

    /// <inheritdoc/>
    public async Task<byte[]> StepAsync()
    {
        await _driver.StepAsync().ConfigureAwait(true);
        return await RolloutAsync().ConfigureAwait(true);
    }

    /// <inheritdoc/>
    public async Task<byte[]> RollBackAsync()
    {
        await _driver.RollBackAsync().ConfigureAwait(true);
        return await RolloutAsync().ConfigureAwait(true);
    }

    /// <inheritdoc/>
    public async Task<byte[]> DropPreviousAsync()
    {
        await _driver.DropPreviousAsync().ConfigureAwait(true);
        return await RolloutAsync().ConfigureAwait(true);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    public abstract Task PrepareAsync(TVersion version);

    /// <inheritdoc/>
    public abstract Task<RolloutVerdict> JudgeAsync(TVersion version, TLimits limits);

    /// <inheritdoc/>
    public virtual Task UseAsync(TVersion version) => Task.CompletedTask;

    /// <inheritdoc/>
    public abstract Task DropAsync(TVersion version);

    /// <inheritdoc/>
    public abstract TimeSpan PatienceOf(TLimits limits);

    /// <summary>Begins with a version; it is gone on with after the answer.</summary>
    /// <param name="make">Makes it, with the number that its name carries.</param>
    /// <param name="limits">What it must show.</param>
    /// <returns>How it stands, as JSON.</returns>
    /// <exception cref="InvalidOperationException">Another one is on its way.</exception>
    protected async Task<byte[]> BeginAsync(Func<int, TVersion> make, TLimits limits)
    {
        await _driver.PublishAsync(make, limits).ConfigureAwait(true);
        byte[] view = await RolloutAsync().ConfigureAwait(true);
        _ = TryStepAsync(CancellationToken.None);
        return view;
    }

    /// <summary>The plan may have changed.</summary>
    protected virtual void OnChanged()
    {
    }

    /// <inheritdoc cref="IDisposable.Dispose"/>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
            _driver.Dispose();
    }

    /// <inheritdoc/>
    protected override MachineKind<RolloutPlan<TVersion, TLimits>> Describe() =>
        new(_key, () => new RolloutPlan<TVersion, TLimits>(_key, _type, _first)) { Opened = _ => OnChanged() };

    /// <inheritdoc/>
    protected override MachineHostOptions OptionsOf(MachineHostOptions usual) => usual with { SnapshotEvery = SnapshotEvery };

    private async Task<bool> TellAsync(RolloutState<TVersion, TLimits> next)
    {
        object? applied = await Host.TellAsync(Machine.Write(next)).ConfigureAwait(true);
        OnChanged();
        return applied is true;
    }

    // The store does not answer: the step is made again.
    private Task TryStepAsync(CancellationToken cancellation) => GrainCalls.TryAsync(_driver.StepAsync);
}
