using Microsoft.Extensions.DependencyInjection;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Market;
using RecallCluster.Grains.Tests.Cluster;
using RecallCluster.Serving;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.State;
using RecallCluster.Serving.Tests.Market;
using RecallCluster.Serving.Users;

namespace RecallCluster.Grains.Tests.Hosting;

/// <summary>What a gateway makes of grains that fail.</summary>
public sealed class ClusterPortsTests
{
    [Fact]
    public async Task A_user_whose_record_is_damaged_is_answered_as_one_who_refused()
    {
        await using OrleansLoop host = await OrleansLoop.StartAsync(LoopWorld.Simple((1, 0.5, 1)));
        await host.Store.AppendAsync("user/ann", 0, [new byte[] { 0xC1, 1, 2 }], default);

        UserMemory ann = (await host.Users.FindAsync("ann", default))!;
        AdAnswer answer = await host.Gateway.AnswerAsync(LoopWorld.Request("r", "ann"), default);

        Assert.Equal((false, 0), (ann.Consent, ann.Sequence.Count));
        Assert.Single(answer.Ads);
        await Assert.ThrowsAsync<IOException>(() => host.Users.SetConsentAsync("ann", true, default));
    }

    [Theory]
    [InlineData(nameof(IBidBookGrain.EnrolAsync))]
    [InlineData(nameof(IBidBookGrain.VersionAsync))]
    public async Task A_book_that_is_failing_over_is_not_there_now(string failing)
    {
        IBidBookGrain books = GrainsProxy.Of<IBidBookGrain>((method, _) => method.Name != failing
            ? Task.CompletedTask
            : method.ReturnType == typeof(Task)
                ? Task.FromException(new TimeoutException("no answer"))
                : Task.FromException<(Guid, long)>(new TimeoutException("no answer")));
        var made = new Wire.Campaigns.CampaignReply { View = [] };
        ICampaignGrain campaign = GrainsProxy.Of<ICampaignGrain>((_, _) => Task.FromResult(made));
        IGrainFactory grains = GrainsProxy.Of<IGrainFactory>(
            (method, _) => method.ReturnType == typeof(IBidBookGrain) ? books : campaign);
        await using var book = new BookReader(
            grains, new MachineFactory(new ServingStateOptions()), new MachineHostOptions(), TimeProvider.System);

        IOException failure = await Assert.ThrowsAsync<IOException>(
            () => new GrainCampaigns(grains, book).PutAsync(LoopWorld.Campaign(1, 0.5), null, default));

        Assert.Contains("The bid book", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_loop_that_could_not_be_opened_leaves_nothing_behind()
    {
        await using OrleansLoop host = await OrleansLoop.StartAsync(LoopWorld.Simple((1, 0.5, 1)));
        IServiceProvider silo = host.ServicesOf(0);
        using var cut = new CancellationTokenSource();
        int references = 0;
        // As soon as it can be told of its wins, before it has a lease.
        IGrainFactory grains = GrainsProxy.Over(host.Grains, method =>
        {
            if (method.Name == nameof(IGrainFactory.CreateObjectReference))
            {
                references++;
                cut.Cancel();
            }
            else if (method.Name == nameof(IGrainFactory.DeleteObjectReference))
            {
                references--;
            }
        });
        using var retriever = new AdRetriever(TimeProvider.System, 1);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ClusterLoop.OpenAsync(
            grains, retriever, silo.GetRequiredService<SiloMarket>(), silo.GetRequiredService<SiloNode>(),
            silo.GetRequiredService<ClusterClock>(), new GatewayLoopOptions { ValueRecallShare = 0 }, silo.GetRequiredService<Deferral>(),
            TimeProvider.System, cut.Token));

        Assert.True(cut.IsCancellationRequested);
        Assert.Equal(0, references);
    }
}
