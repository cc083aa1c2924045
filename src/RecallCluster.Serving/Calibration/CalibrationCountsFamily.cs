using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Calibration;

/// <summary>All shards of calibration's counts: machines of a journal, campaigns spread over them by number.</summary>
internal sealed class CalibrationCountsFamily
{
    /// <summary>Number of shards. Part of the file's format: a campaign's shard follows from its id.</summary>
    public const int Shards = 64;

    private readonly CalibrationShard[] _shards = new CalibrationShard[Shards];

    public CalibrationCountsFamily(StateMachines machines, MachineFactory factory)
    {
        for (int i = 0; i < Shards; i++)
            machines.Add(KeyOf(i), _shards[i] = factory.Counts(KeyOf(i)));
    }

    /// <summary>The shards; read on the journal's writer.</summary>
    public IReadOnlyList<CalibrationShard> All => _shards;

    /// <summary>The machine that counts a campaign.</summary>
    public static string KeyOf(long campaign) => KeyOf(ShardOf(campaign));

    /// <summary>The number of the shard that counts a campaign.</summary>
    public static int ShardOf(long campaign) => (int)(campaign % Shards);

    private static string KeyOf(int shard) => $"calibration/{shard}";
}

/// <summary>The counts of a journal's machines.</summary>
internal sealed class JournalCounts(CalibrationCountsFamily family, IJournal journal) : ICalibrationCounts
{
    /// <inheritdoc/>
    /// <remarks>A shard at a time, so that the writer is never held up for long.</remarks>
    public async Task<CalibrationData> CopyAsync(uint model, Func<long, string> contextOf, CancellationToken cancellation)
    {
        var data = new CalibrationData();
        foreach (CalibrationShard shard in family.All)
        {
            await journal.ReadAsync(
                () =>
                {
                    data.Add(shard, model, contextOf);
                    return true;
                },
                cancellation).ConfigureAwait(false);
        }
        return data;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ShownImpressions>> TakeShownAsync(CancellationToken cancellation)
    {
        IEnumerable<ShownImpressions>[] taken = await journal.ReadAsync(
            () => family.All.Select(shard => shard.Shown.Take()).ToArray(), cancellation).ConfigureAwait(false);
        return [.. taken.SelectMany(shown => shown)];
    }
}
