namespace RecallCluster.Serving;

/// <summary>
/// How many threads the shards of one request are searched by. While processors are idle they are searched side by side, which makes the
/// answer quicker; when all are busy with other requests, one after the other on the caller's thread: handing parts over would
/// only add to the work, and let younger requests overtake older ones. Thread-safe, without locks.
/// </summary>
/// <param name="processors">Processors that may search; positive.</param>
internal sealed class SearchLanes(int processors)
{
    private int _taken;

    /// <summary>Takes lanes for a request; <see cref="Leave"/> must follow.</summary>
    /// <param name="shards">Most that are of use; positive.</param>
    /// <returns>The number of lanes, at least one: the caller's own.</returns>
    public int Enter(int shards)
    {
        while (true)
        {
            int taken = Volatile.Read(ref _taken), lanes = Math.Clamp(processors - taken, 1, shards);
            if (Interlocked.CompareExchange(ref _taken, taken + lanes, taken) == taken)
                return lanes;
        }
    }

    /// <summary>Gives lanes back.</summary>
    public void Leave(int lanes) => Interlocked.Add(ref _taken, -lanes);
}
