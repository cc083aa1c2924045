namespace RecallCluster.Cli.Workflows;

/// <summary>Notes how much of the ads each answer covers. Thread-safe.</summary>
internal sealed class CoverageWatch
{
    private readonly Lock _lock = new();
    private double _lowest = 1, _last = 1;
    private int _answers, _partial;
    private DateTimeOffset? _lastPartial;

    /// <summary>What was noted so far.</summary>
    public DemoCoverage Coverage
    {
        get
        {
            lock (_lock)
                return new DemoCoverage(_lowest, _last, _answers, _partial);
        }
    }

    /// <summary>Notes an answer.</summary>
    /// <param name="coverage">Share of all ads that stand on shards that answered.</param>
    public void Note(double coverage)
    {
        lock (_lock)
        {
            _answers++;
            (_last, _lowest) = (coverage, Math.Min(_lowest, coverage));
            if (coverage >= 1)
                return;
            _partial++;
            _lastPartial = TimeProvider.System.GetUtcNow();
        }
    }

    /// <summary>How long after a moment the last answer of less than all ads came; 0 where there was none.</summary>
    public double SecondsToFull(DateTimeOffset from)
    {
        lock (_lock)
            return _lastPartial is { } last && last > from ? (last - from).TotalSeconds : 0;
    }
}
