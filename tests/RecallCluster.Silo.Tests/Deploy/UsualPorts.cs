using Microsoft.Extensions.Configuration;
using RecallCluster.Silo.Configuration;

namespace RecallCluster.Silo.Tests.Deploy;

/// <summary>The ports that a silo takes unless it is told others.</summary>
internal sealed class UsualPorts
{
    private readonly SiloSettings _settings = SettingsReader.Read(new ConfigurationBuilder().Build());

    public int SiloPort => _settings.SiloPort;

    public int GatewayPort => _settings.GatewayPort;

    public int DoorPort => new Uri(_settings.DoorUrl).Port;

    public int HealthPort => new Uri(_settings.HealthUrl).Port;
}
