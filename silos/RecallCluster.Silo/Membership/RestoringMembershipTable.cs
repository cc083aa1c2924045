using Microsoft.Extensions.Logging;

namespace RecallCluster.Silo.Membership;

/// <summary>
/// A membership table that survives its store. A Redis that restarts empty has lost who is a member, and Orleans would try for ever to
/// update a row that is not there, while silos that start would form a second cluster. So each silo remembers the table that it saw last and,
/// when the table has begun a new life, writes back every row of it: those of silos that died meanwhile fall to the probes, and the dead
/// stay dead.
/// <code>
/// Orleans ─► read, alive ─► same life? ── yes ─► store
///                              └─ no ─► version up to what was seen ─► rows that were seen ─► store
/// </code>
/// </summary>
internal sealed partial class RestoringMembershipTable(
    IMembershipTable store, ITableLife life, PredecessorSweep sweep, ILogger<RestoringMembershipTable> logger) : IMembershipTable, IDisposable
{
    private const int Attempts = 50;

    private readonly SemaphoreSlim _one = new(1, 1);
    private IReadOnlyList<MembershipEntry> _seen = [];
    private string? _life;
    private int _version;

    public async Task InitializeMembershipTable(bool tryInitTableVersion)
    {
        await store.InitializeMembershipTable(tryInitTableVersion).ConfigureAwait(false);
        await sweep.RunAsync(store).ConfigureAwait(false);
    }

    public Task DeleteMembershipTableEntries(string clusterId) => store.DeleteMembershipTableEntries(clusterId);

    public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => store.CleanupDefunctSiloEntries(beforeDate);

    public async Task<MembershipTableData> ReadRow(SiloAddress key)
    {
        await RestoreAsync().ConfigureAwait(false);
        return await store.ReadRow(key).ConfigureAwait(false);
    }

    public async Task<MembershipTableData> ReadAll()
    {
        await RestoreAsync().ConfigureAwait(false);
        MembershipTableData table = await store.ReadAll().ConfigureAwait(false);
        Remember(table);
        return table;
    }

    public async Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) =>
        await store.InsertRow(entry, tableVersion).ConfigureAwait(false) && await SawAsync().ConfigureAwait(false);

    public async Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) =>
        await store.UpdateRow(entry, etag, tableVersion).ConfigureAwait(false) && await SawAsync().ConfigureAwait(false);

    public async Task UpdateIAmAlive(MembershipEntry entry)
    {
        await RestoreAsync().ConfigureAwait(false);
        await store.UpdateIAmAlive(entry).ConfigureAwait(false);
    }

    public void Dispose() => _one.Dispose();

    /// <summary>After a write the table is read, so that what was written is known should the store lose it.</summary>
    private async Task<bool> SawAsync()
    {
        Remember(await store.ReadAll().ConfigureAwait(false));
        return true;
    }

    private void Remember(MembershipTableData table)
    {
        // Answers may overtake each other; the newest table is the one to know.
        if (table.Version.Version < Volatile.Read(ref _version))
            return;
        _seen = [.. table.Members.Select(member => member.Item1)];
        Volatile.Write(ref _version, table.Version.Version);
    }

    private async Task RestoreAsync()
    {
        await _one.WaitAsync().ConfigureAwait(false);
        try
        {
            string current = await life.CurrentAsync(_life, Volatile.Read(ref _version)).ConfigureAwait(false);
            if (current != _life && _life is not null)
            {
                LogRestoring(logger, _seen.Count, Volatile.Read(ref _version));
                foreach (MembershipEntry entry in _seen)
                    await InsertAsync(entry).ConfigureAwait(false);
            }
            _life = current;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Inserts a row unless it is there; other silos write the same rows at the same time.</summary>
    private async Task InsertAsync(MembershipEntry entry)
    {
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            MembershipTableData table = await store.ReadAll().ConfigureAwait(false);
            if (table.TryGet(entry.SiloAddress) is not null || await store.InsertRow(entry, table.Version.Next()).ConfigureAwait(false))
                return;
        }
        throw new IOException($"The row of {entry.SiloName} could not be written again: others write all the time.");
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The membership table was lost; writing {Count} row(s) of version {Version} again.")]
    private static partial void LogRestoring(ILogger logger, int count, int version);
}
