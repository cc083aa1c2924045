using System.Globalization;
using System.Text;
using MessagePack;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Market;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.State;
using RecallCluster.Serving.Users;
using RecallCluster.Wire;
using RecallCluster.Wire.State;

namespace RecallCluster.Grains.Transfer;

/// <summary>
/// Lets a new cluster begin with the state of an embedded edition: campaigns and their ledgers, users, calibration's counts, experiments,
/// live edits of ads. The campaigns are enrolled in the bid book, which knows of no others. They are written last, so that what was
/// interrupted can be done again.
/// </summary>
public static class StateImport
{
    private const int AtOnce = 512;

    /// <summary>The place that every machine begins at.</summary>
    private const long FirstPlace = 1;

    /// <summary>Imports a state file that no process is using, into a store whose silos do not run.</summary>
    /// <param name="path">The state file.</param>
    /// <param name="store">The cluster's store.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>How many machines were written.</returns>
    /// <exception cref="InvalidOperationException">The cluster has campaigns already.</exception>
    /// <exception cref="InvalidDataException">
    /// The file is damaged, or holds what cannot be moved: erased users, of whom it does not know the ids.
    /// </exception>
    /// <exception cref="IOException">There is no such file, another process is using it, or the store does not answer.</exception>
    public static async Task<int> RunAsync(string path, IMachineStore store, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(store);
        var factory = new MachineFactory(new ServingStateOptions());
        IReadOnlyList<(string Key, byte[] Snapshot)> found = await StateCopy.ReadAsync(path, factory, cancellation).ConfigureAwait(false);
        (string Key, byte[] State)[] machines =
        [
            .. found.SelectMany(one => InCluster(one.Key, one.Snapshot, path)).OrderBy(one => IsCampaign(one.Key)),
        ];
        (string Key, byte[] State) book = BookOf(machines.Select(one => one.Key));
        await RefuseAsync(store, [.. machines.Select(one => one.Key).Where(IsCampaign)], book, cancellation).ConfigureAwait(false);
        machines = [book, .. machines];
        foreach ((string Key, byte[] State)[] some in machines.Chunk(AtOnce))
        {
            await Task.WhenAll(some.Select(one => store.SnapshotAsync(one.Key, FirstPlace, Wrap(one.State), cancellation)))
                .ConfigureAwait(false);
        }
        return machines.Length;
    }

    private static bool IsCampaign(string key) => MachineKeys.TryRead(key, MachineKeys.Campaigns, out _);

    /// <summary>The bid book with the campaigns among these machines, by id.</summary>
    private static (string Key, byte[] State) BookOf(IEnumerable<string> machines)
    {
        string key = MachineKeys.Of(MachineKeys.Book, 0);
        var names = new NameList(key);
        foreach (long campaign in machines.Where(IsCampaign).Select(CampaignOf).Order())
        {
            byte[] name = Encoding.UTF8.GetBytes(campaign.ToString(CultureInfo.InvariantCulture));
            names.Apply(new JournalRecord(FirstPlace, key, [], name));
        }
        return (key, names.Snapshot());
    }

    private static long CampaignOf(string key)
    {
        MachineKeys.TryRead(key, MachineKeys.Campaigns, out string id);
        return long.Parse(id, CultureInfo.InvariantCulture);
    }

    private static async Task RefuseAsync(
        IMachineStore store, string[] campaigns, (string Key, byte[] State) book, CancellationToken cancellation)
    {
        StoredMachine[] there = await Task.WhenAll(campaigns.Select(key => store.LoadAsync(key, cancellation))).ConfigureAwait(false);
        StoredMachine known = await store.LoadAsync(book.Key, cancellation).ConfigureAwait(false);
        int taken = Array.FindIndex(there, machine => machine.Last > 0);
        // The same book was left by an import that was interrupted.
        bool isOther = known.Last > 0 && (known.Tail.Count > 0 || !known.Snapshot.Span.SequenceEqual(Wrap(book.State)));
        if (taken >= 0 || isOther)
        {
            throw new InvalidOperationException(
                $"The cluster has a state already: {(taken >= 0 ? campaigns[taken] : book.Key)}. Import into an empty Redis.");
        }
    }

    /// <summary>What a machine of the file is in a cluster.</summary>
    private static IEnumerable<(string Key, byte[] State)> InCluster(string key, byte[] snapshot, string path)
    {
        if (key.StartsWith(UserMemories.Prefix, StringComparison.Ordinal))
            return UsersOf(key, snapshot, path);
        if (key == ExperimentList.Key)
            return ExperimentsOf(snapshot);
        if (MachineKeys.TryRead(key, MachineKeys.Experiments, out _))
            return [(key, WithoutReporters(key, snapshot))];
        if (key != CatalogueEdits.Key)
            return [(key, snapshot)];
        var edits = MachineFactory.Catalogue();
        edits.Restore(snapshot);
        if (edits.Latest.Count == 0)
            return [];
        var ordered = new OrderedCatalogue();
        foreach (CatalogueEdit edit in edits.Latest)
            ordered.Apply(new JournalRecord(FirstPlace, key, [], CatalogueEdits.Write(edit)));
        return [(MachineKeys.Of(MachineKeys.Catalogue, 0), ordered.Snapshot())];
    }

    private static IEnumerable<(string Key, byte[] State)> ExperimentsOf(byte[] snapshot)
    {
        var list = new ExperimentList();
        list.Restore(snapshot);
        return list.IsEmpty ? [] : [(MachineKeys.Of(MachineKeys.ExperimentList, 0), snapshot)];
    }

    /// <summary>The cluster counts its gateways' lives from 1 again.</summary>
    private static byte[] WithoutReporters(string key, byte[] snapshot)
    {
        var experiment = new Experiment(key);
        experiment.Restore(snapshot);
        experiment.ForgetReporters();
        return experiment.Snapshot();
    }

    private static IEnumerable<(string Key, byte[] State)> UsersOf(string key, byte[] snapshot, string path)
    {
        UserPartitionState all = SnapshotSections.ReadJson(
            snapshot, ServingJson.Default.UserPartitionState, $"{path}: the snapshot of {key}");
        if (all.Erased is { Count: > 0 } erased)
        {
            throw new InvalidDataException(
                $"{path}: {key} remembers that {erased.Count} user(s) were erased without knowing who they are; a cluster keeps that by "
                + "the user's id.");
        }
        return
        [
            .. all.Users.Select(user => (Key(user.Id), UserTransfer.Write(new UserPartitionState([user], [])))),
            .. all.Refused.Select(user => (Key(user), UserTransfer.Write(new UserPartitionState([], [user])))),
        ];

        static string Key(string user) => MachineKeys.Of(MachineKeys.Users, user);
    }

    private static byte[] Wrap(byte[] state) => MessagePackSerializer.Serialize(
        new MachineSnapshot
        {
            Format = MachineSnapshot.NewestFormat,
            State = state,
            Heard = new Dictionary<string, long>(),
            Untold = new Dictionary<string, FollowedRecord[]>(),
            Written = new Dictionary<Guid, long>(),
        },
        WireFormat.Options);
}
