using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Optimization;

namespace RecallCluster.Bidding.Control.Replan;

/// <summary>
/// Replan: solves the linear program anew at every tick on the auctions of the last while, with the budget and the KPIs' room for the rest
/// of the day scaled to as many auctions. It supposes that the rest will be like the last while.
/// </summary>
public sealed class ReplanController : ILogController
{
    private readonly ControllerSetting _setting;
    private readonly ReplanOptions _options;
    private readonly BidWeights _start;
    private readonly Queue<(AuctionLog Log, double Weight)> _window = new();
    private double _held, _seen;

    /// <summary>A controller of one campaign.</summary>
    public ReplanController(ControllerSetting setting, ReplanOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(setting);
        _setting = setting;
        _options = options ?? new ReplanOptions();
        _start = setting.Start;
    }

    /// <inheritdoc/>
    public void Observe(AuctionLog auctions, double weight)
    {
        ArgumentNullException.ThrowIfNull(auctions);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(weight);
        _window.Enqueue((auctions, weight));
        _held += auctions.Count * weight;
        _seen += auctions.Count * weight;
    }

    /// <inheritdoc/>
    public BidWeights Decide(in ControlState state)
    {
        if (state.Tick == 0)
        {
            _window.Clear();
            (_held, _seen) = (0, 0);
            return _start;
        }
        double daily = _seen / state.Elapsed;
        while (_window.Count > 1 && _held - (_window.Peek().Log.Count * _window.Peek().Weight) >= _options.Window * daily)
        {
            (AuctionLog old, double weight) = _window.Dequeue();
            _held -= old.Count * weight;
        }
        AuctionLog log = LogJoin.Join([.. _window.Select(part => part.Log)]);
        double left = daily * (1 - state.Elapsed);
        if (log.Count < _options.FewestAuctions || left <= 0)
            return state.Weights;
        return Plan(state, log, log.Count / left).Weights;
    }

    private BidSolution Plan(in ControlState state, AuctionLog log, double scale)
    {
        // What has accrued enters scaled as well: the window then has to make up for its share of it.
        var accrued = new TickSums();
        for (int j = 0; j < _setting.Goal.Kpis.Length; j++)
            accrued.AddKpi(j, state.Total.Numerator(j) * scale, state.Total.Denominator(j) * scale);
        return BidSolver.Solve(new BidProblem(log, _setting.Goal.WithBudget(state.BudgetLeft * scale), accrued));
    }
}

/// <summary>Settings of <see cref="ReplanController"/>.</summary>
public sealed record ReplanOptions
{
    /// <summary>Share of a day's auctions that it looks back on: longer is calmer, shorter follows a moving market.</summary>
    public double Window { get; init; } = 0.25;

    /// <summary>Below this many auctions the weights stay as they are.</summary>
    public int FewestAuctions { get; init; } = 50;
}

/// <summary>Makes <see cref="ReplanController"/>s.</summary>
public sealed class ReplanControllerFactory(ReplanOptions? options = null) : IBidControllerFactory
{
    /// <inheritdoc/>
    public string Name => "replan";

    /// <inheritdoc/>
    public IBidController Create(ControllerSetting setting) => new ReplanController(setting, options);
}
