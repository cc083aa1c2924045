using MessagePack;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Market;
using RecallCluster.Grains.Tests.Cluster;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Tests.Market;
using RecallCluster.Wire;
using RecallCluster.Wire.Market;
using RecallCluster.Wire.State;

namespace RecallCluster.Grains.Tests.Market;

public sealed class CatalogueGrainTests
{
    [Fact]
    public async Task A_reader_that_waits_while_the_edits_are_read_again_is_told_all_of_them()
    {
        await using OrleansLoop host = await OrleansLoop.StartAsync(LoopWorld.Simple((1, 0.5, 1)));
        ICatalogueGrain catalogue = host.Grains.GetGrain<ICatalogueGrain>(0);
        (Guid life, long sequence) = await catalogue.PlaceAsync();
        Task<CatalogueDelta?> next = catalogue.NextAsync(life, sequence);
        // In the log, and nobody was told: written by an activation that is gone, or by an append whose answer was lost.
        var foreign = new MachineRecord { Writer = Guid.NewGuid(), Number = 1, Payload = Removal("ad8") };
        await host.Store.AppendAsync("catalogue/0", 0, [MessagePackSerializer.Serialize(foreign, WireFormat.Options)], default);

        await catalogue.EditAsync(Removal("ad9"));

        CatalogueDelta? told = await next;
        // Loaded anew before the second edit: one answer, or this one, holds both.
        (Guid of, long place) = (told?.Life ?? life, told?.Sequence ?? sequence);
        Assert.True(told is null || told.IsWhole);
        Assert.Equal(["ad8", "ad9"], (await AllAsync(catalogue, told, of, place)).Order());
    }

    [Fact]
    public async Task After_thousands_of_edits_readers_are_told_the_latest_of_each_ad()
    {
        await using OrleansLoop host = await OrleansLoop.StartAsync(LoopWorld.Simple((1, 0.5, 1)));
        ICatalogueGrain catalogue = host.Grains.GetGrain<ICatalogueGrain>(0);
        (Guid life, long sequence) = await catalogue.PlaceAsync();
        for (int edit = 0; edit <= CatalogueGrain.MostRemembered; edit += 512)
            await Task.WhenAll(Enumerable.Range(edit, 512).Select(number => catalogue.EditAsync(Removal($"ad{number % 3}"))));

        CatalogueDelta? told = await catalogue.NextAsync(life, sequence), last = await catalogue.NextAsync(life, told!.Sequence - 1);

        Assert.True(told.IsWhole);
        Assert.Equal(["ad0", "ad1", "ad2"], told.Edits.Select(AdOf).Order());
        // Who was nearly there is told no more than is new.
        Assert.Equal((life, false, told.Sequence), (last!.Life, last.IsWhole, last.Sequence));
        Assert.Single(last.Edits);
    }

    [Fact]
    public async Task Who_reads_all_of_it_again_never_sees_a_removed_ad_live()
    {
        await using OrleansLoop host = await OrleansLoop.StartAsync(LoopWorld.Simple((1, 0.5, 1)));
        ICatalogueGrain catalogue = host.Grains.GetGrain<ICatalogueGrain>(0);
        await host.Catalogue.PutAsync(LoopWorld.Ad("new", 1) with { Categories = ["IAB7"] }, default);
        await host.Catalogue.RemoveAsync("new", default);

        CatalogueDelta? told = await catalogue.NextAsync(Guid.NewGuid(), 0);

        // It numbers its facet, and what becomes of it is its removal.
        Assert.Equal(["new"], told!.Facets.Select(AdOf));
        CatalogueEdit only = GrainsJson.Read(Assert.Single(told.Edits), CatalogueJson.Default.CatalogueEdit, "edit");
        Assert.Equal(("new", null), (only.Id, only.Ad));
    }

    private static async Task<List<string>> AllAsync(ICatalogueGrain catalogue, CatalogueDelta? told, Guid life, long sequence)
    {
        List<string> ads = [.. (told?.Edits ?? []).Select(AdOf)];
        while (ads.Count < 2)
        {
            CatalogueDelta? next = await catalogue.NextAsync(life, sequence);
            if (next is null)
                continue;
            ads.AddRange(next.Edits.Select(AdOf));
            (life, sequence) = (next.Life, next.Sequence);
        }
        return ads;
    }

    private static byte[] Removal(string ad) => CatalogueEdits.Write(new CatalogueEdit(ad, null));

    private static string AdOf(byte[] edit) => GrainsJson.Read(edit, CatalogueJson.Default.CatalogueEdit, "edit").Id;
}
