using System.Globalization;
using System.Text.Json;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Market;
using RecallCluster.Grains.Placement;
using RecallCluster.Serving.Indexes;

namespace RecallCluster.Grains.Shards;

/// <summary>One index.</summary>
[RolePlacement(SiloRoles.Control)]
internal sealed class IndexGrain(MachineServices services, IGrainFactory grains)
    : MachineGrain<IndexPlan>(services), IIndexGrain, IDisposable
{
    private static readonly TimeSpan WatchPeriod = TimeSpan.FromSeconds(1);

    private readonly News _news = new(services.Time);
    private readonly SemaphoreSlim _changing = new(1, 1);

    private PlanState State => Machine.State;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await base.OnActivateAsync(cancellationToken).ConfigureAwait(true);
        this.RegisterGrainTimer(WakeAsync, new GrainTimerCreationOptions(WatchPeriod, WatchPeriod) { Interleave = true });
    }

    public void Dispose() => _changing.Dispose();

    public Task<IndexState> RollOutAsync(string modelDirectory, string indexDirectory, int replicas) =>
        RollOutAsync(modelDirectory, indexDirectory, replicas, onlyFirst: false);

    public Task<IndexState> EnsureAsync(string modelDirectory, string indexDirectory, int replicas) =>
        RollOutAsync(modelDirectory, indexDirectory, replicas, onlyFirst: true);

    private async Task<IndexState> RollOutAsync(string modelDirectory, string indexDirectory, int replicas, bool onlyFirst)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(replicas, 1);
        IndexManifest manifest = IndexDirectory.ReadManifest(indexDirectory);
        await _changing.WaitAsync().ConfigureAwait(true);
        try
        {
            PlanState before = State;
            if (onlyFirst && before.Current is not null)
                return View();
            var version = new IndexVersion(
                string.Create(CultureInfo.InvariantCulture, $"{manifest.ModelFingerprint}.{before.RollOuts + 1}"),
                modelDirectory, indexDirectory, manifest.Shards.Count, LargestOf(indexDirectory));
            // The number is taken whatever becomes of it, so that no two versions ever share a name.
            await KeepAsync(before with { RollOuts = before.RollOuts + 1, Replicas = replicas }).ConfigureAwait(true);
            await LoadAllAsync(version, replicas).ConfigureAwait(true);
            IndexVersion? dropped = State.Previous;
            await KeepAsync(State with { Current = version, Previous = before.Current }).ConfigureAwait(true);
            if (dropped is not null)
                await DropAllAsync(dropped).ConfigureAwait(true);
            return View();
        }
        finally
        {
            _changing.Release();
        }
    }

    public async Task<IndexState> RollBackAsync()
    {
        await _changing.WaitAsync().ConfigureAwait(true);
        try
        {
            PlanState before = State;
            IndexVersion previous = before.Previous ?? throw new InvalidOperationException("There is no version to go back to.");
            await LoadAllAsync(previous, before.Replicas).ConfigureAwait(true);
            await KeepAsync(State with { Current = previous, Previous = before.Current }).ConfigureAwait(true);
            return View();
        }
        finally
        {
            _changing.Release();
        }
    }

    public Task<IndexState> StateAsync() => Task.FromResult(View());

    public async Task<IndexState?> NextAsync(long place)
    {
        if (place >= Host.Last)
            await _news.WaitAsync().ConfigureAwait(true);
        return place >= Host.Last ? null : View();
    }

    public async Task<string> PlaceAsync(int shard, int replica, SiloCandidate[] candidates)
    {
        while (true)
        {
            PlanState state = State;
            Dictionary<string, string> silos = state.Silos ?? [];
            string chosen = ShardPlanner.Choose(shard, replica, candidates, silos, state.Current?.ShardBytes ?? 0);
            string place = ShardPlanner.PlaceOf(shard, replica);
            if (silos.TryGetValue(place, out string? known) && known == chosen)
                return chosen;
            // A choice that was made beside this one may have taken the silo: then it is made again.
            if (!ReferenceEquals(state, State))
                continue;
            await KeepAsync(state with { Silos = new Dictionary<string, string>(silos) { [place] = chosen } }).ConfigureAwait(true);
            return chosen;
        }
    }

    protected override MachineKind<IndexPlan> Describe()
    {
        string key = MachineKeys.Of(MachineKeys.Index, this.GetPrimaryKeyString());
        return new MachineKind<IndexPlan>(key, () => new IndexPlan(key));
    }

    private static long LargestOf(string indexDirectory) =>
        new DirectoryInfo(indexDirectory).EnumerateFiles().Select(file => file.Length).DefaultIfEmpty(0).Max();

    private IndexState View() => new(Host.Last, State.Current, State.Previous, State.Replicas);

    private async Task KeepAsync(PlanState state)
    {
        await Host.TellAsync(JsonSerializer.SerializeToUtf8Bytes(state, GrainsJson.Default.PlanState)).ConfigureAwait(true);
        _news.Tell();
    }

    private Task<ShardState[]> LoadAllAsync(IndexVersion version, int replicas) => Task.WhenAll(
        Replicas(version.Shards, replicas).Select(replica => replica.LoadAsync(version)));

    private async Task DropAllAsync(IndexVersion version)
    {
        foreach (IShardGrain replica in Replicas(version.Shards, State.Replicas))
        {
            try
            {
                await replica.DropAsync(version.Name).ConfigureAwait(true);
            }
            // A replica that cannot be reached comes back with the versions in use and no other.
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                Telemetry.AskFailed(e);
            }
        }
    }

    private IEnumerable<IShardGrain> Replicas(int shards, int replicas) =>
        from shard in Enumerable.Range(0, shards)
        from replica in Enumerable.Range(0, replicas)
        select grains.GetGrain<IShardGrain>(new ReplicaKey(this.GetPrimaryKeyString(), shard, replica).ToString());

    /// <summary>Has every replica loaded somewhere, also after its silo is gone.</summary>
    private async Task WakeAsync(CancellationToken cancellation)
    {
        if (State.Current is not { } current)
            return;
        await Task.WhenAll(Replicas(current.Shards, State.Replicas).Select(async replica =>
        {
            try
            {
                await replica.StateAsync().ConfigureAwait(true);
            }
            // A silo that is being declared dead; the next round finds another one.
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                Telemetry.AskFailed(e);
            }
        })).ConfigureAwait(true);
    }
}
