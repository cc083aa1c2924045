using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Market;
using RecallCluster.Grains.Placement;
using RecallCluster.Serving;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.State;
using RecallCluster.Wire.Experiments;

namespace RecallCluster.Grains.Experiments;

/// <summary>All experiments, told to every silo whenever they change.</summary>
[RolePlacement(SiloRoles.Control)]
internal sealed class ExperimentListGrain(MachineServices services) : MachineGrain<ExperimentList>(services), IExperimentListGrain
{
    private readonly News _news = new(services.Time);
    private Guid _life;

    public async Task<ExperimentReply> TellAsync(byte[] command)
    {
        try
        {
            object? changed = await Host.TellAsync(command).ConfigureAwait(true);
            return new ExperimentReply
            {
                Definition = changed is ExperimentDefinition definition ? ExperimentDefinition.Write([definition]) : null,
                Life = _life,
                Place = Host.Last,
            };
        }
        catch (VersionConflictException e)
        {
            return new ExperimentReply { ConflictingVersion = e.Actual, Refusal = e.Message };
        }
        catch (InvalidRequestException e)
        {
            return new ExperimentReply { RefusedField = e.Field, Refusal = e.Reason };
        }
    }

    public Task<byte[]> ListAsync() => Task.FromResult(ExperimentDefinition.Write(Machine.All));

    public async Task<ExperimentsMessage?> NextAsync(Guid life, long place)
    {
        if (IsKnown(life, place))
            await _news.WaitAsync().ConfigureAwait(true);
        return IsKnown(life, place) ? null : new ExperimentsMessage(_life, Host.Last, ExperimentDefinition.Write(Machine.All));
    }

    protected override MachineKind<ExperimentList> Describe() =>
        new(MachineKeys.Of(MachineKeys.ExperimentList, this.GetPrimaryKeyLong()), () => new ExperimentList())
        {
            FollowersOf = FollowersOf, Opened = Watch,
        };

    /// <summary>Who a command to the list concerns, too.</summary>
    internal static string[] FollowersOf(JournalRecord record) =>
        JournalExperiments.FollowersOf(record.Read(ServingJson.Default.ExperimentCommand));

    private bool IsKnown(Guid life, long place) => life == _life && place >= Host.Last;

    // A machine that was loaded anew may hold what another activation wrote: readers begin again.
    private void Watch(ExperimentList machine)
    {
        _life = Guid.NewGuid();
        machine.Changed = _ => _news.Tell();
        _news.Tell();
    }
}
