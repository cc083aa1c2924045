namespace RecallCluster.Http.Overload;

/// <summary>
/// How many requests are worked on at once: additive increase, multiplicative decrease, as TCP controls congestion (Chiu and Jain, 1989).
/// In each window of requests, one more is allowed when the limit was reached and latency is fine, a tenth fewer when too many were slow.
/// Not thread-safe.
/// </summary>
internal sealed class AdaptiveLimit(OverloadOptions options)
{
    private const int Window = 32;
    private const int MostSlow = Window / 10;
    private const double Decrease = 0.9;
    private double _limit = options.InitialInFlight;
    private int _seen, _slow;
    private bool _wasReached;

    /// <summary>The limit.</summary>
    public int Value => (int)_limit;

    /// <summary>Takes note of a request that ended.</summary>
    /// <param name="latency">What it took, without waiting for its turn.</param>
    /// <param name="isReached">Whether as many were worked on as the limit allows.</param>
    public void Observe(TimeSpan latency, bool isReached)
    {
        _seen++;
        _wasReached |= isReached;
        if (latency > options.LatencyTarget)
            _slow++;
        if (_slow > MostSlow)
            Begin(Math.Max(options.MinInFlight, _limit * Decrease));
        else if (_seen >= Window)
            Begin(_wasReached ? Math.Min(options.MaxInFlight, _limit + 1) : _limit);
    }

    private void Begin(double limit)
    {
        _limit = limit;
        _seen = _slow = 0;
        _wasReached = false;
    }
}
