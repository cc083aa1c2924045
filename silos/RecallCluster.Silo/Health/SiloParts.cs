using RecallCluster.Grains.Hosting;
using StackExchange.Redis;

namespace RecallCluster.Silo.Health;

/// <summary>Whether the process belongs to the cluster.</summary>
internal sealed class MembershipPart(IMembership membership) : ISiloPart
{
    public string Name => "membership";

    public async ValueTask<string?> MissingAsync(CancellationToken cancellation) =>
        (await membership.ReadAsync(cancellation).ConfigureAwait(false)).Missing;
}

/// <summary>Whether Redis answers.</summary>
internal sealed class StorePart(IConnectionMultiplexer redis) : ISiloPart
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    public string Name => "store";

    public async ValueTask<string?> MissingAsync(CancellationToken cancellation)
    {
        try
        {
            await redis.GetDatabase().PingAsync().WaitAsync(Patience, cancellation).ConfigureAwait(false);
            return null;
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            return $"Redis does not answer: {e.Message}";
        }
    }
}

/// <summary>Whether the silo still takes requests.</summary>
internal sealed class DrainPart : ISiloPart
{
    private volatile bool _isDraining;

    public string Name => "drain";

    /// <summary>From now on it takes none.</summary>
    public void Begin() => _isDraining = true;

    public ValueTask<string?> MissingAsync(CancellationToken cancellation) =>
        ValueTask.FromResult(_isDraining ? "the silo is stopping" : null);
}
