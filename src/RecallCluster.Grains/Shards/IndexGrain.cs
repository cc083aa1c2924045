using System.Globalization;
using System.Text.Json;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Market;
using RecallCluster.Grains.Placement;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Grains.Shards;

/// <summary>One index.</summary>
[RolePlacement(SiloRoles.Control)]
internal sealed class IndexGrain : MachineGrain<IndexPlan>, IIndexGrain, IRolloutTarget<IndexVersion, ShadowLimits>, IDisposable
{
    private static readonly TimeSpan WatchPeriod = TimeSpan.FromSeconds(1);

    private readonly IGrainFactory _grains;
    private readonly RolloutOptions _options;
    private readonly News _news;
    private readonly GatewayReports _gateways;
    private readonly RolloutDriver<IndexVersion, ShadowLimits> _rollout;
    private readonly SemaphoreSlim _placing = new(1, 1), _publishing = new(1, 1);
    private string? _fitsNowhere;
    private Task _waking = Task.CompletedTask;

    public IndexGrain(MachineServices services, IGrainFactory grains, RolloutOptions options)
        : base(services)
    {
        (_grains, _options) = (grains, options);
        _news = new News(services.Time);
        _gateways = new GatewayReports(services.Time);
        _rollout = new RolloutDriver<IndexVersion, ShadowLimits>(
            this, () => State.Rollout, next => TellAsync(new PlanCommand { Rollout = next }), services.Time);
    }

    private PlanState State => Machine.State;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await base.OnActivateAsync(cancellationToken).ConfigureAwait(true);
        // Before the first version nobody answers with one.
        if (State.Rollout.Current is not null)
            _gateways.Forgot();
        // A roll-out that another activation began goes on from here, too.
        this.RegisterGrainTimer(WakeAsync, new GrainTimerCreationOptions(WatchPeriod, WatchPeriod) { Interleave = true });
        this.RegisterGrainTimer(StepAsync, new GrainTimerCreationOptions(TimeSpan.Zero, WatchPeriod) { Interleave = true });
    }

    public void Dispose()
    {
        _rollout.Dispose();
        _placing.Dispose();
        _publishing.Dispose();
    }

    public async Task<IndexState> PublishAsync(IndexVersion version, byte[]? limits, int? replicas)
    {
        ArgumentNullException.ThrowIfNull(version);
        ShadowLimits wanted = limits is null ? _options.Shadow : GrainsJson.Read(limits, GrainsJson.Default.ShadowLimits, "limits");
        if (replicas is { } count)
            ArgumentOutOfRangeException.ThrowIfLessThan(count, 1, nameof(replicas));
        // Only here versions begin: while one is published no other comes in its way.
        await _publishing.WaitAsync().ConfigureAwait(true);
        try
        {
            // What is on its way goes on with as many as it began with; the new one is refused.
            if (State.Rollout.Candidate is null && replicas is { } many && many != State.Replicas)
                await TellAsync(new PlanCommand { Replicas = many }).ConfigureAwait(true);
            await _rollout.PublishAsync(
                number => version with { Name = string.Create(CultureInfo.InvariantCulture, $"{version.Name}.{number}") }, wanted)
                .ConfigureAwait(true);
        }
        finally
        {
            _publishing.Release();
        }
        await StepAsync(CancellationToken.None).ConfigureAwait(true);
        return View();
    }

    public async Task<IndexState> EnsureAsync(IndexVersion version, int replicas)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(replicas, 1);
        if (State.Rollout is { Current: null, Candidate: null })
        {
            try
            {
                await PublishAsync(version, null, replicas).ConfigureAwait(true);
            }
            catch (InvalidOperationException) when (State.Rollout.Candidate is not null)
            {
                // Somebody else came first: theirs is waited for.
            }
        }
        return View();
    }

    public async Task<IndexState> RollBackAsync()
    {
        // The caller wants to know what came of it. So this call waits for the replicas, and the grain does not move meanwhile: where it
        // was about to, a replica that asks it for a place waits for it, and it for the replica, until the time of a call between grains
        // is over. Then this fails, with nothing changed, and the grain moves.
        await _rollout.RollBackAsync().ConfigureAwait(true);
        return View();
    }

    public async Task<IndexState> DropPreviousAsync()
    {
        await _rollout.DropPreviousAsync().ConfigureAwait(true);
        return View();
    }

    public Task<byte[]> RolloutAsync() =>
        Task.FromResult(JsonSerializer.SerializeToUtf8Bytes(_rollout.View, GrainsJson.Default.RolloutView));

    public Task<IndexState> StateAsync() => Task.FromResult(View());

    public async Task<IndexState?> NextAsync(long place, GatewayReport? report)
    {
        if (report is not null)
            _gateways.Take(report);
        if (place >= Host.Last)
            await _news.WaitAsync().ConfigureAwait(true);
        return place >= Host.Last ? null : View();
    }

    public async Task<string> PlaceAsync(int shard, int replica, SiloCandidate[] candidates)
    {
        // One after the other: two replicas of a shard that are placed at once must see each other.
        await _placing.WaitAsync().ConfigureAwait(true);
        try
        {
            PlanState state = State;
            IndexVersion? version = state.Rollout.Current ?? state.Rollout.Candidate?.Version;
            string chosen = ShardPlanner.Choose(shard, replica, candidates, state.Silos, version?.ShardBytes ?? 0);
            string place = ShardPlanner.PlaceOf(shard, replica);
            if (!state.Silos.TryGetValue(place, out string? known) || known != chosen)
                await TellAsync(new PlanCommand { Place = place, Silo = chosen }).ConfigureAwait(true);
            _fitsNowhere = null;
            return chosen;
        }
        catch (InvalidOperationException e)
        {
            // A first version that fits nowhere never will: whoever rolls it out is told.
            _fitsNowhere = e.Message;
            throw;
        }
        finally
        {
            _placing.Release();
        }
    }

    async Task IRolloutTarget<IndexVersion, ShadowLimits>.PrepareAsync(IndexVersion version)
    {
        try
        {
            ShardLoad[] loads = await Task.WhenAll(Replicas(version).Select(replica => replica.LoadAsync(version))).ConfigureAwait(true);
            string[] refusals = [.. loads.Where(load => load.Refusal is not null).Select(load => load.Refusal!)];
            if (refusals.Length > 0)
                throw new InvalidDataException(string.Join(" ", refusals.Take(3)));
        }
        catch (OrleansException) when (State.Rollout.Current is null && _fitsNowhere is not null)
        {
            throw new InvalidDataException($"Version {version.Name}: {_fitsNowhere}");
        }
    }

    Task<RolloutVerdict> IRolloutTarget<IndexVersion, ShadowLimits>.JudgeAsync(IndexVersion version, ShadowLimits limits) =>
        Task.FromResult(_gateways.Judge(version.Name, limits));

    async Task IRolloutTarget<IndexVersion, ShadowLimits>.DropAsync(IndexVersion version)
    {
        if (_gateways.MayMissSome)
            throw new InvalidOperationException("Not all gateways have been heard of yet; try again.");
        if (_gateways.WhoRuns(version.Name) is { } gateway)
            throw new InvalidOperationException($"Gateway {gateway} still answers with version {version.Name}; try again.");
        await Task.WhenAll(Replicas(version).Select(replica => replica.DropAsync(version.Name))).ConfigureAwait(true);
    }

    TimeSpan IRolloutTarget<IndexVersion, ShadowLimits>.PatienceOf(ShadowLimits limits) => limits.Patience;

    protected override MachineKind<IndexPlan> Describe()
    {
        string key = MachineKeys.Of(MachineKeys.Index, this.GetPrimaryKeyString());
        return new MachineKind<IndexPlan>(key, () => new IndexPlan(key));
    }

    private IndexState View()
    {
        PlanState state = State;
        var shadow = state.Rollout.Candidate is { Phase: RolloutPhase.Shadowing } candidate ? candidate : null;
        return new IndexState(Host.Last, state.Rollout.Current, state.Rollout.Previous, state.Replicas)
        {
            Shadow = shadow?.Version,
            ShadowShare = shadow is { Limits.Requests: > 0 } ? shadow.Limits.Share : 0,
            ShadowPace = shadow?.Limits.Pace ?? 0,
        };
    }

    private async Task<bool> TellAsync(PlanCommand command)
    {
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(command, GrainsJson.Default.PlanCommand);
        object? applied = await Host.TellAsync(bytes).ConfigureAwait(true);
        _news.Tell();
        return applied is true;
    }

    private IEnumerable<IShardGrain> Replicas(IndexVersion version) =>
        from shard in Enumerable.Range(0, version.Shards)
        from replica in Enumerable.Range(0, State.Replicas)
        select _grains.GetGrain<IShardGrain>(new ReplicaKey(this.GetPrimaryKeyString(), shard, replica).ToString());

    /// <summary>
    /// Goes on with the roll-out. A step takes as long as it takes; nobody waits for it here, since a grain does not move while its timer
    /// is at work, and the step may wait for a replica that is placed only when the grain has moved. Going back waits for replicas all the
    /// same (<see cref="RollBackAsync"/>).
    /// </summary>
    private Task StepAsync(CancellationToken cancellation)
    {
        if (State.Rollout.Candidate is null)
            return Task.CompletedTask;
        // Gateways that wait for news say how far they are.
        _news.Tell();
        // The store does not answer: the step is made again.
        _ = GrainCalls.TryAsync(_rollout.StepAsync);
        return Task.CompletedTask;
    }

    private Task WakeAsync(CancellationToken cancellation)
    {
        if (_waking.IsCompleted)
            _waking = WakeAsync(State.Rollout);
        return Task.CompletedTask;
    }

    /// <summary>Has every replica loaded somewhere, also after its silo is gone, and with nothing but what is wanted.</summary>
    private async Task WakeAsync(RolloutState<IndexVersion, ShadowLimits> rollout)
    {
        if (rollout.Current is not { } current)
            return;
        string[] wanted = [.. new[] { current, rollout.Previous, rollout.Candidate?.Version }.OfType<IndexVersion>().Select(v => v.Name)];
        // A silo that is being declared dead; the next round finds another one.
        await Task.WhenAll(Replicas(current).Select(replica => GrainCalls.TryAsync(() => replica.KeepAsync(wanted)))).ConfigureAwait(true);
    }
}
