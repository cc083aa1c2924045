namespace RecallCluster.Serving;

/// <summary>
/// The searches of one request on shards of this process: every lane takes the next shard until none is left. A helping lane that comes
/// when all are taken finds nothing to do, so nobody waits for a thread that is not there yet.
/// </summary>
/// <param name="count">Number of shards; positive.</param>
/// <param name="search">Searches the shard at a place, given the share of the time left that it may take; does not throw.</param>
internal sealed class LocalSearches(int count, Func<int, double, Outcome> search)
{
    private readonly Outcome?[] _outcomes = new Outcome?[count];
    private readonly TaskCompletionSource _ended = new();
    private int _taken, _done, _lanes;

    /// <summary>Searches all shards; the caller's thread is one of the lanes.</summary>
    /// <returns>Ends when the last search does; it never fails.</returns>
    public Task Run(SearchLanes pool)
    {
        _lanes = pool.Enter(count);
        for (int lane = 1; lane < _lanes; lane++)
            ThreadPool.QueueUserWorkItem(static searches => searches.Work(), this, preferLocal: false);
        Work();
        pool.Leave(_lanes);
        return _ended.Task;
    }

    /// <summary>What became of the shard at a place; null while it is searched.</summary>
    public Outcome? OutcomeOf(int place) => Volatile.Read(ref _outcomes[place]);

    private void Work()
    {
        for (int place = Take(); place < count; place = Take())
        {
            // Those that wait behind this one on its lane need time too.
            int turns = (count - place + _lanes - 1) / _lanes;
            Volatile.Write(ref _outcomes[place], search(place, 1.0 / turns));
            if (Interlocked.Increment(ref _done) == count)
                _ended.SetResult();
        }
    }

    private int Take() => Interlocked.Increment(ref _taken) - 1;
}
