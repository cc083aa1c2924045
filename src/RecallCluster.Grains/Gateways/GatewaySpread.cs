namespace RecallCluster.Grains.Gateways;

/// <summary>
/// Spreads a door's requests over all gateways: a client sends what is for one grain over one connection for good, so requests go to many
/// grains in turn, and to others once there are other gateways. Thread-safe.
/// </summary>
public sealed class GatewaySpread
{
    // Many times as many as there are gateways, so that each gets about as much as the others.
    private const int Keys = 256;

    private long _next, _generation;

    /// <summary>There are other gateways than before.</summary>
    public void Change() => Interlocked.Increment(ref _generation);

    /// <summary>Key of the grain that the next request is for.</summary>
    internal long Next() => (Interlocked.Read(ref _generation) * Keys) + (Interlocked.Increment(ref _next) % Keys);
}
