namespace RecallCluster.Serving.Replicas;

/// <summary>How a <see cref="ReplicatedShard"/> treats its replicas.</summary>
public sealed record ReplicationOptions
{
    /// <summary>The quantile of answers after which a second replica is asked too.</summary>
    public double HedgeQuantile { get; init; } = 0.95;

    /// <summary>When to ask a second replica while too few answers are known for a quantile.</summary>
    public TimeSpan FirstHedgeDelay { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Never ask a second replica earlier than this.</summary>
    public TimeSpan LeastHedgeDelay { get; init; } = TimeSpan.FromMilliseconds(1);

    /// <summary>Hedges for each request, in the long run: the extra load that slow answers may cause.</summary>
    public double HedgeRate { get; init; } = 0.1;

    /// <summary>Retries after a failure for each request, in the long run: failing replicas must not multiply the load.</summary>
    public double RetryRate { get; init; } = 0.2;

    /// <summary>Hedges, and retries, that may come at once after a quiet time.</summary>
    public int Burst { get; init; } = 32;

    /// <summary>
    /// How long a replica must do nothing but fail, from its first failure to its last, before it is asked no more, even where no other is
    /// left. Where none is healthy, one that answered within this time is preferred.
    /// </summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a replica that failed is left alone before it is tried with one request; doubles with each further
    /// failure.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest such pause.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a replica that came back takes to get its full part of the requests: its caches are cold.</summary>
    public TimeSpan SlowStart { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a trial of a replica may take where the request has no limit of its own.</summary>
    public TimeSpan TrialLimit { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Checks that every option has a meaning.</summary>
    /// <exception cref="ArgumentException">One has not; the message names it.</exception>
    public void Validate()
    {
        if (!(HedgeQuantile > 0 && HedgeQuantile < 1))
            throw new ArgumentException($"HedgeQuantile is {HedgeQuantile}: want a number between 0 and 1.");
        if (!(HedgeRate >= 0 && RetryRate >= 0) || Burst < 1)
            throw new ArgumentException($"HedgeRate is {HedgeRate}, RetryRate {RetryRate}, Burst {Burst}: want at least 0, 0 and 1.");
        foreach (TimeSpan time in new[] { FirstHedgeDelay, LeastHedgeDelay, Silence, FirstPause, LongestPause, SlowStart, TrialLimit })
        {
            if (time <= TimeSpan.Zero || time > TimeSpan.FromHours(1))
                throw new ArgumentException($"A time is {time}: want more than none and at most an hour.");
        }
    }
}
