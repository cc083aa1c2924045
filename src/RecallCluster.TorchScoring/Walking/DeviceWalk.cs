using RecallCluster.TorchScoring.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace RecallCluster.TorchScoring.Walking;

/// <summary>
/// The walk of <see cref="Retrieval.Guided.GuidedSearch"/> for a batch of requests at once, all on the device:
/// <code>
/// W ─► best unexpanded ─► rows of the padded graph ─► met before? ─► each once ─► within the budget? ─► score ─► ef best of W and them
///  ▲                                                      stamps                                                        │
///  └────────────────────────────────────────────────────────────────────────────────────────────────────────────────────┘
/// </code>
/// Every request is a row of every tensor, and all shapes are those of the plan, so nothing has to be known on the host to issue the next
/// hop. Only how many hops are left is asked now and then, since budgets end the walks: after as many hops as the largest budget left must
/// take at least. A row whose walk has ended computes padding until the others end.
/// </summary>
/// <remarks>
/// In place of a bitmap each request has a row of stamps, one an ad: stamps only grow, so nothing is cleared between layers and requests;
/// a stamp from this layer on means met on it, one from this request on means scored already; and of an ad that is found twice in one hop
/// the stamp says which place has it.
/// </remarks>
internal sealed class DeviceWalk(DeviceGraph graph, IDeviceModel model, WalkPlan plan, WalkMarks marks, int mostPlaces)
{
    private const int MostHopsAtOnce = 8;
    private const float Least = float.MinValue;

    private readonly List<(Tensor Ads, Tensor Scores)> _upper = [];
    private DeviceUsers _users = null!;
    private Tensor _bestScores = null!, _bestAds = null!, _expanded = null!;
    private Tensor _left = null!, _scorings = null!, _stopped = null!, _hops = null!, _nans = null!, _fresh = null!;
    private long _count, _places;

    private Device Device => marks.Device;

    /// <summary>What goes from hop to hop.</summary>
    private Tensor[] State => [_expanded, _hops, _left, _scorings, _stopped, _nans, _fresh, _bestAds, _bestScores];

    /// <summary>Walks for a batch. To be called inside a dispose scope, by one thread at a time.</summary>
    /// <param name="users">The users.</param>
    /// <param name="seeds">Ads to start from too, [users, seeds], int64, padded; null for none.</param>
    /// <param name="budgets">Most scorings of each, [users], int64; 0 for places of the batch that are padding.</param>
    /// <param name="wanted">Number of best ads that are asked for.</param>
    public WalkAnswer Run(DeviceUsers users, Tensor? seeds, Tensor budgets, int wanted)
    {
        (_users, _count) = (users, users.Count);
        marks.Begin(_count);
        _upper.Clear();
        _places = 0;
        (_left, _stopped) = (budgets, budgets.le(0));
        _scorings = zeros_like(budgets);
        _hops = zeros_like(budgets);
        _nans = zeros_like(budgets);
        long[] none = [_count, 0];
        (_bestScores, _bestAds) = (empty(none, device: Device), empty(none, ScalarType.Int64, Device));
        _expanded = empty(none, ScalarType.Bool, Device);

        (Tensor Ads, Tensor Scores)? seeded = seeds is null ? null : Meet(seeds);
        int layer = Enter();
        for (; layer > 0; layer--)
            WalkLayer(layer);
        if (seeded is { } met)
        {
            marks.BeginLayer(_bestAds);
            Tensor isNew = marks.AreNew(met.Ads);
            Keep(met.Ads, met.Scores.masked_fill(isNew.logical_not(), float.NegativeInfinity), plan.EfOf(0));
        }
        WalkLayer(0);
        return Best(wanted);
    }

    private int Enter()
    {
        if (plan.EntryLayer is { } entry)
        {
            marks.BeginLayer(null);
            Tensor members = graph.Members(entry);
            (Tensor ads, Tensor scores) = Meet(members.unsqueeze(0).expand(_count, members.shape[0]));
            Keep(ads, scores, plan.EfOf(entry));
            return entry - 1;
        }
        marks.BeginLayer(null);
        Tensor start = full(_count, 1, graph.EntryPoint, ScalarType.Int64, Device);
        (Tensor startAds, Tensor startScores) = Meet(start);
        // Where its score is not a number, the walk must start there all the same; it is not returned.
        Tensor isNowhere = startScores.isneginf() & startAds.ne(graph.Count);
        Keep(startAds, startScores.masked_fill(isNowhere, Least), 1);
        return graph.MaxLevel;
    }

    private void WalkLayer(int layer)
    {
        BeginLayer();
        // The few hops of an upper layer are cheaper than to ask whether all are wanted.
        int hops = plan.HopsOf(layer), next = Math.Min(hops, layer > 0 ? MostHopsAtOnce : 1);
        while (hops > 0)
        {
            for (int hop = 0; hop < next; hop++)
                Hop(layer);
            hops -= next;
            if (hops == 0)
                return;
            (bool isOpen, long left, long fresh) = Outlook();
            if (!isOpen)
                return;
            // What a hop finds becomes less from hop to hop, so it takes at least as many.
            next = (int)Math.Min(hops, Math.Clamp(left / Math.Max(1, fresh), 1, MostHopsAtOnce));
        }
    }

    /// <summary>
    /// One reading of the device: whether any walk goes on, the largest budget left, and what the last hop found at most.
    /// </summary>
    private (bool IsOpen, long Left, long Fresh) Outlook()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor open = Open().amax(1).gt(float.NegativeInfinity) & _stopped.logical_not();
        Tensor all = stack([open.to(ScalarType.Int64), _left * open, _fresh * open], 0).amax(1).cpu();
        ReadOnlySpan<long> read = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, long>(all.bytes);
        return (read[0] != 0, read[1], read[2]);
    }

    private void BeginLayer()
    {
        marks.BeginLayer(_bestAds);
        _expanded = zeros_like(_bestAds, ScalarType.Bool);
    }

    /// <summary>Scores of what may be expanded; nothing of the walks that were stopped.</summary>
    private Tensor Open() =>
        _bestScores.masked_fill(_expanded | _bestAds.eq(graph.Count) | _stopped.unsqueeze(1), float.NegativeInfinity);

    private void Hop(int layer)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] before = State;
        int width = (int)Math.Min(plan.WidthOf(layer), _bestAds.shape[1]), degree = graph.DegreeOf(layer);
        (Tensor scores, Tensor at) = Open().topk(width, 1);
        Tensor isLive = scores.gt(float.NegativeInfinity);
        Tensor frontier = _bestAds.gather(1, at).masked_fill(isLive.logical_not(), graph.Count);
        Tensor found = graph.Neighbors(frontier, layer);
        int places = Math.Min(plan.PlacesOf(layer), width * degree);
        WalkVisit visit = marks.Visit(found, places, degree);
        Tensor isDone = visit.IsWhole is { } isWhole ? isWhole & isLive : isLive;
        _expanded = _expanded.scatter(1, at, _expanded.gather(1, at) | isDone);
        _hops = _hops + isLive.any(1).to(ScalarType.Int64);
        (Tensor ads, Tensor adsScores) = ScoreWithinBudget(visit, layer > 0);
        Keep(ads, adsScores, plan.EfOf(layer));
        Tensor[] after = State;
        for (int i = 0; i < after.Length; i++)
        {
            if (ReferenceEquals(before[i], after[i]))
                continue;
            after[i].MoveToOuterDisposeScope();
            // Or a walk would hold the state of every hop until its end.
            before[i].Dispose();
        }
        if (layer > 0)
        {
            _upper[^1].Ads.MoveToOuterDisposeScope();
            _upper[^1].Scores.MoveToOuterDisposeScope();
        }
    }

    /// <summary>Scores ads that start a walk: those of them that were not met yet.</summary>
    private (Tensor Ads, Tensor Scores) Meet(Tensor ads)
    {
        WalkVisit visit = marks.Visit(ads, (int)ads.shape[1], 1);
        return ScoreWithinBudget(visit, remember: true);
    }

    /// <summary>
    /// Scores ads; of those that were not scored for the request before, as many as its budget allows, in their order. Others become
    /// padding.
    /// </summary>
    private (Tensor Ads, Tensor Scores) ScoreWithinBudget(WalkVisit visit, bool remember)
    {
        Tensor isAd = visit.Ads.ne(graph.Count) & _stopped.logical_not().unsqueeze(1);
        Tensor isFresh = isAd & visit.WereScored.logical_not();
        Tensor number = isFresh.cumsum(1, ScalarType.Int64);
        Tensor isWithin = isFresh & number.le(_left.unsqueeze(1));
        _fresh = number.select(1, -1);
        Tensor taken = minimum(_fresh, _left);
        _stopped = _stopped | _fresh.gt(_left);
        _left = _left - taken;
        _scorings = _scorings + taken;
        Tensor isScored = isAd & (isWithin | isFresh.logical_not());
        Tensor ads = visit.Ads.masked_fill(isScored.logical_not(), graph.Count);
        Tensor scores = Score(ads);
        Tensor isNan = scores.isnan();
        _nans = _nans + (isNan & isWithin).sum(1, type: ScalarType.Int64);
        scores = scores.masked_fill(isNan | isScored.logical_not(), float.NegativeInfinity);
        if (remember)
            _upper.Add((ads.masked_fill(isWithin.logical_not(), graph.Count), scores));
        return (ads, scores);
    }

    /// <summary>In pieces, where all would take more of the device's memory than a call may.</summary>
    private Tensor Score(Tensor ads)
    {
        long width = ads.shape[1], step = Math.Max(1, mostPlaces / _count);
        _places += _count * width;
        if (width <= step)
            return model.Score(_users, ads);
        var parts = new List<Tensor>();
        for (long start = 0; start < width; start += step)
        {
            using DisposeScope scope = NewDisposeScope();
            parts.Add(model.Score(_users, ads.narrow(1, start, Math.Min(step, width - start))).MoveToOuterDisposeScope());
        }
        return cat(parts, 1);
    }

    /// <summary>Makes W the ef best of itself and of ads just scored.</summary>
    private void Keep(Tensor ads, Tensor scores, int ef)
    {
        Tensor allScores = cat([_bestScores, scores], 1), allAds = cat([_bestAds, ads], 1);
        Tensor allExpanded = cat([_expanded, zeros_like(ads, ScalarType.Bool)], 1);
        (_bestScores, Tensor at) = allScores.topk((int)Math.Min(ef, allScores.shape[1]), 1, sorted: false);
        _bestAds = allAds.gather(1, at).masked_fill(_bestScores.isneginf(), graph.Count);
        _expanded = allExpanded.gather(1, at);
    }

    /// <summary>The best of W and of what was scored above the bottom and not met there.</summary>
    private WalkAnswer Best(int wanted)
    {
        var ads = new List<Tensor> { _bestAds };
        var scores = new List<Tensor> { _bestScores };
        foreach ((Tensor upperAds, Tensor upperScores) in _upper)
        {
            ads.Add(upperAds);
            scores.Add(upperScores.masked_fill(marks.AreNew(upperAds).logical_not(), float.NegativeInfinity));
        }
        Tensor allScores = cat(scores, 1);
        (Tensor best, Tensor at) = allScores.topk((int)Math.Min(wanted, allScores.shape[1]), 1);
        Tensor isOpen = Open().amax(1).gt(float.NegativeInfinity);
        Tensor found = best.gt(Least).sum(1, type: ScalarType.Int64);
        Tensor facts = stack([found, _scorings, _hops, _nans, _stopped.to(ScalarType.Int64), isOpen.to(ScalarType.Int64)], 1);
        return new WalkAnswer(cat(ads, 1).gather(1, at).to(ScalarType.Int32), best, facts, _places);
    }
}

/// <summary>What a batch of walks found, on the device.</summary>
/// <param name="Ads">Best first, [users, wanted], int32.</param>
/// <param name="Scores">Their scores, [users, wanted].</param>
/// <param name="Facts">
/// [users, 6]: found, scorings, hops, scores that were not numbers, whether the budget ended it, whether it could go on.
/// </param>
/// <param name="Places">Ads that were scored for all of them, padding included.</param>
internal sealed record WalkAnswer(Tensor Ads, Tensor Scores, Tensor Facts, long Places);
