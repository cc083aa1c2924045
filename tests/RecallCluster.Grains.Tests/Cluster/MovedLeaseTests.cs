using RecallCluster.Bidding.Money;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Tests.Rollouts;
using RecallCluster.Serving;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Tests.Market;
using RecallCluster.Wire.Events;

namespace RecallCluster.Grains.Tests.Cluster;

/// <summary>Leases whose campaign's grain goes on elsewhere while gateways spend from them.</summary>
public sealed class MovedLeaseTests
{
    private const int Other = 77;
    private const long Epoch = 1;

    private static readonly Micros Budget = Micros.FromUnits(12);
    private static readonly TimeSpan Term = TimeSpan.FromHours(1);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_campaign_that_goes_on_elsewhere_counts_what_is_leased_and_books_what_is_spent_of_it(bool isKilled)
    {
        await using OrleansLoop host = await OrleansLoop.StartAsync(World());
        ICampaignGrain campaign = host.Grains.GetGrain<ICampaignGrain>(1);
        await host.PlaceAsync(campaign, silo: 1);
        await TellAsync(host, await WinAsync(host, 10));
        List<Win> open = await WinAsync(host, 10);
        DayAccount before = await host.AccountAsync(1);
        Assert.True(before.Spent > Micros.Zero && before.Leased > Micros.Zero && before.Uncommitted > Micros.Zero);

        if (isKilled)
            await host.Cluster.KillSiloAsync(host.Cluster.Silos[1]);
        else
            await host.PlaceAsync(campaign, silo: 0);

        DayAccount after = (await IndexedCluster.UntilAsync(() => host.CampaignAsync(1), _ => true)).Today;
        Assert.Equal(before, after);
        Assert.Equal(
            host.Cluster.Silos[0].SiloAddress, await host.Grains.GetGrain<IManagementGrain>(0).GetActivationAddress(campaign));
        // Another gateway wants all there is: it gets what is neither spent nor leased, once.
        var observer = new Told();
        var others = new GrainLeases(host.Grains, host.Grains.CreateObjectReference<IGatewayObserver>(observer));
        LeaseGrant rest = await others.RequestAsync(1, Other, Epoch, Budget, default);
        Assert.Equal((LedgerOutcome.Applied, after.Uncommitted), (rest.Outcome, rest.Lease.Amount));
        Assert.Equal(LedgerOutcome.BudgetCommitted, (await others.RequestAsync(1, Other, Epoch, Budget, default)).Outcome);
        Assert.Equal(Budget, (await host.AccountAsync(1)).Committed);

        // The gateway spends on from the lease that it has had all along.
        List<Win> later = await WinAsync(host, 10);
        Assert.Equal([open[0].Lease], open.Concat(later).Select(win => win.Lease).Distinct());
        Micros charged = await TellAsync(host, [.. open, .. later]);
        DayAccount spent = await host.AccountAsync(1);
        Assert.Equal((after.Spent + charged, Budget), (spent.Spent, spent.Committed));

        // What the other gives back the gateway may have, from where the campaign is now, when its own lease ends.
        Assert.Equal(LedgerOutcome.Applied, await others.CloseAsync(1, rest.Lease.Id, Epoch, Micros.Zero, default));
        await host.PassAsync(Term);
        List<Win> next = await WinAsync(host, 10);
        Assert.DoesNotContain(open[0].Lease, next.Select(win => win.Lease));
        charged = await TellAsync(host, next);
        DayAccount end = await host.AccountAsync(1);
        Assert.Equal(spent.Spent + charged, end.Spent);
        Assert.True(end.Committed <= Budget, $"{end.Committed} of {Budget} are committed");
        GC.KeepAlive(observer);
    }

    [Fact]
    public async Task A_gateway_that_asks_again_is_told_of_its_wins_by_the_campaign_s_next_activation()
    {
        await using OrleansLoop host = await OrleansLoop.StartAsync(World());
        ICampaignGrain campaign = host.Grains.GetGrain<ICampaignGrain>(1);
        await host.PlaceAsync(campaign, silo: 1);
        var observer = new Told();
        var leases = new GrainLeases(host.Grains, host.Grains.CreateObjectReference<IGatewayObserver>(observer));
        LeaseGrant first = await leases.RequestAsync(1, Other, Epoch, new Micros(100_000), default);
        await host.PlaceAsync(campaign, silo: 0);
        await leases.RequestAsync(1, Other, Epoch, new Micros(100_000), default);

        // Of the lease from before, at another gateway's door.
        Win win = (await WinAsync(host, 1))[0] with { Gateway = Other, Lease = first.Lease.Id };
        await TellAsync(host, [win]);

        SettlementMessage told = await observer.Settled.WaitAsync(IndexedCluster.Patience);
        Assert.Equal(win, WireMap.ToEvent(told.Event).Win);
        GC.KeepAlive(observer);
    }

    /// <summary>Has the gateway sell so many ads.</summary>
    private static async Task<List<Win>> WinAsync(OrleansLoop host, int wins)
    {
        var won = new List<Win>();
        for (int i = 0; i < wins; i++)
        {
            AdAnswer answer = await host.Gateway.AnswerAsync(
                LoopWorld.Request($"{Guid.NewGuid():N}", $"u{i}", new SlotRequest("s") { Floor = Micros.FromUnits(1) }), default);
            won.Add(Assert.Single(answer.Ads).Win);
        }
        return won;
    }

    /// <summary>Has all of them shown and clicked, which counts, and never commits more than the budget.</summary>
    /// <returns>What was charged.</returns>
    private static async Task<Micros> TellAsync(OrleansLoop host, List<Win> wins)
    {
        Micros charged = Micros.Zero;
        foreach (Win win in wins)
        {
            IReadOnlyList<AdEventResult> results = await host.Feedback.AcceptAsync(
                [new AdEvent(AdEventKind.Impression, win), new AdEvent(AdEventKind.Click, win)], default);
            Assert.All(results, result => Assert.Equal(LedgerOutcome.Applied, result.Outcome));
            Assert.Equal(win.Price, results[0].Charged + results[1].Charged);
            charged += win.Price;
            Assert.True((await host.AccountAsync(1)).Committed <= Budget);
        }
        return charged;
    }

    /// <summary>One campaign, of whose budget a lease is a sixth.</summary>
    private static LoopWorld World()
    {
        LoopWorld simple = LoopWorld.Simple((1, 0.5, 3));
        return new LoopWorld(
            [.. simple.Campaigns.Select(campaign => campaign with
            {
                Terms = campaign.Terms with { DailyBudget = Budget, LeaseTerm = Term },
            })],
            simple.Ads);
    }

    private sealed class Told : IGatewayObserver
    {
        private readonly TaskCompletionSource<SettlementMessage> _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<SettlementMessage> Settled => _settled.Task;

        public Task SettleAsync(SettlementMessage settlement)
        {
            if (WireMap.ToEvent(settlement.Event).Kind == AdEventKind.Click)
                _settled.TrySetResult(settlement);
            return Task.CompletedTask;
        }
    }
}
