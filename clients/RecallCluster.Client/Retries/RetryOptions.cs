namespace RecallCluster.Client;

/// <summary>
/// When calls are repeated. Retries come out of a budget that successful calls fill, so that a door in trouble is not buried under them.
/// </summary>
public sealed record RetryOptions
{
    /// <summary>Most attempts of one call, the first included; 1 for no retry.</summary>
    public int MaxAttempts { get; init; } = 4;

    /// <summary>Longest wait before the first retry; it doubles with every further one. The wait itself is random (full jitter).</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(25);

    /// <summary>Longest wait before a retry.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Retries for each call: 0.1 lets a tenth of the traffic be retries in the long run.</summary>
    public double BudgetPerCall { get; init; } = 0.1;

    /// <summary>Retries that can be saved up, and that a new client begins with.</summary>
    public double BudgetCapacity { get; init; } = 50;
}
