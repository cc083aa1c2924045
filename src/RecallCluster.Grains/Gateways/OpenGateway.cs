using RecallCluster.Grains.Hosting;

namespace RecallCluster.Grains.Gateways;

/// <summary>This silo's gateway, once it is open, for those on the silo who answer with it. Thread-safe.</summary>
public sealed class OpenGateway
{
    private volatile GatewayServices? _services;

    /// <summary>The gateway; null while there is none. Whoever opened it sets it, and takes it back before it is closed.</summary>
    public GatewayServices? Services
    {
        get => _services;
        set => _services = value;
    }
}
