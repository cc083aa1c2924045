using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Placement;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Wire.Market;

namespace RecallCluster.Grains.Market;

/// <summary>Live changes of ads in one order.</summary>
[RolePlacement(SiloRoles.Control)]
internal sealed class CatalogueGrain(MachineServices services) : MachineGrain<OrderedCatalogue>(services), ICatalogueGrain
{
    /// <summary>Most edits that readers can be told one by one; whoever is behind these is told the latest of every ad.</summary>
    internal const int MostRemembered = 4_096;

    private readonly News _news = new(services.Time);
    private readonly List<byte[]> _since = [];
    private Guid _life;
    private long _forgotten;

    private long Last => _forgotten + _since.Count;

    public async Task<(Guid Life, long Sequence)> EditAsync(byte[] edit)
    {
        await Host.TellAsync(edit).ConfigureAwait(true);
        return (_life, Last);
    }

    public Task<(Guid Life, long Sequence)> PlaceAsync() => Task.FromResult((_life, Last));

    public async Task<CatalogueDelta?> NextAsync(Guid life, long sequence)
    {
        if (life == _life && sequence >= Last)
            await _news.WaitAsync().ConfigureAwait(true);
        // Another life may have begun meanwhile: what it holds, this reader was never told.
        if (life != _life || sequence < _forgotten)
        {
            return new CatalogueDelta(
                _life, Last, true, [.. Machine.FacetOrder.Select(CatalogueEdits.Write)], [.. Machine.Latest.Select(CatalogueEdits.Write)]);
        }
        return sequence >= Last ? null : new CatalogueDelta(_life, Last, false, [], [.. _since.Skip((int)(sequence - _forgotten))]);
    }

    protected override MachineKind<OrderedCatalogue> Describe() =>
        new(MachineKeys.Of(MachineKeys.Catalogue, this.GetPrimaryKeyLong()), () => new OrderedCatalogue()) { Opened = Watch };

    // A machine that was loaded anew may hold what another activation wrote: readers begin again.
    private void Watch(OrderedCatalogue machine)
    {
        (_life, _forgotten) = (Guid.NewGuid(), 0);
        _since.Clear();
        _news.Tell();
        machine.Changed = edit =>
        {
            if (_since.Count == MostRemembered)
            {
                _since.RemoveRange(0, MostRemembered / 2);
                _forgotten += MostRemembered / 2;
            }
            _since.Add(CatalogueEdits.Write(edit));
            _news.Tell();
        };
    }
}
