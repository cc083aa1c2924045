using System.Globalization;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.Users;

namespace RecallCluster.Serving.State;

/// <summary>All of a state file as snapshots of its machines, by key: what another kind of store goes on from, and back.</summary>
internal static class StateCopy
{
    // A file that begins with snapshots: each of them has seen record 1, so that the first to come is 2.
    private const long SeenRecord = 1;

    /// <summary>Reads a state file as it stands.</summary>
    /// <exception cref="IOException">There is none, or another process is using it.</exception>
    /// <exception cref="InvalidDataException">It is damaged or of a later version; the message says which.</exception>
    public static async Task<IReadOnlyList<(string Key, byte[] Snapshot)>> ReadAsync(
        string path, MachineFactory factory, CancellationToken cancellation)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException($"{path}: there is no such file.", path);
        var machines = new StateMachines();
        machines.AddFamily(CampaignDirectory.Prefix, factory.Campaign);
        machines.AddFamily(UserMemories.Prefix, key => factory.UsersOf(key, int.MaxValue));
        machines.Add(CatalogueEdits.Key, MachineFactory.Catalogue());
        _ = new CalibrationCountsFamily(machines, factory);
        _ = new ExperimentFamily(machines);
        machines.Add(MachineFactory.ActorsKey, factory.Actors());
        machines.Add(CalibratorVersions.Key, MachineFactory.CalibratorPlan());
        SqliteJournal journal = await Task.Run(() => SqliteJournal.Open(path, machines), cancellation).ConfigureAwait(false);
        await using (journal.ConfigureAwait(false))
        {
            return await journal.ReadAsync<(string, byte[])[]>(
                () =>
                [
                    .. machines.All.Where(machine => !IsUntouched(machine.Value))
                        .Select(machine => (machine.Key, machine.Value.Snapshot())),
                ],
                cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Whether it is the plan of a roll-out that nothing was rolled out by.</summary>
    private static bool IsUntouched(IStateMachine machine) => machine is
        RolloutPlan<ActorVersion, ActorLimits> { State.Revision: 0 } or
        RolloutPlan<CalibratorVersion, CalibratorLimits> { State.Revision: 0 };

    /// <summary>Writes a state file, which appears only when it is complete.</summary>
    /// <exception cref="IOException">It is there already, or cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<(string Key, byte[] Snapshot)> snapshots)
    {
        if (File.Exists(path))
            throw new IOException($"{path}: it is there already.");
        string aside = path + ".part";
        foreach (string suffix in new[] { "", "-wal", "-shm" })
            File.Delete(aside + suffix);
        using (JournalFile file = JournalFile.Open(aside, check: false))
        {
            file.Transact(() =>
            {
                foreach ((string key, byte[] snapshot) in snapshots)
                    file.PutSnapshot(key, SeenRecord, snapshot);
                file.PutMeta(SqliteJournal.FirstName, (SeenRecord + 1).ToString(CultureInfo.InvariantCulture));
            });
        }
        File.Move(aside, path);
    }
}
