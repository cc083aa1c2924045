using Microsoft.Extensions.Logging;
using Orleans.Clustering.Redis;

namespace RecallCluster.Silo.Membership;

/// <summary>
/// A membership table that survives its store. A Redis that restarts empty has lost who is a member, and Orleans would try for ever to
/// update a row that is not there, while silos that start would form a second cluster. So each silo remembers the table that it saw last
/// and, when the table has begun a new life, writes back every row of it: those of silos that died meanwhile fall to the probes, and the
/// dead stay dead. Of others a silo may know but what was so before, as news of them comes by hearsay, not by the table; each puts its own
/// row right within seconds, and until then the table is not shown to Orleans, which would take who is missing from it for dead.
/// <code>
/// Orleans ─► read, alive ─► same life? ── yes ─► store
///                              └─ no ─► version up to what was seen ─► rows that were seen ─► store
/// </code>
/// </summary>
/// <param name="store">The table.</param>
/// <param name="life">Tells when it has begun anew.</param>
/// <param name="sweep">Clears away who is dead before this silo joins.</param>
/// <param name="members">The silos that Orleans takes for alive at this moment.</param>
/// <param name="time">Time.</param>
/// <param name="logger">Told when rows are written again.</param>
internal sealed partial class RestoringMembershipTable(
    IMembershipTable store, ITableLife life, PredecessorSweep sweep, Func<IEnumerable<SiloAddress>> members, TimeProvider time,
    ILogger<RestoringMembershipTable> logger) : IMembershipTable, IDisposable
{
    private const int Attempts = 20;

    // Every silo looks at the table each two seconds.
    private static readonly TimeSpan TimeForOthers = TimeSpan.FromSeconds(10), Pause = TimeSpan.FromMilliseconds(100);

    private readonly SemaphoreSlim _one = new(1, 1);
    private IReadOnlyList<MembershipEntry> _seen = [];
    private MembershipEntry? _own;
    private string? _life;
    private int _version;
    private long? _restoredAt;

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
        while (_restoredAt is { } restored && time.GetElapsedTime(restored) < TimeForOthers
            && members().Any(silo => table.TryGet(silo) is not { Item1.Status: not (SiloStatus.Created or SiloStatus.Joining) }))
        {
            await Task.Delay(Pause, time).ConfigureAwait(false);
            table = await store.ReadAll().ConfigureAwait(false);
        }
        Remember(table);
        return table;
    }

    public async Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion)
    {
        if (!await WriteAsync(() => store.InsertRow(entry, tableVersion), tableVersion).ConfigureAwait(false))
            return false;
        // A silo inserts no row but its own; others' it only updates.
        _own = entry;
        return await SawAsync().ConfigureAwait(false);
    }

    public async Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion)
    {
        if (!await WriteAsync(() => store.UpdateRow(entry, etag, tableVersion), tableVersion).ConfigureAwait(false))
            return false;
        if (entry.SiloAddress.Equals(_own?.SiloAddress))
            _own = entry;
        return await SawAsync().ConfigureAwait(false);
    }

    public async Task UpdateIAmAlive(MembershipEntry entry)
    {
        await RestoreAsync().ConfigureAwait(false);
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await store.UpdateIAmAlive(entry).ConfigureAwait(false);
                return;
            }
            catch (RedisClusteringException) when (attempt < Attempts)
            {
                await Task.Delay(Jitter(), time).ConfigureAwait(false);
            }
        }
    }

    public void Dispose() => _one.Dispose();

    /// <summary>
    /// Writes on the condition of a version. The store also refuses when another silo has said meanwhile that it is alive, which changes no
    /// version: that is tried again at once, where Orleans would wait for seconds.
    /// </summary>
    private async Task<bool> WriteAsync(Func<Task<bool>> write, TableVersion next)
    {
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            if (await write().ConfigureAwait(false))
                return true;
            if ((await store.ReadAll().ConfigureAwait(false)).Version.Version != next.Version - 1)
                return false;
            await Task.Delay(Jitter(), time).ConfigureAwait(false);
        }
        return false;
    }

    private static TimeSpan Jitter() => TimeSpan.FromMilliseconds(Random.Shared.Next(5, 50));

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
                MembershipEntry[] own = _own is null ? [] : [_own];
                foreach (MembershipEntry entry in own.Concat(_seen.Where(row => !row.SiloAddress.Equals(_own?.SiloAddress))))
                    await PutBackAsync(entry, isOwn: entry == _own).ConfigureAwait(false);
                _restoredAt = time.GetTimestamp();
            }
            _life = current;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>
    /// Writes a row unless it is there; other silos write the same rows at the same time. This silo's own, which another may have written
    /// as it once was, is put right, unless it was declared dead.
    /// </summary>
    private async Task PutBackAsync(MembershipEntry entry, bool isOwn)
    {
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            MembershipTableData table = await store.ReadAll().ConfigureAwait(false);
            bool isThere = table.TryGet(entry.SiloAddress) is { } known
                ? !isOwn || known.Item1.Status == SiloStatus.Dead || known.Item1.Status == entry.Status
                    || await store.UpdateRow(entry, known.Item2, table.Version.Next()).ConfigureAwait(false)
                : await store.InsertRow(entry, table.Version.Next()).ConfigureAwait(false);
            if (isThere)
                return;
        }
        throw new IOException($"The row of {entry.SiloName} could not be written again: others write all the time.");
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The membership table was lost; writing {Count} row(s) of version {Version} again.")]
    private static partial void LogRestoring(ILogger logger, int count, int version);
}
