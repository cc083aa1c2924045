using RecallCluster.Calibration.Counts;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Calibration;

/// <summary>All shards of calibration's counts: machines of the journal, campaigns spread over them by number.</summary>
internal sealed class CalibrationCountsFamily
{
    /// <summary>Number of shards. Part of the file's format: a campaign's shard follows from its id.</summary>
    public const int Shards = 64;

    private readonly CalibrationShard[] _shards = new CalibrationShard[Shards];

    public CalibrationCountsFamily(StateMachines machines, CalibrationOptions options)
    {
        for (int i = 0; i < Shards; i++)
            machines.Add(KeyOf(i), _shards[i] = new CalibrationShard(KeyOf(i), options));
    }

    /// <summary>Clicks ever counted; read on the journal's writer.</summary>
    public long Clicks => _shards.Sum(shard => shard.Clicks);

    /// <summary>The machine that counts a campaign.</summary>
    public static string KeyOf(long campaign) => KeyOf((int)(campaign % Shards));

    /// <summary>Told of every impression counted, on the journal's writer.</summary>
    public void Watch(Action<Win, double> shown)
    {
        foreach (CalibrationShard shard in _shards)
            shard.Shown = shown;
    }

    /// <summary>Copies everything, of raw pCTR that of one click model, a shard at a time so that the writer is never held up for long.</summary>
    public async Task<CalibrationData> CopyAsync(
        IJournal journal, uint model, Func<long, string> contextOf, CancellationToken cancellation)
    {
        var data = new CalibrationData();
        foreach (CalibrationShard shard in _shards)
        {
            await journal.ReadAsync(
                () =>
                {
                    shard.AddTo(model, contextOf, data.Raw, data.Calibrated);
                    data.Clicks.AddRange(shard.CopyClicks());
                    foreach ((long hour, HourSums sums) in shard.Hours)
                        data.Add(hour, sums);
                    return true;
                },
                cancellation).ConfigureAwait(false);
        }
        return data;
    }

    private static string KeyOf(int shard) => $"calibration/{shard}";
}

/// <summary>What calibration is fitted to.</summary>
internal sealed class CalibrationData
{
    /// <summary>Impressions and clicks by context over raw pCTR.</summary>
    public ContextCounts Raw { get; } = new();

    /// <summary>Impressions and clicks over calibrated pCTR.</summary>
    public CalibrationCounts Calibrated { get; } = new();

    /// <summary>Clicks with what followed.</summary>
    public List<ClickFact> Clicks { get; } = [];

    /// <summary>Sums by hour.</summary>
    public SortedDictionary<long, HourSums> Hours { get; } = [];

    public void Add(long hour, HourSums sums)
    {
        HourSums known = Hours.GetValueOrDefault(hour, new HourSums(hour, 0, 0, 0, 0));
        Hours[hour] = new HourSums(
            hour, known.Impressions + sums.Impressions, known.Clicks + sums.Clicks, known.Raw + sums.Raw,
                known.Calibrated + sums.Calibrated);
    }
}
