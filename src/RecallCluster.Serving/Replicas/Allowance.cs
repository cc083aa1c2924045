namespace RecallCluster.Serving.Replicas;

/// <summary>Allows extra calls in proportion to the regular ones, with a burst: a token bucket that requests fill. Thread-safe.</summary>
/// <param name="rate">Extra calls for each request.</param>
/// <param name="burst">Most extra calls at once.</param>
internal sealed class Allowance(double rate, int burst)
{
    private readonly Lock _lock = new();
    private double _left = burst;

    /// <summary>A regular call was made.</summary>
    public void Earn()
    {
        lock (_lock)
            _left = Math.Min(burst, _left + rate);
    }

    /// <summary>Takes one extra call.</summary>
    /// <returns>Whether there was one.</returns>
    public bool TryTake()
    {
        lock (_lock)
        {
            if (_left < 1)
                return false;
            _left--;
            return true;
        }
    }
}
