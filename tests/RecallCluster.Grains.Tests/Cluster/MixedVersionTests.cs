using Microsoft.Extensions.DependencyInjection;
using Orleans.Metadata;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.TestingHost;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Placement;
using RecallCluster.Wire.Users;

namespace RecallCluster.Grains.Tests.Cluster;

/// <summary>Two silos, the second of which has a newer version of the users' interface, as while a cluster is upgraded.</summary>
public sealed class MixedVersionTests
{
    private const int Older = 0, Newer = 1;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2), Look = TimeSpan.FromMilliseconds(20);

    [Fact]
    public async Task A_newer_caller_has_a_grain_go_on_where_it_is_understood_and_older_callers_follow_it()
    {
        await using InProcessTestCluster cluster = await StartAsync();
        IUserGrain asOlder = UserOf(cluster, Older, "u"), asNewer = UserOf(cluster, Newer, "u");
        await asOlder.SetConsentAsync(false);
        await Placing.OnAsync(cluster, asOlder, Older);

        UserMessage? newer = await asNewer.FindAsync();

        Assert.False(newer!.Consent);
        Assert.Equal(cluster.Silos[Newer].SiloAddress, await HomeAsync(cluster, asOlder));
        UserMessage? older = await asOlder.FindAsync();
        Assert.False(older!.Consent);
        Assert.Equal(cluster.Silos[Newer].SiloAddress, await HomeAsync(cluster, asOlder));
    }

    [Fact]
    public async Task Grains_that_newer_callers_begin_live_on_newer_silos_and_those_that_older_ones_begin_on_all()
    {
        await using InProcessTestCluster cluster = await StartAsync();
        IUserGrain[] begunByNewer = [.. Enumerable.Range(0, 8).Select(i => UserOf(cluster, Newer, $"n{i}"))];
        IUserGrain[] begunByOlder = [.. Enumerable.Range(0, 64).Select(i => UserOf(cluster, Older, $"o{i}"))];

        await Task.WhenAll(begunByNewer.Concat(begunByOlder).Select(user => user.FindAsync()));

        foreach (IUserGrain user in begunByNewer)
            Assert.Equal(cluster.Silos[Newer].SiloAddress, await HomeAsync(cluster, user));
        SiloAddress?[] homes = await Task.WhenAll(begunByOlder.Select(user => HomeAsync(cluster, user)));
        // That all of so many were drawn to one of two silos is as good as impossible.
        Assert.Equal(2, homes.Distinct().Count());
    }

    [Fact]
    public async Task A_silo_knows_which_others_are_of_an_older_version()
    {
        await using InProcessTestCluster cluster = await StartAsync();
        IClusterManifestProvider older = ManifestsOf(cluster, Older), newer = ManifestsOf(cluster, Newer);
        SiloAddress[] all = [.. cluster.Silos.Select(silo => silo.SiloAddress)];
        using var patience = new CancellationTokenSource(Patience);
        while (!all.All(silo => older.Current.Silos.ContainsKey(silo) && newer.Current.Silos.ContainsKey(silo)))
            await Task.Delay(Look, patience.Token);

        Assert.Equal([true, false], all.Select(newer.IsOlder));
        Assert.Equal([false, false], all.Select(older.IsOlder));
    }

    private static IClusterManifestProvider ManifestsOf(InProcessTestCluster cluster, int silo) =>
        cluster.GetSiloServiceProvider(cluster.Silos[silo].SiloAddress).GetRequiredService<IClusterManifestProvider>();

    private static IUserGrain UserOf(InProcessTestCluster cluster, int silo, string id) =>
        cluster.GetSiloServiceProvider(cluster.Silos[silo].SiloAddress).GetRequiredService<IGrainFactory>().GetGrain<IUserGrain>(id);

    private static async Task<SiloAddress?> HomeAsync(InProcessTestCluster cluster, IUserGrain user) =>
        await cluster.Client.GetGrain<IManagementGrain>(0).GetActivationAddress(user);

    private static async Task<InProcessTestCluster> StartAsync()
    {
        var store = new MemoryMachineStore();
        var builder = new InProcessTestClusterBuilder(2);
        builder.ConfigureSilo((options, silo) =>
        {
            var node = new SiloNode
            {
                Name = options.SiloName, Cluster = "test", Roles = new HashSet<string> { SiloRoles.Control }, ShardMemory = 0,
            };
            silo.UseSiloMetadata(SiloRoles.MetadataOf(node));
            silo.UseInMemoryReminderService();
            silo.Services.AddSingleton<IMachineStore>(store);
            if (options.SiloName == "Silo_1")
                silo.Services.AddSingleton<IGrainInterfacePropertiesProvider, NewerUsers>();
            silo.Services.AddRecallGrains(node);
        });
        builder.ConfigureClient(client => client.Services.AddRecallContracts());
        InProcessTestCluster cluster = builder.Build();
        await cluster.DeployAsync();
        await SilosKnown.UntilAsync(cluster);
        return cluster;
    }

    /// <summary>Says of the users' interface what its attribute would say in a later program.</summary>
    private sealed class NewerUsers : IGrainInterfacePropertiesProvider
    {
        public void Populate(Type interfaceType, GrainInterfaceType grainInterfaceType, Dictionary<string, string> properties)
        {
            if (interfaceType == typeof(IUserGrain))
                properties[WellKnownGrainInterfaceProperties.Version] = "2";
        }
    }
}
