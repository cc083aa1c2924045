using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.Guided;

/// <summary>
/// One run of model-guided search, from the top layer down. On each layer W holds the ef best ads met there and C, a part of W, the
/// frontier: those not expanded yet. A hop expands the best of C, up to the layer's width: all their unvisited neighbours are scored in
/// one batch, the ef best of W and them become the new W, and those of them that made it into W join C. W is one buffer of packed
/// (score, ordinal) keys whose tail is C, so keeping the best is one linear selection.
/// Source: the model-guided HNSW search of NANN (Chen et al., arXiv 2202.10226), on the layers of Malkov &amp; Yashunin (arXiv 1603.09320).
/// </summary>
/// <remarks>
/// Two sets: W routes with all ads; what is returned is collected from the eligible ones among everything scored. Where every ad is
/// eligible and the score decides, W itself is that collection. A search whose request brings a ranking collects by its values from
/// everything scored: values are not smooth on the graph, so interest says where to go on and when to stop, bent a little where the
/// ranking wants it.
/// </remarks>
internal unsafe ref partial struct GuidedWalk<TGraph, TVisited>
    where TGraph : struct, IGraphView
    where TVisited : struct, IVisitedSet
{
    // How many rows ahead their memory is asked for: enough to hide a trip to main memory behind the rows in between.
    private const int RowStartLookahead = 24;
    private const int RowLookahead = 12;

    // The ads that a hop finds per node of the frontier differ from the hop before by less than this factor.
    private const double YieldMargin = 1.25;

    private readonly TGraph _graph;
    private readonly ref TVisited _visited;
    private readonly GuidedSearchScratch _scratch;
    private readonly GuidedSearchParameters _parameters;
    private readonly GuidedSearchContext _context;
    private readonly ReadOnlySpan<float> _userState;
    private readonly ReadOnlySpan<int> _seeds;
    private readonly EligibleSet _eligible;
    private readonly IResultRanking? _ranking;
    private readonly bool _isGrouped;
    private readonly int _rankable;
    private readonly int _wanted;
    private readonly int _maxScorings;
    private readonly long _deadline;
    private bool _stopped;
    private int _best;
    private int _ranked;
    private int _held;
    private int _frontier;
    private GuidedSearchStatistics _statistics;

    public GuidedWalk(
        TGraph graph,
        ref TVisited visited,
        EligibleSet eligible,
        int k,
        in GuidedRequest request,
        GuidedSearchScratch scratch,
        GuidedSearchParameters parameters,
        GuidedSearchContext context)
    {
        _graph = graph;
        _visited = ref visited;
        _scratch = scratch;
        _parameters = parameters;
        _context = context;
        _userState = request.UserState;
        _seeds = request.Seeds;
        _eligible = eligible;
        _ranking = request.Ranking;
        _isGrouped = _ranking is { MostPerGroup: < int.MaxValue };
        _rankable = Math.Min(eligible.Count, _ranking?.RankableCount ?? int.MaxValue);
        _wanted = Math.Min(k, _rankable);
        _maxScorings = Math.Min(parameters.MaxScorings, request.MaxScorings ?? int.MaxValue);
        _deadline = request.Deadline ?? long.MaxValue;
    }

    /// <summary>Runs the search; the collector of the scratch holds the result afterwards.</summary>
    public GuidedSearchStatistics Run()
    {
        _scratch.Cache.Clear();
        _scratch.Collector.Reset(Math.Max(1, _wanted));
        if (_wanted > 0)
        {
            int ef = BottomEf();
            if (!_eligible.All && _eligible.Count <= Math.Min(_parameters.ScanFactor * ef, _maxScorings))
                Scan();
            else
                Walk(ef);
            if (_isGrouped)
                CollectGrouped();
        }
        return _statistics;
    }

    /// <summary>
    /// The width of the bottom layer: the more ads the filter takes out, the more must be walked through to meet as many eligible ones; but
    /// no more than the budget can fill, or the walk would spend it all on the ads around the entry points.
    /// </summary>
    private readonly int BottomEf()
    {
        double ef = Math.Max(_parameters[0].Ef, _wanted);
        double widened = ef * _graph.Count / _rankable;
        double affordable = _parameters.ScanFactor > 0 ? _maxScorings / _parameters.ScanFactor : _graph.Count;
        return (int)Math.Min(_graph.Count, Math.Ceiling(Math.Max(ef, Math.Min(widened, affordable))));
    }

    private void Walk(int bottomEf)
    {
        if (!_seeds.IsEmpty)
            ScoreSeeds();
        int layer = _stopped ? 0 : Enter();
        for (; layer > 0 && !_stopped; layer--)
            WalkLayer(layer, _parameters[layer]);
        if (!_stopped && !_seeds.IsEmpty)
            AddSeeds(bottomEf);
        bool reachedBottom = !_stopped;
        if (reachedBottom)
            WalkLayer(0, _parameters[0] with { Ef = bottomEf });
        if (!CollectsApart)
            CollectBest(reachedBottom);
        if (!_stopped && Collected < _wanted)
            Fill();
    }

    /// <summary>Scores the entry points into W; returns the layer to start on.</summary>
    private int Enter()
    {
        int layer = _graph.MaxLevel;
        if (layer > 0 && _parameters.EntryLayer is int entryLayer)
        {
            layer = Math.Min(layer, entryLayer);
            ReadOnlySpan<int> members = _graph.LayerMembers(layer);
            _scratch.Found.Reserve(members.Length);
            members.CopyTo(_scratch.Found.Span(members.Length));
            int scored = ScoreFound(SplitKnown(members.Length, out int met), layer);
            Select(_parameters[layer].Ef, scored, met);
            // All of this layer is scored: its hops would find nothing.
            return layer - 1;
        }
        _scratch.Found.Reserve(1);
        _scratch.Found.Pointer[0] = _graph.EntryPoint;
        // Remembered like an ad of an upper layer: seeds may push it out of W, and then it is met again.
        int scoredEntry = ScoreFound(SplitKnown(1, out int known), Math.Max(layer, 1));
        Select(ef: 1, scoredEntry, known);
        if (_best < scoredEntry + known)
        {
            // Its score is NaN, but the walk must start somewhere; the collector will not take it.
            _scratch.Best.Pointer[_best++] = TopKKey.Pack(float.NaN, _graph.EntryPoint);
        }
        return layer;
    }

    /// <summary>Scores the request's seeds, before anything else can use up the budget.</summary>
    private void ScoreSeeds()
    {
        _visited.Begin(_graph.Count);
        int scored = ScoreFound(GatherSeeds(), layer: 1);
        NoteNan(scored, CountNan(_scratch.FoundScores.Span(scored)));
    }

    /// <summary>Adds the seeds to W, those aside that are there.</summary>
    private void AddSeeds(int ef)
    {
        BeginVisits();
        SplitKnown(GatherSeeds(), out int known);
        Select(ef, fresh: 0, known);
    }

    /// <summary>Writes the unvisited seeds down and marks them; returns their number.</summary>
    private readonly int GatherSeeds()
    {
        _scratch.Found.Reserve(_seeds.Length + 1);
        int found = 0;
        foreach (int seed in _seeds)
        {
            if ((uint)seed < (uint)_graph.Count)
                found += _visited.AddRow(&seed, 1, _scratch.Found.Pointer + found);
        }
        return found;
    }

    /// <summary>Empties the visited set but for W.</summary>
    private readonly void BeginVisits()
    {
        _visited.Begin(_graph.Count);
        for (int i = 0; i < _best; i++)
            _visited.Add(TopKKey.Ordinal(_scratch.Best.Pointer[i]));
    }

    private void WalkLayer(int layer, LayerBudget budget)
    {
        BeginVisits();
        _frontier = 0;
        ulong threshold = TopKKey.None;
        double freshPerNode = _graph.MaxDegree;
        for (int hop = 0; _frontier < _best && (hop < budget.Hops || (layer == 0 && Short)); hop++)
        {
            long start = _context.Time.GetTimestamp();
            int expanded = Math.Min(budget.Width, _best - _frontier);
            MoveBestOfFrontierForward(expanded);
            if (expanded * freshPerNode * YieldMargin > _maxScorings - _statistics.Scorings)
            {
                // The budget may end inside this hop: its last scorings go to the neighbours of the best.
                TopK.SortDescending(_scratch.Best.Span(_best).Slice(_frontier, expanded));
            }
            int found = Gather(layer, expanded);
            _frontier += expanded;
            int fresh = SplitKnown(found, out int known);
            freshPerNode = (double)fresh / expanded;
            _statistics.GatherTicks += _context.Time.GetTimestamp() - start;
            _statistics.Hops++;
            _statistics.ReusedScores += known;
            fresh = ScoreFound(fresh, layer);
            threshold = Select(budget.Ef, fresh, known, threshold);
            if (_stopped)
                return;
        }
        if (layer == 0 && _frontier == _best)
            _statistics.StopReason = StopReason.FrontierEmpty;
    }

    /// <summary>Whether fewer ads than wanted were met so far, so that the walk should go on past its hops.</summary>
    private readonly bool Short => (CollectsApart ? Collected : _best) < _wanted;

    private readonly void MoveBestOfFrontierForward(int count)
    {
        int frontier = _best - _frontier;
        _scratch.Selection.Reserve(frontier + TopK.Slack);
        TopK.MoveLargestToFront(_scratch.Best.Pointer + _frontier, frontier, count, _scratch.Selection.Pointer);
    }

    /// <summary>
    /// Writes the unvisited neighbours of the first <paramref name="count"/> ads of the frontier down and marks them; returns their number.
    /// </summary>
    private readonly int Gather(int layer, int count)
    {
        int maxDegree = _graph.MaxDegree;
        _scratch.Found.Reserve(checked((count * maxDegree) + 1));
        _scratch.Row.Reserve(maxDegree + 1);
        ulong* frontier = _scratch.Best.Pointer + _frontier;
        int* found = _scratch.Found.Pointer;
        int foundCount = 0;
        for (int i = 0; i < count; i++)
        {
            if (layer == 0)
            {
                if (i + RowStartLookahead < count)
                    _graph.PrefetchRowStart(TopKKey.Ordinal(frontier[i + RowStartLookahead]));
                if (i + RowLookahead < count)
                    _graph.PrefetchRow(TopKKey.Ordinal(frontier[i + RowLookahead]));
            }
            ReadOnlySpan<int> row = _graph.Neighbors(TopKKey.Ordinal(frontier[i]), layer);

            // A row beyond the bound can only come from a damaged file that was opened unchecked: stay within the memory.
            int length = Math.Min(row.Length, maxDegree);
            fixed (int* neighbors = row)
            {
                int* known = TGraph.Grows ? KeepOlder(neighbors, ref length) : neighbors;
                foundCount += _visited.AddRow(known, length, found + foundCount);
            }
        }
        return foundCount;
    }

    /// <summary>Leaves out the nodes that were added after the view was taken.</summary>
    private readonly int* KeepOlder(int* row, ref int length)
    {
        int* older = _scratch.Row.Pointer;
        int written = 0, count = _graph.Count;
        for (int i = 0; i < length; i++)
        {
            older[written] = row[i];
            written += row[i] < count ? 1 : 0;
        }
        length = written;
        return older;
    }

    /// <summary>Looks up the scores of the ads that were met on an upper layer, and moves the others together, in their order.</summary>
    /// <returns>Number of ads that need scoring.</returns>
    private readonly int SplitKnown(int found, out int known)
    {
        known = 0;
        if (_scratch.Cache.Count == 0)
            return found;
        _scratch.Known.Reserve(found + 1);
        int* ordinals = _scratch.Found.Pointer;
        ulong* knownKeys = _scratch.Known.Pointer;
        ref readonly ScoreCache cache = ref _scratch.Cache;
        int fresh = 0;
        for (int i = 0; i < found; i++)
        {
            int ordinal = ordinals[i];
            ordinals[fresh] = ordinal;
            if (cache.MayHold(ordinal) && cache.Lookup(ordinal) is ulong key and not 0)
                knownKeys[known++] = key;
            else
                fresh++;
        }
        return fresh;
    }

    /// <summary>
    /// Scores the first <paramref name="count"/> ads found, or as many as the budget allows, in one batch, and offers the eligible ones to
    /// the collection. Scores met above the bottom layer are remembered.
    /// </summary>
    /// <returns>Number of ads scored.</returns>
    private int ScoreFound(int count, int layer)
    {
        long start = _context.Time.GetTimestamp();
        if (start > _deadline)
        {
            Stop(StopReason.Deadline);
            return 0;
        }
        int left = _maxScorings - _statistics.Scorings;
        if (count > left)
        {
            Stop(StopReason.Budget);
            count = left;
        }
        if (count == 0)
            return 0;
        _scratch.FoundScores.Reserve(count);
        int* ordinals = _scratch.Found.Pointer;
        float* scores = _scratch.FoundScores.Pointer;
        BatchScorer.Score(_context.Scorer, _userState, ordinals, count, scores, _context.Team);
        _statistics.Scorings += count;
        _statistics.ScoreTicks += _context.Time.GetTimestamp() - start;
        if (CollectsApart)
            Collect(ordinals, scores, count);
        // What is kept goes by the model's scores; from here on they only route.
        _ranking?.Steer(new ReadOnlySpan<int>(ordinals, count), new Span<float>(scores, count));
        if (layer > 0)
        {
            for (int i = 0; i < count; i++)
                _scratch.Cache.Add(ordinals[i], scores[i]);
        }
        return count;
    }

    /// <summary>
    /// Makes W the ef best of itself, the <paramref name="fresh"/> ads just scored and the <paramref name="known"/> ones met again; the new
    /// ones join the frontier.
    /// </summary>
    /// <param name="ef">Size of W.</param>
    /// <param name="fresh">Number of ads just scored.</param>
    /// <param name="known">Number of ads met again.</param>
    /// <param name="threshold">The smallest key of W when W is full, else <see cref="TopKKey.None"/>.</param>
    /// <returns>The next threshold.</returns>
    private ulong Select(int ef, int fresh, int known, ulong threshold = TopKKey.None)
    {
        long start = _context.Time.GetTimestamp();
        _scratch.Best.Reserve(_best + fresh + known + TopK.Slack, _best);
        ulong* best = _scratch.Best.Pointer;
        int total = _best + TopKKey.AppendAbove(
            _scratch.Found.Pointer, _scratch.FoundScores.Pointer, fresh, threshold, best + _best, out int nan);
        if (nan > 0)
            NoteNan(fresh, nan);
        for (int i = 0; i < known; i++)
        {
            best[total] = _scratch.Known.Pointer[i];
            total += best[total] > threshold ? 1 : 0;
        }
        if (total > ef)
        {
            _scratch.Selection.Reserve(total + TopK.Slack);
            threshold = TopK.KthLargest(best, total, ef, _scratch.Selection.Pointer);
            int kept = TopK.CompactAbove(best, _frontier, threshold - 1);
            total = kept + TopK.CopyAbove(best + _frontier, total - _frontier, threshold - 1, best + kept);
            _frontier = kept;
        }
        else if (total == ef)
        {
            _scratch.Selection.Reserve(total + TopK.Slack);
            threshold = TopK.KthLargest(best, total, ef, _scratch.Selection.Pointer);
        }
        _best = total;
        _statistics.SelectTicks += _context.Time.GetTimestamp() - start;
        return threshold;
    }

    private void NoteNan(int fresh, int nan)
    {
        _statistics.NanScores += nan;
        for (int i = 0; i < fresh && _statistics.NanOrdinal is null; i++)
        {
            if (float.IsNaN(_scratch.FoundScores.Pointer[i]))
                _statistics.NanOrdinal = _scratch.Found.Pointer[i];
        }
    }

    private void Stop(StopReason reason)
    {
        _stopped = true;
        _statistics.StopReason = reason;
    }
}
