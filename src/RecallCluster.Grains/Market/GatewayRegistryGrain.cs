using System.Text;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Placement;

namespace RecallCluster.Grains.Market;

/// <summary>Numbers the gateways and counts their lives.</summary>
[RolePlacement(SiloRoles.Control)]
internal sealed class GatewayRegistryGrain(MachineServices services) : MachineGrain<NameList>(services), IGatewayRegistryGrain
{
    public async Task<GatewayIdentity> BeginAsync(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var taken = (NameTaken)(await Host.TellAsync(Encoding.UTF8.GetBytes(name)).ConfigureAwait(true))!;
        // Gateway 0 is whoever has no name in the embedded edition.
        return new GatewayIdentity(taken.Number + 1, taken.Times);
    }

    protected override MachineKind<NameList> Describe()
    {
        string key = MachineKeys.Of(MachineKeys.Registry, this.GetPrimaryKeyLong());
        return new MachineKind<NameList>(key, () => new NameList(key));
    }
}
