using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Placement;
using RecallCluster.Serving.Experiments;

namespace RecallCluster.Grains.Experiments;

/// <summary>What is counted of one experiment.</summary>
[RolePlacement(SiloRoles.Control)]
internal sealed class ExperimentGrain(MachineServices services) : MachineGrain<Experiment>(services), IExperimentGrain
{
    public async Task<bool> ReportAsync(byte[] exposures) => await Host.TellAsync(exposures).ConfigureAwait(true) is true;

    public Task<byte[]> CountsAsync() => Task.FromResult(Machine.Snapshot());

    protected override MachineKind<Experiment> Describe()
    {
        string key = MachineKeys.Of(MachineKeys.Experiments, this.GetPrimaryKeyString());
        return new MachineKind<Experiment>(key, () => new Experiment(key));
    }
}
