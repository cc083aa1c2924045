using RecallCluster.Grains.Hosting;
using StackExchange.Redis;

namespace RecallCluster.Silo.Health;

/// <summary>Whether the silo is a member.</summary>
internal sealed class MembershipPart(ISiloStatusOracle members) : ISiloPart
{
    public string Name => "membership";

    public ValueTask<string?> MissingAsync(CancellationToken cancellation) => ValueTask.FromResult(
        members.CurrentStatus == SiloStatus.Active ? null : $"the silo is {members.CurrentStatus.ToString().ToLowerInvariant()}");
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
