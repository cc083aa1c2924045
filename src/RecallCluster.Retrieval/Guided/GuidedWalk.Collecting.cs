using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.Guided;

/// <summary>The other half of the walk: what is returned, and the scoring of eligible ads without a walk.</summary>
internal unsafe ref partial struct GuidedWalk<TGraph, TVisited>
    where TGraph : struct, IGraphView
    where TVisited : struct, IVisitedSet
{
    private const int ScanBatch = 4096;

    /// <summary>Whether what is returned is collected beside W, from everything scored.</summary>
    private readonly bool CollectsApart => !_eligible.All || _ranking is not null;

    /// <summary>Offers the eligible ads of a batch to the collection.</summary>
    private void Collect(int* ordinals, float* scores, int count)
    {
        if (_ranking is not null)
        {
            CollectRanked(ordinals, scores, count);
            return;
        }
        _scratch.EligibleOrdinals.Reserve(count + 1);
        _scratch.EligibleScores.Reserve(count + 1);
        int* eligibleOrdinals = _scratch.EligibleOrdinals.Pointer;
        float* eligibleScores = _scratch.EligibleScores.Pointer;
        int eligible = 0;
        for (int i = 0; i < count; i++)
        {
            eligibleOrdinals[eligible] = ordinals[i];
            eligibleScores[eligible] = scores[i];
            eligible += _eligible.Contains(ordinals[i]) ? 1 : 0;
        }
        _scratch.Collector.Add(_scratch.EligibleOrdinals.Span(eligible), _scratch.EligibleScores.Span(eligible));
    }

    /// <summary>
    /// The same by value. The collection holds places in the list of eligible ads, so that the scores of those that stay are at hand in the
    /// end without a search for them.
    /// </summary>
    private void CollectRanked(int* ordinals, float* scores, int count)
    {
        int first = _ranked;
        _scratch.EligibleOrdinals.Reserve(first + count + 1, first);
        _scratch.EligibleScores.Reserve(first + count + 1, first);
        int* eligibleOrdinals = _scratch.EligibleOrdinals.Pointer + first;
        float* eligibleScores = _scratch.EligibleScores.Pointer + first;
        int eligible = 0;
        for (int i = 0; i < count; i++)
        {
            eligibleOrdinals[eligible] = ordinals[i];
            eligibleScores[eligible] = scores[i];
            eligible += _eligible.Contains(ordinals[i]) ? 1 : 0;
        }
        _ranked += eligible;
        // Whether an ad stays under its group's bound is known in the end only: until then all of them are kept.
        int held = _isGrouped ? _held : 0;
        _scratch.Values.Reserve(eligible);
        _scratch.ValueKeys.Reserve(held + eligible + TopKKey.Slack, held);
        _ranking!.Rank(
            new ReadOnlySpan<int>(eligibleOrdinals, eligible), new ReadOnlySpan<float>(eligibleScores, eligible),
            _scratch.Values.Span(eligible));
        int keys = TopKKey.AppendConsecutiveAbove(
            first, _scratch.Values.Pointer, eligible, TopKKey.None, _scratch.ValueKeys.Pointer + held, out _);
        if (_isGrouped)
            _held += keys;
        else
            _scratch.Collector.AddKeys(_scratch.ValueKeys.Span(keys));
    }

    /// <summary>
    /// Number of ads collected, up to the number wanted. Those that a full group will keep out count too: whether more are met does not
    /// depend on the bound.
    /// </summary>
    private readonly int Collected => _isGrouped ? Math.Min(_held, _wanted) : _scratch.Collector.Count;

    /// <summary>Hands the best ads of which no group has too many to the collection.</summary>
    private readonly void CollectGrouped()
    {
        if (_scratch.GroupCounts.Length < _ranking!.GroupCount)
            _scratch.GroupCounts = new int[_ranking.GroupCount];
        int kept = GroupedBest.Select(
            _scratch.ValueKeys.Pointer, _held, _wanted, _ranking, _scratch.EligibleOrdinals.Pointer, ref _scratch.Selection,
            _scratch.GroupCounts);
        _scratch.Collector.AddKeys(_scratch.ValueKeys.Span(kept));
    }

    /// <summary>Where every ad is eligible: collects the bottom layer's W, and the ads of upper layers that were not met again.</summary>
    private readonly void CollectBest(bool reachedBottom)
    {
        if (!reachedBottom)
        {
            _scratch.Collector.AddKeys(_scratch.Cache.Keys);
            return;
        }
        _scratch.Collector.AddKeys(_scratch.Best.Span(_best));
        foreach (ulong key in _scratch.Cache.Keys)
        {
            if (!_visited.Contains(TopKKey.Ordinal(key)))
                _scratch.Collector.AddKeys(new ReadOnlySpan<ulong>(in key));
        }
    }

    /// <summary>Scores every eligible ad instead of walking.</summary>
    private void Scan()
    {
        _statistics.StopReason = StopReason.ScannedEligible;
        _visited.Begin(_graph.Count);
        ScanUnscored(int.MaxValue);
    }

    /// <summary>
    /// Fills a result that the walk left short, as when parts of the graph cannot be reached, with eligible ads not yet scored.
    /// </summary>
    private void Fill() => ScanUnscored(_wanted);

    /// <summary>Scores eligible ads that were not scored yet, in ordinal order, until <paramref name="enough"/> are collected.</summary>
    private void ScanUnscored(int enough)
    {
        int found = 0;
        _scratch.Found.Reserve(ScanBatch + 64);
        for (int word = 0; word < _eligible.WordCount && !_stopped && Collected < enough; word++)
        {
            for (ulong bits = _eligible.Word(word); bits != 0; bits &= bits - 1)
            {
                int ordinal = (word << 6) + System.Numerics.BitOperations.TrailingZeroCount(bits);
                if (!_visited.Contains(ordinal) && _scratch.Cache.Lookup(ordinal) == 0)
                    _scratch.Found.Pointer[found++] = ordinal;
            }
            bool last = word == _eligible.WordCount - 1;
            if (last || found >= Math.Min(ScanBatch, enough - Collected))
            {
                ScanFound(found);
                found = 0;
            }
        }
    }

    private void ScanFound(int found)
    {
        int scored = ScoreFound(found, layer: 0);
        _statistics.ScannedScorings += scored;
        ReadOnlySpan<float> scores = _scratch.FoundScores.Span(scored);
        int nan = CollectsApart ? CountNan(scores) : _scratch.Collector.Add(_scratch.Found.Span(scored), scores);
        if (nan > 0)
            NoteNan(scored, nan);
    }

    private static int CountNan(ReadOnlySpan<float> scores)
    {
        int nan = 0;
        foreach (float score in scores)
            nan += float.IsNaN(score) ? 1 : 0;
        return nan;
    }
}
