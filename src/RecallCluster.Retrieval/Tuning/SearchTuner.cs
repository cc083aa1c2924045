using RecallCluster.Numerics;
using RecallCluster.Retrieval.Guided;

namespace RecallCluster.Retrieval.Tuning;

/// <summary>
/// Finds the guided-search setting of fewest scorings that reaches a wanted relative recall on validation requests. Recall rises with the
/// budget, so for each way to spend it (entry layer, widths, frontier) the smallest sufficient budget is found by bisection; the ways are
/// improved one knob at a time until none helps. A new way is first tried at slightly less than the best budget so far, which settles most
/// of them in one measurement. Deterministic.
/// </summary>
public sealed class SearchTuner
{
    private const int MaxRounds = 3;

    // Hops enough for any budget: the budget ends the walk, or the frontier does.
    private const int UnlimitedHops = 1_000_000;
    private const int UpperHops = 3;

    private readonly GuidedSearch _search;
    private readonly IReadOnlyList<TuningQuery> _queries;
    private readonly TuningOptions _options;
    private readonly IProgress<TunedPoint>? _progress;
    private readonly int _count;
    private readonly int _largestBudget;
    private readonly HashSet<int>[] _wanted;
    private readonly int _wantedHits;
    private readonly List<TunedPoint> _points = [];

    private SearchTuner(
        GuidedSearch search, IScorer scorer, int count, IReadOnlyList<TuningQuery> queries, TuningOptions options, WorkerTeam? team,
        IProgress<TunedPoint>? progress)
    {
        _search = search;
        _queries = queries;
        _options = options;
        _progress = progress;
        _count = count;
        _largestBudget = Math.Min(count, options.MaxScorings ?? Math.Max(options.K, count / 4));
        (_wanted, _wantedHits) = Truth(new ExhaustiveSearch(scorer, team));
    }

    /// <summary>Tunes a search.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="scorer">The model, over the ads of the graph and no others.</param>
    /// <param name="queries">Validation requests; not empty.</param>
    /// <param name="options">What to reach.</param>
    /// <param name="team">Threads for scoring, or null for the caller's alone.</param>
    /// <param name="progress">Receives each setting as it was measured.</param>
    /// <exception cref="ArgumentException">There are no queries, no ads, or an option has no meaning.</exception>
    /// <exception cref="InvalidOperationException">Scoring every ad finds no held-out ad, so relative recall has no meaning.</exception>
    public static TuningResult Run(
        HnswGraph graph,
        IScorer scorer,
        IReadOnlyList<TuningQuery> queries,
        TuningOptions options,
        WorkerTeam? team = null,
        IProgress<TunedPoint>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(scorer);
        ArgumentNullException.ThrowIfNull(queries);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        if (queries.Count == 0 || graph.Count == 0)
            throw new ArgumentException($"{queries.Count} queries over {graph.Count} ads leave nothing to tune.", nameof(queries));
        if (scorer.ItemCount != graph.Count)
            throw new ArgumentException($"The scorer knows {scorer.ItemCount} ads; the graph has {graph.Count}.", nameof(scorer));
        return new SearchTuner(
            new GuidedSearch(graph, scorer, team: team), scorer, graph.Count, queries, options, team, progress).Run(graph);
    }

    /// <summary>One way to spend a budget; the indices are into the options' lists.</summary>
    private readonly record struct Way(int? EntryLayer, int UpperEf, double BottomEfFactor, double Width);

    private TuningResult Run(HnswGraph graph)
    {
        int?[] entryLayers = EntryLayers(graph);
        var way = new Way(entryLayers[^1], Middle(_options.UpperEfs), _options.BottomEfFactors[0], Middle(_options.Widths));
        TunedPoint? best = SmallestBudget(way, _largestBudget);
        double nearest = _points[^1].RelativeRecall;
        for (int round = 0; round < MaxRounds; round++)
        {
            Way before = way;
            foreach (int? layer in entryLayers)
                Try(way with { EntryLayer = layer });
            foreach (int ef in _options.UpperEfs)
                Try(way with { UpperEf = ef });
            foreach (double width in _options.Widths)
                Try(way with { Width = width });
            foreach (double factor in _options.BottomEfFactors)
                Try(way with { BottomEfFactor = factor });
            if (way == before)
                break;
        }
        AddFrontier(way);
        List<TunedPoint> frontier = Frontier();
        return best is not null
            ? new TuningResult(best, Reached: true, frontier)
            : new TuningResult(_points.MaxBy(point => point.RelativeRecall)!, Reached: false, frontier);

        void Try(Way candidate)
        {
            if (candidate == way)
                return;
            double limit = best is null ? _largestBudget : best.Parameters.MaxScorings / _options.BudgetStep;
            if (limit < 1)
                return;
            if (SmallestBudget(candidate, (int)limit) is { } better)
                best = better;
            else if (best is not null || _points[^1].RelativeRecall <= nearest)
                return;
            // As long as no way reaches the wanted recall, the one that comes nearest with the whole budget is gone on from.
            nearest = _points[^1].RelativeRecall;
            way = candidate;
        }
    }

    private static T Middle<T>(IReadOnlyList<T> values) => values[values.Count / 2];

    /// <summary>No layer, and those that can be scored whole within half of the largest budget.</summary>
    private int?[] EntryLayers(HnswGraph graph)
    {
        var members = new LayerMembers(graph.Levels, graph.Count);
        IEnumerable<int> small = Enumerable.Range(1, graph.MaxLevel).Reverse().Where(layer => members[layer].Length <= _largestBudget / 2);
        return [null, .. small.Select(layer => (int?)layer)];
    }

    /// <summary>The smallest budget, up to a limit, at which a way reaches the wanted recall; null when it does not.</summary>
    private TunedPoint? SmallestBudget(Way way, int limit)
    {
        TunedPoint best = Measure(way, limit);
        if (best.RelativeRecall < _options.WantedRecall)
            return null;
        double low = Math.Min(limit, _options.K / 2.0), high = limit;
        while (high / low > _options.BudgetStep)
        {
            int middle = (int)Math.Round(Math.Sqrt(low * high));
            if (middle >= high || middle <= low)
                break;
            TunedPoint point = Measure(way, middle);
            if (point.RelativeRecall >= _options.WantedRecall)
            {
                best = point;
                high = middle;
            }
            else
            {
                low = middle;
            }
        }
        return best;
    }

    /// <summary>Measures the best way at budgets from K on, doubling, for the curve of recall against scorings.</summary>
    private void AddFrontier(Way way)
    {
        for (long budget = _options.K; budget < _largestBudget; budget *= 2)
            Measure(way, (int)budget);
        Measure(way, _largestBudget);
    }

    private TunedPoint Measure(Way way, int budget)
    {
        GuidedSearchParameters parameters = new()
        {
            Layers =
            [
                new LayerBudget(
                    (int)Math.Ceiling(way.BottomEfFactor * _options.K),
                    UnlimitedHops,
                    way.Width >= 1 ? int.MaxValue : Math.Max(_options.LeastWidth, (int)(way.Width * _options.K))),
                new LayerBudget(way.UpperEf, UpperHops),
            ],
            EntryLayer = way.EntryLayer,
            MaxScorings = budget,
        };
        GuidedSearch search = _search.With(parameters);
        long hits = 0, scorings = 0, ticks = 0;
        for (int i = 0; i < _queries.Count; i++)
        {
            GuidedSearchResult result = search.Search(new GuidedRequest(_queries[i].UserState, _options.K) { Seeds = _queries[i].Seeds });
            hits += result.Ordinals.Count(_wanted[i].Contains);
            scorings += result.Statistics.Scorings;
            ticks += result.Statistics.TotalTicks;
        }
        double mean = (double)scorings / _queries.Count;
        var point = new TunedPoint(
            parameters,
            (double)hits / _wantedHits,
            mean,
            mean / _count,
            TimeProvider.System.GetElapsedTime(0, ticks).TotalMilliseconds / _queries.Count);
        _points.Add(point);
        _progress?.Report(point);
        return point;
    }

    /// <summary>What a search should find for each query, and how much of it scoring every ad finds.</summary>
    private (HashSet<int>[] Wanted, int Hits) Truth(ExhaustiveSearch exhaustive)
    {
        int hits = 0;
        var wanted = new HashSet<int>[_queries.Count];
        for (int i = 0; i < wanted.Length; i++)
        {
            int[] best = exhaustive.Search(_queries[i].UserState, _options.K).Ordinals;
            wanted[i] = _options.Goal == TuningGoal.TopKOverlap ? [.. best] : [.. _queries[i].HeldOut];
            hits += best.Count(wanted[i].Contains);
        }
        if (hits == 0)
            throw new InvalidOperationException(
                $"Scoring every ad finds none of the held-out ads among its best {_options.K}: there is no recall to be relative to.");
        return (wanted, hits);
    }

    private List<TunedPoint> Frontier()
    {
        var frontier = new List<TunedPoint>();
        foreach (TunedPoint point in _points.OrderBy(point => point.Scorings).ThenByDescending(point => point.RelativeRecall))
        {
            if (frontier.Count == 0 || point.RelativeRecall > frontier[^1].RelativeRecall)
                frontier.Add(point);
        }
        return frontier;
    }
}
