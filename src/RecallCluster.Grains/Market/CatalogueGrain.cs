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
    /// <summary>Edits that readers can be told one by one; whoever is behind these is told the latest of every ad.</summary>
    internal const int MostRemembered = 4_096;

    private readonly News _news = new(services.Time);
    private readonly List<byte[]> _since = [];
    private Guid _life;

    public async Task<(Guid Life, long Sequence)> EditAsync(byte[] edit)
    {
        await Host.TellAsync(edit).ConfigureAwait(true);
        return (_life, _since.Count);
    }

    public Task<(Guid Life, long Sequence)> PlaceAsync() => Task.FromResult((_life, (long)_since.Count));

    public async Task<CatalogueDelta?> NextAsync(Guid life, long sequence)
    {
        if (life == _life && sequence >= _since.Count)
            await _news.WaitAsync().ConfigureAwait(true);
        // Another life may have begun meanwhile: what it holds, this reader was never told.
        bool isWhole = life != _life;
        if (!isWhole && sequence >= _since.Count)
            return null;
        IEnumerable<byte[]> edits = isWhole ? Machine.Latest.Select(CatalogueEdits.Write) : _since.Skip((int)sequence);
        return new CatalogueDelta(_life, _since.Count, isWhole, [.. Machine.FacetOrder.Select(CatalogueEdits.Write)], [.. edits]);
    }

    protected override MachineKind<OrderedCatalogue> Describe() =>
        new(MachineKeys.Of(MachineKeys.Catalogue, this.GetPrimaryKeyLong()), () => new OrderedCatalogue()) { Opened = Watch };

    // A machine that was loaded anew may hold what another activation wrote: readers begin again.
    private void Watch(OrderedCatalogue machine)
    {
        BeginLife();
        machine.Changed = edit =>
        {
            if (_since.Count == MostRemembered)
            {
                BeginLife();
                return;
            }
            _since.Add(CatalogueEdits.Write(edit));
            _news.Tell();
        };
    }

    private void BeginLife()
    {
        _life = Guid.NewGuid();
        _since.Clear();
        _news.Tell();
    }
}
