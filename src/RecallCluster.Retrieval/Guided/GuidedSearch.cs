using RecallCluster.Numerics;
using RecallCluster.Retrieval.Live;

namespace RecallCluster.Retrieval.Guided;

/// <summary>
/// Model-guided search: the K ads of highest score for a user, by any scoring model, of which only a small part of the ads is scored. The
/// graph was built from the ads' vectors and never saw the user; the model steers the walk over it.
/// </summary>
/// <remarks>
/// <code>
///  entry points ─► layer L: W ─► neighbours of C ─► unvisited? ─► score in one batch ─► ef best of W and them ─► W, C = the new ones in W
///                     ▲                                                                                            │  T times, or until
///                     └────────────────────────────────────────────────────────────────────────────────────────────┘  C is empty
///                  W ─► layer L - 1 ... ─► layer 0 ─► the K best
/// </code>
/// Immutable and thread-safe; takes no lock, and allocates nothing once its scratch has grown to the size of the requests. Ads whose score
/// is NaN are not returned and not walked through; the statistics count them. Source: NANN (Chen et al., CIKM 2022, arXiv 2202.10226).
/// </remarks>
public sealed class GuidedSearch
{
    // A search has a graph, its layers and a scorer, or a live index, which brings all three.
    private readonly HnswGraph? _graph;
    private readonly LayerMembers? _members;
    private readonly IScorer? _scorer;
    private readonly LiveIndex? _live;
    private readonly TimeProvider _time;
    private readonly WorkerTeam? _team;
    private readonly GuidedSearchScratchPool _scratches;

    /// <summary>A search over a frozen graph.</summary>
    /// <param name="graph">The graph over the ads.</param>
    /// <param name="scorer">The model; knows every ad of the graph by the same ordinal.</param>
    /// <param name="parameters">The knobs; null for the defaults.</param>
    /// <param name="team">Threads that share the scoring of each batch; null to score on the caller's thread.</param>
    /// <param name="time">The clock of deadlines and statistics; null for the system's.</param>
    /// <param name="scratches">The pool for searches that bring no scratch; null for an own one.</param>
    /// <exception cref="ArgumentException">The scorer knows fewer ads than the graph has, or a knob has no meaning.</exception>
    public GuidedSearch(
        HnswGraph graph,
        IScorer scorer,
        GuidedSearchParameters? parameters = null,
        WorkerTeam? team = null,
        TimeProvider? time = null,
        GuidedSearchScratchPool? scratches = null)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(scorer);
        if (scorer.ItemCount < graph.Count)
            throw new ArgumentException($"The scorer knows {scorer.ItemCount} ads; the graph has {graph.Count}.", nameof(scorer));
        Parameters = parameters ?? GuidedSearchParameters.Default;
        Parameters.Validate();
        _graph = graph;
        _members = new LayerMembers(graph.Levels, graph.Count);
        _scorer = scorer;
        _team = team;
        _time = time ?? TimeProvider.System;
        _scratches = scratches ?? new GuidedSearchScratchPool();
    }

    /// <summary>A search over an index that changes meanwhile: each request sees the ads that are there when it begins.</summary>
    /// <param name="live">The index, which brings its scorer.</param>
    /// <param name="parameters">The knobs; null for the defaults.</param>
    /// <param name="team">Threads that share the scoring of each batch; null to score on the caller's thread.</param>
    /// <param name="time">The clock of deadlines and statistics; null for the system's.</param>
    /// <param name="scratches">The pool for searches that bring no scratch; null for an own one.</param>
    /// <exception cref="ArgumentException">A knob has no meaning.</exception>
    public GuidedSearch(
        LiveIndex live,
        GuidedSearchParameters? parameters = null,
        WorkerTeam? team = null,
        TimeProvider? time = null,
        GuidedSearchScratchPool? scratches = null)
    {
        ArgumentNullException.ThrowIfNull(live);
        Parameters = parameters ?? GuidedSearchParameters.Default;
        Parameters.Validate();
        _live = live;
        _team = team;
        _time = time ?? TimeProvider.System;
        _scratches = scratches ?? new GuidedSearchScratchPool();
    }

    private GuidedSearch(GuidedSearch other, GuidedSearchParameters parameters)
    {
        parameters.Validate();
        Parameters = parameters;
        _graph = other._graph;
        _members = other._members;
        _scorer = other._scorer;
        _live = other._live;
        _team = other._team;
        _time = other._time;
        _scratches = other._scratches;
    }

    /// <summary>The knobs.</summary>
    public GuidedSearchParameters Parameters { get; }

    /// <summary>The same search with other knobs; shares everything else.</summary>
    /// <exception cref="ArgumentException">A knob has no meaning.</exception>
    public GuidedSearch With(GuidedSearchParameters parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return new GuidedSearch(this, parameters);
    }

    /// <summary>Finds the best ads for a request, in memory of its own.</summary>
    /// <exception cref="ArgumentException">The request does not fit the scorer, or its K is not positive.</exception>
    public GuidedSearchResult Search(in GuidedRequest request)
    {
        LiveStore? store = _live?.Store;
        // Ads may come until the search begins, but no more than the store has room for.
        int room = Math.Max(0, Math.Min(request.K, store?.Capacity ?? _graph!.Count));
        var ordinals = new int[room];
        var scores = new float[room];
        GuidedSearchScratch scratch = _scratches.Rent();
        float[] values = request.Ranking is null ? scores : new float[room];
        int found = Search(store, request, scratch, ordinals, scores, values, out GuidedSearchStatistics statistics);
        _scratches.Return(scratch);
        float[] foundScores = scores[..found];
        return new GuidedSearchResult(ordinals[..found], foundScores, statistics)
        {
            Values = request.Ranking is null ? foundScores : values[..found],
        };
    }

    /// <summary>Finds the best ads for a request; allocates nothing but what <paramref name="scratch"/> grows by.</summary>
    /// <param name="request">The request.</param>
    /// <param name="scratch">Working memory that no other search uses meanwhile.</param>
    /// <param name="ordinals">
    /// Receives the ordinals, best first; room for min(K, number of ads). Over a live index their room bounds K.
    /// </param>
    /// <param name="scores">Receives their scores; as much room.</param>
    /// <param name="statistics">What the search did.</param>
    /// <returns>
    /// Number of ads found: K, unless fewer ads are eligible (or have a score that is a number), or the budget or the deadline ended the
    /// search first.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// The request does not fit the scorer, its K is not positive, or an output is too short.
    /// </exception>
    public int Search(
        in GuidedRequest request, GuidedSearchScratch scratch, Span<int> ordinals, Span<float> scores,
        out GuidedSearchStatistics statistics)
    {
        ArgumentNullException.ThrowIfNull(scratch);
        Span<float> values = scores;
        if (request.Ranking is not null)
        {
            scratch.ResultValues.Reserve(scores.Length);
            values = scratch.ResultValues.Span(scores.Length);
        }
        return Search(_live?.Store, request, scratch, ordinals, scores, values, out statistics);
    }

    /// <summary>As the other, for a request with a ranking: also says what the ads were kept by.</summary>
    /// <param name="request">The request.</param>
    /// <param name="scratch">Working memory that no other search uses meanwhile.</param>
    /// <param name="ordinals">Receives the ordinals, best first; room for min(K, number of ads).</param>
    /// <param name="scores">Receives their scores; as much room.</param>
    /// <param name="values">Receives their values (the scores where there is no ranking); as much room.</param>
    /// <param name="statistics">What the search did.</param>
    /// <returns>Number of ads found.</returns>
    /// <exception cref="ArgumentException">
    /// The request does not fit the scorer, its K is not positive, or an output is too short.
    /// </exception>
    public int Search(
        in GuidedRequest request, GuidedSearchScratch scratch, Span<int> ordinals, Span<float> scores, Span<float> values,
        out GuidedSearchStatistics statistics)
    {
        ArgumentNullException.ThrowIfNull(scratch);
        if (values.Length < scores.Length)
            throw new ArgumentException($"There is room for {scores.Length} scores but {values.Length} values.", nameof(values));
        int found = Search(_live?.Store, request, scratch, ordinals, scores, values, out statistics);
        if (request.Ranking is null)
            scores[..found].CopyTo(values);
        return found;
    }

    private int Search(
        LiveStore? store, in GuidedRequest request, GuidedSearchScratch scratch, Span<int> ordinals, Span<float> scores, Span<float> values,
        out GuidedSearchStatistics statistics)
    {
        int found;
        if (store is not null)
        {
            found = SearchLive(store, request, scratch, ordinals, scores, values, out statistics);
        }
        else
        {
            Check(request, _scorer!);
            int room = Math.Min(request.K, _graph!.Count);
            if (ordinals.Length < room || scores.Length < room)
                throw new ArgumentException($"The outputs hold {ordinals.Length} ordinals and {scores.Length} scores; {room} are wanted.");
            EligibleSet eligible = EligibleSet.Of(request.Filter, _graph.Count);
            found = Run(
                new FrozenGraphView(_graph, _members!), eligible, request.K, request, scratch, _scorer!, ordinals, scores, values, out statistics);
        }
        GC.KeepAlive(this);
        return found;
    }

    private unsafe int SearchLive(
        LiveStore store, in GuidedRequest request, GuidedSearchScratch scratch, Span<int> ordinals, Span<float> scores, Span<float> values,
        out GuidedSearchStatistics statistics)
    {
        Check(request, store.Scorer);
        var view = new LiveGraphView(store);
        EligibleSet eligible = EligibleSet.Of(request.Filter, view.Count);
        if (store.DeletedCount > 0)
        {
            scratch.Eligible.Reserve((store.Capacity / 64) + 1);
            view = store.CopyEligible(request.Filter, scratch.Eligible.Pointer);
            eligible = EligibleSet.Of(scratch.Eligible.Pointer, view.Count);
        }
        // Ads may have come since the caller made room.
        int k = Math.Min(request.K, Math.Min(ordinals.Length, scores.Length));
        int found = Run(view, eligible, k, request, scratch, store.Scorer, ordinals, scores, values, out statistics);
        GC.KeepAlive(store);
        return found;
    }

    private static void Check(in GuidedRequest request, IScorer scorer)
    {
        if (request.K < 1)
            throw new ArgumentException($"K is {request.K}: want at least 1.", nameof(request));
        if (request.MaxScorings < 1)
            throw new ArgumentException($"MaxScorings is {request.MaxScorings}: want at least 1.", nameof(request));
        if (request.UserState.Length != scorer.UserStateLength)
        {
            throw new ArgumentException(
                $"The user state has {request.UserState.Length} floats; the scorer wants {scorer.UserStateLength}.", nameof(request));
        }
    }

    /// <summary>Runs one search over any kind of graph with the visited set that the parameters name.</summary>
    private int Run<TGraph>(
        TGraph graph,
        EligibleSet eligible,
        int k,
        in GuidedRequest request,
        GuidedSearchScratch scratch,
        IScorer scorer,
        Span<int> ordinals,
        Span<float> scores,
        Span<float> values,
        out GuidedSearchStatistics statistics)
        where TGraph : struct, IGraphView
    {
        long start = _time.GetTimestamp();
        var context = new GuidedSearchContext(scorer, _time, _team);
        statistics = Parameters.Visited == VisitedKind.Bitmap
            ? new GuidedWalk<TGraph, VisitedBitmap>(graph, ref scratch.Bitmap, eligible, k, request, scratch, Parameters, context).Run()
            : new GuidedWalk<TGraph, VisitedHashSet>(graph, ref scratch.HashSet, eligible, k, request, scratch, Parameters, context).Run();
        int found;
        if (request.Ranking is null)
        {
            found = scratch.Collector.CopyTo(ordinals, scores);
        }
        else
        {
            found = scratch.Collector.CopyTo(ordinals, values);
            scratch.ResolvePlaces(ordinals[..found], scores);
        }
        statistics.TotalTicks = _time.GetTimestamp() - start;
        // The walk reads these through pointers.
        GC.KeepAlive(scratch);
        GC.KeepAlive(request.Filter);
        return found;
    }
}
