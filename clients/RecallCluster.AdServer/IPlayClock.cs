namespace RecallCluster.AdServer;

/// <summary>The business time that a day is played in.</summary>
public interface IPlayClock
{
    /// <summary>
    /// Whether actions run one after the other, each when the one before is through, so that a day plays alike every time.
    /// </summary>
    bool IsSequential { get; }

    /// <summary>Waits until a moment of business time; returns at once when it is past.</summary>
    Task WaitUntilAsync(DateTimeOffset due, CancellationToken cancellation);
}

/// <summary>Business time that passes by itself, faster than real time.</summary>
/// <param name="Real">Real time.</param>
/// <param name="RealOrigin">A moment of real time ...</param>
/// <param name="BusinessOrigin">... the business time of that moment ...</param>
/// <param name="Speed">... and the business seconds that pass in a real one, above 0.</param>
public sealed record RunningClock(TimeProvider Real, DateTimeOffset RealOrigin, DateTimeOffset BusinessOrigin, double Speed) : IPlayClock
{
    /// <inheritdoc/>
    public bool IsSequential => false;

    /// <summary>The business time of now.</summary>
    public DateTimeOffset Now => BusinessOrigin + ((Real.GetUtcNow() - RealOrigin) * Speed);

    /// <inheritdoc/>
    public async Task WaitUntilAsync(DateTimeOffset due, CancellationToken cancellation)
    {
        TimeSpan wait = RealOrigin + ((due - BusinessOrigin) / Speed) - Real.GetUtcNow();
        if (wait > TimeSpan.Zero)
            await Task.Delay(wait, Real, cancellation).ConfigureAwait(false);
    }
}
