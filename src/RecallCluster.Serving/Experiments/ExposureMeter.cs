namespace RecallCluster.Serving.Experiments;

/// <summary>
/// What this process answered under an experiment's arms and has not reported yet. Thread-safe: a request costs some atomic additions, to
/// counters that it shares with few others.
/// </summary>
internal sealed class ExposureMeter(int arms)
{
    private readonly long[] _requests = new long[arms * UserSplit.Blocks];
    private readonly long[] _answered = new long[arms * UserSplit.Blocks];
    private readonly long[] _ads = new long[arms * UserSplit.Blocks];

    /// <summary>A request was answered.</summary>
    /// <param name="arm">The arm.</param>
    /// <param name="block">The user's block.</param>
    /// <param name="ads">Ads that it was answered with.</param>
    public void Count(int arm, int block, int ads)
    {
        int place = (arm * UserSplit.Blocks) + block;
        Interlocked.Increment(ref _requests[place]);
        if (ads == 0)
            return;
        Interlocked.Increment(ref _answered[place]);
        Interlocked.Add(ref _ads[place], ads);
    }

    /// <summary>Whether nothing was there when it was last asked for.</summary>
    public bool WasEmpty { get; private set; }

    /// <summary>Hands over what was counted since the last call; null for nothing. One caller at a time.</summary>
    public ArmExposures[]? Take()
    {
        WasEmpty = IsEmpty(_requests) && IsEmpty(_answered) && IsEmpty(_ads);
        if (WasEmpty)
            return null;
        var taken = new ArmExposures[arms];
        for (int arm = 0; arm < arms; arm++)
        {
            // Those of a request that is just being counted may go with the next report.
            taken[arm] = new ArmExposures(Take(_requests, arm), Take(_answered, arm), Take(_ads, arm));
        }
        return taken;
    }

    private static bool IsEmpty(long[] counts) => !counts.AsSpan().ContainsAnyExcept(0);

    private static long[] Take(long[] counts, int arm)
    {
        var taken = new long[UserSplit.Blocks];
        for (int block = 0; block < taken.Length; block++)
            taken[block] = Interlocked.Exchange(ref counts[(arm * UserSplit.Blocks) + block], 0);
        return taken;
    }
}
