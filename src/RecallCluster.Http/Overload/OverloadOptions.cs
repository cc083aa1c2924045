namespace RecallCluster.Http.Overload;

/// <summary>When work is turned away. Routes that cost next to nothing (health, metrics, tracking) are never.</summary>
public sealed record OverloadOptions
{
    /// <summary>
    /// The latency that admitted work should keep. Where more than a tenth of it takes longer, fewer requests are worked on at once.
    /// Lower: quicker answers, more turned away.
    /// </summary>
    public TimeSpan LatencyTarget { get; init; } = TimeSpan.FromMilliseconds(25);

    /// <summary>Requests worked on at once, to begin with.</summary>
    public int InitialInFlight { get; init; } = 4 * Environment.ProcessorCount;

    /// <summary>Never fewer than this are worked on at once.</summary>
    public int MinInFlight { get; init; } = 2;

    /// <summary>
    /// Never more than this are. Where all work is done by this machine's processors, as many as there are processors is best: further ones
    /// would only slow each other down, most of all under overload. Where requests wait for other machines it takes many.
    /// </summary>
    public int MaxInFlight { get; init; } = 512;

    /// <summary>Requests that may wait for their turn. Longer: bursts are smoothed; shorter: those turned away learn it at once.</summary>
    public int QueueLength { get; init; } = 64;

    /// <summary>
    /// Longest wait for a turn; where requests take longer than this, as long as they take on average. Who would probably wait longer is
    /// turned away at once. Under overload it is shorter by the share that is turned away, so that who is let in is answered soon. Zero:
    /// nobody waits.
    /// </summary>
    public TimeSpan QueueTime { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>When a client that was turned away should come back.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(1);

    internal void Check()
    {
        if (MinInFlight < 1 || InitialInFlight < MinInFlight || MaxInFlight < InitialInFlight)
            throw new ArgumentException($"1 <= {nameof(MinInFlight)} <= {nameof(InitialInFlight)} <= {nameof(MaxInFlight)} is wanted.");
        if (LatencyTarget <= TimeSpan.Zero || QueueLength < 0 || QueueTime < TimeSpan.Zero)
            throw new ArgumentException(
                $"{nameof(LatencyTarget)} is above 0; {nameof(QueueLength)} and {nameof(QueueTime)} are not below it.");
    }
}
