namespace RecallCluster.Silo.Tests.Faults;

/// <summary>What was seen in one turn of a fault. Times in seconds.</summary>
internal sealed record FaultTurnFigures
{
    /// <summary>Requests that some door could have answered.</summary>
    public required int Requests { get; init; }

    /// <summary>Those with an ad, in time, from enough of the shards.</summary>
    public required int Answered { get; init; }

    /// <summary>The others, by what became of them.</summary>
    public required IReadOnlyDictionary<string, int> Failed { get; init; }

    /// <summary>The others, by the second after the fault that they were due in.</summary>
    public required IReadOnlyDictionary<int, int> FailedBySecond { get; init; }

    /// <summary>Requests while all silos were gone; they are not among <see cref="Requests"/>.</summary>
    public required int WhileDown { get; init; }

    /// <summary>From the fault until the first request was answered again, where all silos were gone; else 0.</summary>
    public required double UntilServing { get; init; }

    /// <summary>From the fault until the last request that was not answered had come, those while all silos were gone too; 0 for none.</summary>
    public required double UntilSteady { get; init; }

    /// <summary>From the fault until the last request that was not answered from all shards; 0 where none was.</summary>
    public required double UntilFullCoverage { get; init; }

    /// <summary>From the fault until all silos were ready and saw each other again.</summary>
    public required double UntilWhole { get; init; }

    /// <summary>Answers with an ad that not all shards had a part in.</summary>
    public required int Partial { get; init; }

    /// <summary>Answers within 100 and within 250 milliseconds.</summary>
    public required int Within100Ms { get; init; }

    public required int Within250Ms { get; init; }

    /// <summary>Milliseconds that half of the answers took, and 99 of 100.</summary>
    public required double MedianMs { get; init; }

    public required double P99Ms { get; init; }

    /// <summary>Events that there were to tell in this turn.</summary>
    public int Events { get; init; }

    /// <summary>Events that no door acknowledged, however often they were told.</summary>
    public int Unacknowledged { get; init; }

    /// <summary>Acknowledged events that were not known when they were told again.</summary>
    public int Forgotten { get; init; }

    /// <summary>Silos that ended though nobody ended them.</summary>
    public int Fell { get; init; }

    /// <summary>Books against ledgers, since the cluster began.</summary>
    public Balance? Balance { get; init; }

    /// <summary>Counts requests.</summary>
    /// <param name="asked">The requests.</param>
    /// <param name="struck">When the fault came.</param>
    /// <param name="gone">When all silos were gone; null where some stayed.</param>
    /// <param name="whole">When the cluster was whole again.</param>
    public static FaultTurnFigures Of(IReadOnlyCollection<Asked> asked, double struck, double? gone, double whole)
    {
        double serving = gone is { } from
            ? asked.Where(a => a.At > from && a.Outcome == AskedOutcome.Answered).Select(a => a.At + a.Took).DefaultIfEmpty(whole).Min()
            : struck;
        // A request that came a moment before the fault may have died with its door.
        bool Counts(Asked a) => gone is null || a.Outcome == AskedOutcome.Answered || a.At + a.Took < struck || a.At > serving;
        Asked[] counted = [.. asked.Where(Counts)];
        double[] took = [.. counted.Where(a => a.Outcome == AskedOutcome.Answered).Select(a => a.Took * 1e3).Order()];
        return new FaultTurnFigures
        {
            Requests = counted.Length,
            Answered = took.Length,
            Failed = counted.Where(a => a.Outcome != AskedOutcome.Answered)
                .GroupBy(a => a.Reason is null ? $"{a.Outcome}" : $"{a.Outcome} ({a.Reason})")
                .ToDictionary(group => group.Key, group => group.Count()),
            FailedBySecond = counted.Where(a => a.Outcome != AskedOutcome.Answered).GroupBy(a => (int)Math.Floor(a.At - struck))
                .OrderBy(group => group.Key).ToDictionary(group => group.Key, group => group.Count()),
            WhileDown = asked.Count - counted.Length,
            UntilServing = serving - struck,
            UntilSteady = asked.Where(a => a.At > struck && a.Outcome != AskedOutcome.Answered).Select(a => a.At - struck)
                .DefaultIfEmpty(0).Max(),
            UntilFullCoverage = asked.Where(a => a.At + a.Took > struck && a.Coverage < 1).Select(a => a.At + a.Took - struck)
                .DefaultIfEmpty(0).Max(),
            UntilWhole = whole - struck,
            Partial = counted.Count(a => a.Outcome == AskedOutcome.Answered && a.Coverage < 1),
            Within100Ms = took.Count(ms => ms <= 100),
            Within250Ms = took.Count(ms => ms <= 250),
            MedianMs = Quantile(took, 0.5),
            P99Ms = Quantile(took, 0.99),
        };
    }

    private static double Quantile(double[] sorted, double q) =>
        sorted.Length == 0 ? 0 : sorted[Math.Min(sorted.Length - 1, (int)(q * sorted.Length))];
}

/// <summary>What was seen of a fault over all its turns.</summary>
/// <param name="Name">The fault.</param>
/// <param name="Title">In words.</param>
/// <param name="TakesAllDoors">Whether there was a time in which no door could answer.</param>
/// <param name="Turns">Each time that it was tried.</param>
/// <param name="Error">What ended it early; null for nothing.</param>
internal sealed record FaultFigures(string Name, string Title, bool TakesAllDoors, IReadOnlyList<FaultTurnFigures> Turns, string? Error)
{
    /// <summary>Share of requests that must be answered.</summary>
    public const double LeastAnswered = 0.999;

    /// <summary>Seconds after which a cluster that was killed whole must serve again, and answer every request.</summary>
    public const double LongestDown = 30;

    public int Requests => Turns.Sum(turn => turn.Requests);

    public int Answered => Turns.Sum(turn => turn.Answered);

    public double AnsweredShare => Requests == 0 ? 0 : (double)Answered / Requests;

    /// <summary>Answers that not all shards had a part in.</summary>
    public int Partial => Turns.Sum(turn => turn.Partial);

    /// <summary>Share of requests that were answered within 100 milliseconds, and within 250.</summary>
    public double Within100Ms => Requests == 0 ? 0 : (double)Turns.Sum(turn => turn.Within100Ms) / Requests;

    public double Within250Ms => Requests == 0 ? 0 : (double)Turns.Sum(turn => turn.Within250Ms) / Requests;

    public int WhileDown => Turns.Sum(turn => turn.WhileDown);

    public double UntilServing => Turns.Select(turn => turn.UntilServing).DefaultIfEmpty(0).Max();

    public double UntilSteady => Turns.Select(turn => turn.UntilSteady).DefaultIfEmpty(0).Max();

    public double UntilFullCoverage => Turns.Select(turn => turn.UntilFullCoverage).DefaultIfEmpty(0).Max();

    public double UntilWhole => Turns.Select(turn => turn.UntilWhole).DefaultIfEmpty(0).Max();

    public int Fell => Turns.Sum(turn => turn.Fell);

    public int Events => Turns.Sum(turn => turn.Events);

    public int Unacknowledged => Turns.Sum(turn => turn.Unacknowledged);

    /// <summary>Acknowledged events that are in no ledger: by the ledgers' counts, or by telling them again.</summary>
    public long Lost => Turns.Select(turn => Math.Max(turn.Balance?.Lost ?? 0, turn.Forgotten)).DefaultIfEmpty(0).Max();

    public long AppliedTwice => Turns.Select(turn => turn.Balance?.Twice ?? 0).DefaultIfEmpty(0).Max();

    public decimal Overspent => Turns.Select(turn => turn.Balance?.Overspent ?? 0).DefaultIfEmpty(0).Max();

    /// <summary>Campaigns whose budget ran out: without one, that none overspent says nothing.</summary>
    public int RanDry => Turns.Select(turn => turn.Balance?.RanDry ?? 0).DefaultIfEmpty(0).Max();

    public decimal Misbooked => Turns.Select(turn => turn.Balance?.Misbooked ?? 0).DefaultIfEmpty(0).Max();

    /// <summary>Events that were acknowledged as not to be counted, by reason.</summary>
    public IReadOnlyDictionary<string, int> RefusedBy =>
        (Turns.Count == 0 ? null : Turns[^1].Balance?.Refused) ?? new Dictionary<string, int>();

    /// <summary>Whether nothing was lost and nothing counted or spent that must not be.</summary>
    public bool IsCorrect => Error is null && Turns.Count > 0 && Unacknowledged == 0 && Lost == 0 && AppliedTwice == 0 && Overspent == 0
        && Misbooked == 0 && RefusedBy.Count == 0;

    /// <summary>
    /// Whether it is also what is wanted of a cluster on a quiet machine. Of silos that all begin at once the first ones do not answer
    /// everything; there it counts when that is over.
    /// </summary>
    public bool IsGood => IsCorrect && RanDry > 0 && (TakesAllDoors ? UntilSteady <= LongestDown : AnsweredShare >= LeastAnswered);
}
