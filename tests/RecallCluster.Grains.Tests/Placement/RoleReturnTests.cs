using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.TestingHost;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Market;
using RecallCluster.Serving.Tests.Market;
using RecallCluster.Wire.Campaigns;
using RecallCluster.Wire.Users;

namespace RecallCluster.Grains.Tests.Placement;

public sealed class RoleReturnTests
{
    private const string WithoutControl = "Silo_0";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2), Look = TimeSpan.FromMilliseconds(20);

    [Fact]
    public async Task Control_grains_that_live_elsewhere_move_when_a_control_silo_joins_and_nobody_who_calls_them_notices()
    {
        await using InProcessTestCluster cluster = await StartAsync();
        IGrainFactory grains = cluster.Client;
        ICampaignGrain campaign = grains.GetGrain<ICampaignGrain>(1);
        IUserGrain user = grains.GetGrain<IUserGrain>("u");
        IBidBookGrain book = grains.GetGrain<IBidBookGrain>(0);
        ICalibrationCountsGrain counts = grains.GetGrain<ICalibrationCountsGrain>("7");
        ICalibratorGrain calibrator = grains.GetGrain<ICalibratorGrain>(CalibratorHeads.Click);
        IIndexGrain index = grains.GetGrain<IIndexGrain>("none");
        CampaignReply made = await campaign.PutAsync(
            JsonSerializer.SerializeToUtf8Bytes(LoopWorld.Campaign(1, 0.5), GrainsJson.Default.CampaignSettings), null);
        await user.SetConsentAsync(false);
        await counts.CopyAsync();
        await calibrator.CurrentAsync();
        await index.StateAsync();
        IAddressable[] all = [campaign, user, book, counts, calibrator, index];
        SiloAddress before = cluster.Silos[0].SiloAddress;
        Assert.All(await HomesAsync(cluster, all), home => Assert.Equal(before, home));

        InProcessSiloHandle control = await cluster.StartAdditionalSiloAsync();
        using var patience = new CancellationTokenSource(Patience);
        while ((await HomesAsync(cluster, all)).Any(home => !control.SiloAddress.Equals(home)))
        {
            Assert.NotNull(await campaign.ViewAsync());
            await Task.Delay(Look, patience.Token);
        }

        Assert.Equal(made.View, await campaign.ViewAsync());
        long[] enrolled = await book.CampaignsAsync();
        Assert.Equal([1], enrolled);
        UserMessage? known = await user.FindAsync();
        Assert.False(known!.Consent);
    }

    private static Task<SiloAddress?[]> HomesAsync(InProcessTestCluster cluster, IAddressable[] grains)
    {
        IManagementGrain management = cluster.Client.GetGrain<IManagementGrain>(0);
        return Task.WhenAll(grains.Select(async grain => (SiloAddress?)await management.GetActivationAddress(grain)));
    }

    private static async Task<InProcessTestCluster> StartAsync()
    {
        var store = new MemoryMachineStore();
        var builder = new InProcessTestClusterBuilder(1);
        builder.ConfigureSilo((options, silo) =>
        {
            var node = new SiloNode
            {
                Name = options.SiloName,
                Cluster = "test",
                Roles = new HashSet<string> { options.SiloName == WithoutControl ? SiloRoles.Gateway : SiloRoles.Control },
                ShardMemory = 0,
            };
            silo.UseSiloMetadata(SiloRoles.MetadataOf(node));
            silo.UseInMemoryReminderService();
            silo.Services.AddSingleton<IMachineStore>(store);
            silo.Services.AddRecallGrains(node);
        });
        builder.ConfigureClient(client => client.Services.AddRecallContracts());
        InProcessTestCluster cluster = builder.Build();
        await cluster.DeployAsync();
        return cluster;
    }
}
