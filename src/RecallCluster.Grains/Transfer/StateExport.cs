using System.Text.Json;
using RecallCluster.Grains.Campaigns;
using RecallCluster.Grains.Experiments;
using RecallCluster.Grains.Feedback;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Market;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.State;
using RecallCluster.Serving.Users;

namespace RecallCluster.Grains.Transfer;

/// <summary>
/// A cluster's state as the state file of an embedded edition, without touching the cluster's: its machines are opened over a copy in
/// memory, and what campaigns had not told their followers yet is told there.
/// <code>
/// store ─► copy in memory ─► users, counts, experiments, then campaigns ─► outboxes run empty ─► snapshots ─► state file
/// </code>
/// </summary>
public sealed class StateExport
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    private readonly MemoryMachineStore _copy = new();
    private readonly MachineFactory _factory = new(new ServingStateOptions());
    private readonly Dictionary<string, MachineHost<UserPartition>> _users = new(StringComparer.Ordinal);
    private readonly Dictionary<string, MachineHost<CalibrationShard>> _counts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, MachineHost<Experiment>> _experiments = new(StringComparer.Ordinal);
    private readonly List<(string Key, MachineHost<Campaign> Host)> _campaigns = [];
    private MachineHost<ExperimentList>? _list;

    private StateExport()
    {
    }

    /// <summary>Exports a store whose silos do not run.</summary>
    /// <param name="store">The store.</param>
    /// <param name="keys">Keys of all its machines.</param>
    /// <param name="path">The state file to make.</param>
    /// <param name="stream">Its stream of feedback: what was accepted must not be missing from the file.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>How many machines were read.</returns>
    /// <exception cref="InvalidOperationException">Accepted events wait for their campaigns; the message says how many.</exception>
    /// <exception cref="InvalidDataException">A machine is damaged or of a later version; the message names it.</exception>
    /// <exception cref="IOException">The file is there already or cannot be written, or the store does not answer.</exception>
    public static async Task<int> RunAsync(
        IMachineStore store, IAsyncEnumerable<string> keys, string path, IFeedbackStore stream, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(stream);
        FeedbackStoreStatus status = await stream.StatusAsync(cancellation).ConfigureAwait(false);
        if (status.Waiting > 0)
        {
            throw new InvalidOperationException(
                $"{status.Waiting} accepted event(s) wait in the stream for their campaigns. Run silos of role control until none do "
                + "(`recall.feedback.stream.waiting` is 0), stop them, and export then.");
        }
        var export = new StateExport();
        var all = new List<string>();
        await foreach (string key in keys.WithCancellation(cancellation).ConfigureAwait(false))
            all.Add(key);
        foreach (string[] some in all.Chunk(512))
            await Task.WhenAll(some.Select(key => export.CopyAsync(store, key, cancellation))).ConfigureAwait(false);
        // One thing at a time, as the turns of a grain.
        var turns = new TaskFactory(new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler);
        List<(string Key, byte[] Snapshot)> snapshots =
            await turns.StartNew(() => export.SnapshotsAsync(all, cancellation), cancellation).Unwrap().ConfigureAwait(false);
        StateCopy.Write(path, snapshots);
        return all.Count;
    }

    private async Task CopyAsync(IMachineStore store, string key, CancellationToken cancellation)
    {
        StoredMachine stored = await store.LoadAsync(key, cancellation).ConfigureAwait(false);
        if (stored.SnapshotAt > 0)
            await _copy.SnapshotAsync(key, stored.SnapshotAt, stored.Snapshot, cancellation).ConfigureAwait(false);
        await _copy.AppendAsync(key, stored.SnapshotAt, stored.Tail, cancellation).ConfigureAwait(false);
    }

    private async Task<List<(string Key, byte[] Snapshot)>> SnapshotsAsync(List<string> keys, CancellationToken cancellation)
    {
        foreach (string key in keys)
        {
            if (MachineKeys.TryRead(key, MachineKeys.Users, out _))
                await UserAsync(key, cancellation).ConfigureAwait(true);
            else if (MachineKeys.TryRead(key, MachineKeys.Counts, out _))
                await CountsAsync(key, cancellation).ConfigureAwait(true);
            else if (MachineKeys.TryRead(key, MachineKeys.Experiments, out _))
                await ExperimentAsync(key, cancellation).ConfigureAwait(true);
        }
        // Ticks of the campaigns' logs are decided again with the actors that decided them.
        MachineHost<RolloutPlan<ActorVersion, ActorLimits>> actors = await OpenAsync(
            new MachineKind<RolloutPlan<ActorVersion, ActorLimits>>(MachineFactory.ActorsKey, _factory.Actors), cancellation)
            .ConfigureAwait(true);
        foreach (string key in keys.Where(key => MachineKeys.TryRead(key, MachineKeys.Campaigns, out _)))
        {
            var kind = new MachineKind<Campaign>(key, () => _factory.Campaign(key)) { FollowersOf = CampaignGrain.FollowersOf };
            _campaigns.Add((key, await OpenAsync(kind, cancellation).ConfigureAwait(true)));
        }
        string list = MachineKeys.Of(MachineKeys.ExperimentList, 0);
        if (keys.Contains(list))
        {
            _list = await OpenAsync(
                new MachineKind<ExperimentList>(list, () => new ExperimentList()) { FollowersOf = ExperimentListGrain.FollowersOf },
                cancellation).ConfigureAwait(true);
        }
        while (_campaigns.Exists(campaign => campaign.Host.Untold > 0) || _list is { Untold: > 0 })
            await Task.Delay(Pause, cancellation).ConfigureAwait(true);
        foreach (MachineHost<Experiment> experiment in _experiments.Values)
            experiment.Machine.ForgetReporters();
        List<(string Key, byte[] Snapshot)> snapshots =
        [
            .. _campaigns.Where(campaign => campaign.Host.Machine.Exists)
                .Select(campaign => (campaign.Key, campaign.Host.Machine.Snapshot())),
            .. _counts.Select(counts => (counts.Key, counts.Value.Machine.Snapshot())),
            .. _experiments.Select(experiment => (experiment.Key, experiment.Value.Machine.Snapshot())),
            .. UserTransfer.Join(_users.Select(user => (user.Key, user.Value.Machine.Snapshot()))),
        ];
        if (_list is not null)
            snapshots.Add((ExperimentList.Key, _list.Machine.Snapshot()));
        if (actors.Last > 0)
            snapshots.Add((MachineFactory.ActorsKey, actors.Machine.Snapshot()));
        MachineHost<RolloutPlan<CalibratorVersion, CalibratorLimits>> calibrators = await OpenAsync(
            new MachineKind<RolloutPlan<CalibratorVersion, CalibratorLimits>>(CalibratorVersions.Key, MachineFactory.CalibratorPlan),
            cancellation).ConfigureAwait(true);
        if (calibrators.Last > 0)
            snapshots.Add((CalibratorVersions.Key, calibrators.Machine.Snapshot()));
        string catalogue = MachineKeys.Of(MachineKeys.Catalogue, 0);
        if (keys.Contains(catalogue))
        {
            MachineHost<OrderedCatalogue> edits = await OpenAsync(
                new MachineKind<OrderedCatalogue>(catalogue, () => new OrderedCatalogue()), cancellation).ConfigureAwait(true);
            snapshots.Add((CatalogueEdits.Key, JsonSerializer.SerializeToUtf8Bytes(
                [.. edits.Machine.Latest], CatalogueJson.Default.CatalogueEditArray)));
        }
        return snapshots;
    }

    private Task TellAsync(string follower, string source, IReadOnlyList<Wire.State.FollowedRecord> records) =>
        MachineKeys.TryRead(follower, MachineKeys.Counts, out _) ? TellAsync(CountsAsync(follower, CancellationToken.None), source, records)
        : MachineKeys.TryRead(follower, MachineKeys.Experiments, out _)
            ? TellAsync(ExperimentAsync(follower, CancellationToken.None), source, records)
            : TellAsync(UserAsync(follower, CancellationToken.None), source, records);

    private static async Task TellAsync<T>(
        Task<MachineHost<T>> follower, string source, IReadOnlyList<Wire.State.FollowedRecord> records)
        where T : class, IStateMachine
    {
        MachineHost<T> host = await follower.ConfigureAwait(true);
        await host.FollowAsync(source, records).ConfigureAwait(true);
    }

    private Task<MachineHost<UserPartition>> UserAsync(string key, CancellationToken cancellation) =>
        HostAsync(_users, key, () => _factory.UsersOf(key, capacity: 1), cancellation);

    private Task<MachineHost<CalibrationShard>> CountsAsync(string key, CancellationToken cancellation) =>
        HostAsync(_counts, key, () => _factory.Counts(key), cancellation);

    private Task<MachineHost<Experiment>> ExperimentAsync(string key, CancellationToken cancellation) =>
        HostAsync(_experiments, key, () => new Experiment(key), cancellation);

    private async Task<MachineHost<T>> HostAsync<T>(
        Dictionary<string, MachineHost<T>> hosts, string key, Func<T> make, CancellationToken cancellation)
        where T : class, IStateMachine
    {
        if (!hosts.TryGetValue(key, out MachineHost<T>? host))
            hosts[key] = host = await OpenAsync(new MachineKind<T>(key, make), cancellation).ConfigureAwait(true);
        return host;
    }

    private async Task<MachineHost<T>> OpenAsync<T>(MachineKind<T> kind, CancellationToken cancellation)
        where T : class, IStateMachine
    {
        var host = new MachineHost<T>(kind, _copy, TellAsync, new MachineHostOptions(), TimeProvider.System);
        await host.OpenAsync(cancellation).ConfigureAwait(true);
        return host;
    }
}
