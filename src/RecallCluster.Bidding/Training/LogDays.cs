using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;
using RecallCluster.Bidding.Replay;
using RecallCluster.Numerics;

namespace RecallCluster.Bidding.Training;

/// <summary>
/// Days made of one log: a random stretch of it, thinned, with prices and values that drift through the day; random budget; the evening
/// before is another stretch of the log. What a controller learns from them is to answer drift, not the log's own hours.
/// </summary>
public sealed class LogDays : ITrainingDays
{
    private readonly AuctionLog _log;
    private readonly KpiConstraint[] _kpis;
    private readonly LogDaysOptions _options;
    private readonly double[] _cumulativeCost;

    /// <summary>Days of campaigns with these KPIs over <paramref name="log"/>.</summary>
    /// <exception cref="ArgumentException">The log has fewer auctions than ticks, or lacks a KPI's columns.</exception>
    public LogDays(AuctionLog log, ReadOnlySpan<KpiConstraint> kpis, LogDaysOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(log);
        log.RequireColumnsFor(kpis);
        _options = options ?? new LogDaysOptions();
        if (log.Count < 10 * _options.Ticks)
            throw new ArgumentException(
                $"{log.Count} auctions are too few to learn from: {10 * _options.Ticks} are needed for {_options.Ticks} ticks.",
                nameof(log));
        (_log, _kpis) = (log, kpis.ToArray());
        _cumulativeCost = new double[log.Count + 1];
        for (int i = 0; i < log.Count; i++)
            _cumulativeCost[i + 1] = _cumulativeCost[i] + log.Cost[i];
    }

    /// <inheritdoc/>
    public int KpiCount => _kpis.Length;

    /// <inheritdoc/>
    public BidDay Draw(SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        double share = Math.Exp(Uniform(random, Math.Log(_options.SmallestBudgetShare), Math.Log(_options.LargestBudgetShare)));
        (AuctionLog history, double historyCost) = Stretch(random, drift: 0);
        (AuctionLog day, _) = Stretch(random, _options.Drift);
        double level = historyCost / Math.Max(1, history.Count);
        BidSolution yesterday = BidSolver.Solve(new BidProblem(history, new CampaignGoal(share * level * history.Count, _kpis)));
        var goal = new CampaignGoal(share * level * day.Count, _kpis);
        return BidDay.ByShare(day, _options.Ticks, goal, Disturbed(yesterday.Weights, random), history);
    }

    private BidWeights Disturbed(in BidWeights weights, SeededRandom random)
    {
        double value = weights.Value * Math.Exp(_options.StartError * random.NextGaussian());
        Span<double> kpis = stackalloc double[weights.Count];
        for (int j = 0; j < kpis.Length; j++)
        {
            double moved = weights[j] * Math.Exp(_options.StartError * random.NextGaussian());
            kpis[j] = _kpis[j].Kind == KpiKind.CostRelated ? Math.Min(1, moved) : moved;
        }
        return new BidWeights(value, kpis);
    }

    private (AuctionLog Log, double Cost) Stretch(SeededRandom random, double drift)
    {
        int length = (int)(_log.Count * Uniform(random, 0.25, 1)), start = random.NextInt(_log.Count - length + 1);
        // A log shorter than the days to come is drawn from again and again: days with too few wins would teach to distrust what they show.
        bool isShort = length < _options.FewestAuctions;
        int count = isShort ? _options.FewestAuctions : Math.Min(length, _options.Auctions);
        double stride = (double)length / count;
        double[] value = new double[count], cost = new double[count];
        var p = new double[_kpis.Length][];
        var q = new double[_kpis.Length][];
        for (int j = 0; j < p.Length; j++)
            (p[j], q[j]) = (new double[count], _log.Q(j).IsEmpty ? [] : new double[count]);
        var prices = new Wander(random, drift, _options.Ticks);
        var values = new Wander(random, drift, _options.Ticks);
        for (int i = 0; i < count; i++)
        {
            int from = isShort ? start + random.NextInt(length) : start + (int)((i + random.NextDouble()) * stride);
            int tick = (int)((long)i * _options.Ticks / count);
            from = Math.Min(from, start + length - 1);
            double factor = values.At(tick);
            value[i] = _log.Value[from] * factor;
            cost[i] = _log.Cost[from] * prices.At(tick);
            for (int j = 0; j < p.Length; j++)
            {
                p[j][i] = _log.P(j)[from] * factor;
                if (q[j].Length > 0)
                    q[j][i] = _log.Q(j)[from];
            }
        }
        double total = (_cumulativeCost[start + length] - _cumulativeCost[start]) / length * count;
        var log = new AuctionLog(value, cost, [.. p.Select(c => (ReadOnlyMemory<double>)c)], [.. q.Select(c => (ReadOnlyMemory<double>)c)]);
        return (log, total);
    }

    private static double Uniform(SeededRandom random, double low, double high) => low + ((high - low) * random.NextDouble());
}

/// <summary>Settings of <see cref="LogDays"/>.</summary>
public sealed record LogDaysOptions
{
    /// <summary>Auctions of a day, at most.</summary>
    public int Auctions { get; init; } = 20_000;

    /// <summary>
    /// Auctions of a day, at least: a stretch of fewer is drawn from with replacement, out of its order. As many as the days to be bid in
    /// have, up to <see cref="Auctions"/>, make a controller as sure of what a tick shows as it can be there.
    /// </summary>
    public int FewestAuctions { get; init; }

    /// <summary>Ticks of a day.</summary>
    public int Ticks { get; init; } = 48;

    /// <summary>
    /// Standard deviation of the logarithm by which prices and values wander, for the day as a whole and again within it.
    /// </summary>
    public double Drift { get; init; } = 0.15;

    /// <summary>Standard deviation of the error of yesterday's weights' logarithm, beyond what another stretch of the log brings.</summary>
    public double StartError { get; init; } = 0.1;

    /// <summary>Budgets are drawn from this share of the total cost ...</summary>
    public double SmallestBudgetShare { get; init; } = 1.0 / 80;

    /// <summary>... to this, evenly in the logarithm.</summary>
    public double LargestBudgetShare { get; init; } = 0.6;

    /// <summary>
    /// The defaults for a campaign whose days to come have so many auctions: training days have as many, up to <see cref="Auctions"/>.
    /// </summary>
    public static LogDaysOptions ForDaysOf(int auctions)
    {
        var options = new LogDaysOptions();
        return options with { FewestAuctions = Math.Min(auctions, options.Auctions) };
    }
}
