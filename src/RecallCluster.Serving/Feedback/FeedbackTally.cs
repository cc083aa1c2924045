using RecallCluster.Bidding.Money;

namespace RecallCluster.Serving.Feedback;

/// <summary>Feedback since the process began, counted by outcome. Thread-safe.</summary>
public sealed class FeedbackTally
{
    private readonly long[] _outcomes = new long[Enum.GetValues<LedgerOutcome>().Length];
    private readonly long[] _applied = new long[Enum.GetValues<AdEventKind>().Length];
    private long _charged, _free, _freeEvents;

    /// <summary>Money charged.</summary>
    public Micros Charged => new(Interlocked.Read(ref _charged));

    /// <summary>Prices that no budget was left for.</summary>
    public Micros Free => new(Interlocked.Read(ref _free));

    /// <summary>Events whose price could not be charged in full.</summary>
    public long FreeEvents => Interlocked.Read(ref _freeEvents);

    /// <summary>Events with an outcome.</summary>
    public long CountOf(LedgerOutcome outcome) => Interlocked.Read(ref _outcomes[(int)outcome]);

    /// <summary>Events of a kind that were applied.</summary>
    public long Applied(AdEventKind kind) => Interlocked.Read(ref _applied[(int)kind]);

    internal void Count(AdEventKind kind, in AdEventResult result)
    {
        Interlocked.Increment(ref _outcomes[(int)result.Outcome]);
        if (result.Outcome != LedgerOutcome.Applied)
            return;
        Interlocked.Increment(ref _applied[(int)kind]);
        Interlocked.Add(ref _charged, result.Charged.Value);
        Interlocked.Add(ref _free, result.Free.Value);
        if (result.Free > Micros.Zero)
            Interlocked.Increment(ref _freeEvents);
    }
}
