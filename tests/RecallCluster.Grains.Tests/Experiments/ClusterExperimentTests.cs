using Microsoft.Extensions.DependencyInjection;
using RecallCluster.Bidding.Money;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Experiments;
using RecallCluster.Grains.Tests.Cluster;
using RecallCluster.Serving;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Tests.Market;

namespace RecallCluster.Grains.Tests.Experiments;

/// <summary>Experiments in a cluster of two silos.</summary>
public sealed class ClusterExperimentTests
{
    private const int Requests = 40;

    [Fact]
    public async Task What_was_won_and_answered_counts_once_though_the_silo_of_the_experiment_is_killed_in_between()
    {
        await using OrleansLoop host = await OrleansLoop.StartAsync(LoopWorld.Simple((1, 1, 3)));
        await host.Loop.Experiments.PutAsync(Settings(4), null, default);
        await host.PlaceAsync(host.Grains.GetGrain<ICampaignGrain>(1), 0);
        await host.PlaceAsync(host.Grains.GetGrain<IExperimentGrain>("4"), 1);
        var events = new List<AdEvent>();
        var won = new long[2];
        for (int i = 0; i < Requests; i++)
        {
            Win win = Assert.Single((await host.Gateway.AnswerAsync(LoopWorld.Request($"r{i}", $"u{i}"), default)).Ads).Win;
            events.AddRange([new AdEvent(AdEventKind.Impression, win), new AdEvent(AdEventKind.Click, win)]);
            won[Assert.Single(win.Arms!).Arm]++;
        }

        await AcceptAsync(host, events.Take(Requests), LedgerOutcome.Applied);
        await host.PassAsync(TimeSpan.Zero);
        await host.Cluster.KillSiloAsync(host.Cluster.Silos[1]);
        await AcceptAsync(host, events.Skip(Requests), LedgerOutcome.Applied);
        await AcceptAsync(host, events, LedgerOutcome.Duplicate);
        await host.PassAsync(TimeSpan.Zero);

        ExperimentView view = await ToldAsync(host, 4, clicks: Requests);
        Assert.Equal(won, view.Results!.Arms.Select(arm => arm.Requests));
        Assert.Equal(won, view.Results!.Arms.Select(arm => arm.Impressions));
        Assert.Equal(won, view.Results!.Arms.Select(arm => arm.Clicks));
        Assert.Equal((await host.AccountAsync(1)).Spent.Value, view.Results!.Arms.Sum(arm => arm.Spend.Value));
    }

    [Fact]
    public async Task It_survives_a_restart_of_the_whole_cluster()
    {
        await using OrleansLoop host = await OrleansLoop.StartAsync(LoopWorld.Simple((1, 1, 3)));
        await host.Loop.Experiments.PutAsync(Settings(4), null, default);
        await host.Loop.Experiments.PutAsync(Settings(5) with { Layer = "other", Arms = [new("a", 1), new("b", 1)] }, null, default);
        await host.Loop.Experiments.DeleteAsync(5, 1, default);
        Win win = Assert.Single((await host.Gateway.AnswerAsync(LoopWorld.Request("r", "u"), default)).Ads).Win;
        await host.PassAsync(TimeSpan.Zero);

        await host.RestartAsync();

        // Won in the life before.
        await AcceptAsync(host, [new AdEvent(AdEventKind.Impression, win)], LedgerOutcome.Applied);
        Assert.NotNull(Assert.Single((await host.Gateway.AnswerAsync(LoopWorld.Request("r", "u"), default)).Ads).Win.Arms);
        await host.PassAsync(TimeSpan.Zero);
        await ToldAsync(host, 4, impressions: 1);
        ExperimentView view = Assert.Single(await host.Loop.Experiments.ListAsync(default));
        Assert.Equal((2L, 1L), (view.Results!.Arms.Sum(arm => arm.Requests), view.Results!.Arms.Sum(arm => arm.Impressions)));
        var refused = await Assert.ThrowsAsync<InvalidRequestException>(
            () => host.Loop.Experiments.PutAsync(Settings(5) with { Layer = "third" }, null, default));
        Assert.Equal("id", refused.Field);
    }

    [Fact]
    public async Task Every_silo_knows_of_a_change_and_refusals_come_as_they_were_meant()
    {
        await using OrleansLoop host = await OrleansLoop.StartAsync(LoopWorld.Simple((1, 1, 3)));
        IExperiments experiments = host.Loop.Experiments;
        ExperimentBoard other = host.ServicesOf(1).GetRequiredService<ExperimentReader>().Board;
        Assert.Null(other.Current.Assign("u").ToWon());

        await experiments.PutAsync(Settings(4), 0, default);
        await UntilAsync(() => other.Current.Assign("u").ToWon() is [{ Experiment: 4 }]);
        Assert.Equal(other.Current.Assign("u").ToWon(), host.ServicesOf(0).GetRequiredService<ExperimentReader>().Board.Current
            .Assign("u").ToWon());

        var clash = await Assert.ThrowsAsync<InvalidRequestException>(() => experiments.PutAsync(Settings(6), null, default));
        Assert.Equal("firstBucket", clash.Field);
        Assert.Contains("experiment 4", clash.Reason, StringComparison.Ordinal);
        var conflict = await Assert.ThrowsAsync<VersionConflictException>(() => experiments.PutAsync(Settings(4), 0, default));
        Assert.Equal(1, conflict.Actual);
        Assert.Null(await experiments.StopAsync(7, null, default));
        Assert.False(await experiments.DeleteAsync(7, null, default));

        Assert.NotNull((await experiments.StopAsync(4, 1, default))!.StoppedAt);
        await UntilAsync(() => other.Current.Assign("u").ToWon() is null);
    }

    private static ExperimentSettings Settings(long id) => new()
    {
        Id = id,
        Name = $"experiment {id}",
        Layer = "search",
        Share = 1,
        Arms = [new ExperimentArm("as is", 1), new ExperimentArm("few", 1, new Treatment { Candidates = 2 })],
    };

    private static async Task AcceptAsync(OrleansLoop host, IEnumerable<AdEvent> events, LedgerOutcome wanted)
    {
        IReadOnlyList<AdEventResult> results = await host.Feedback.AcceptAsync([.. events], default);
        Assert.All(results, result => Assert.Equal(wanted, result.Outcome));
    }

    /// <summary>An experiment as it is when campaigns have told it: they do so in their own time.</summary>
    private static async Task<ExperimentView> ToldAsync(OrleansLoop host, long id, long impressions = 0, long clicks = 0)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (true)
        {
            ExperimentView view = (await host.Loop.Experiments.FindAsync(id, patience.Token))!;
            if (view.Results!.Arms.Sum(arm => arm.Impressions) >= impressions && view.Results!.Arms.Sum(arm => arm.Clicks) >= clicks)
                return view;
            await Task.Delay(10, patience.Token);
        }
    }

    private static async Task UntilAsync(Func<bool> isIt)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!isIt())
            await Task.Delay(10, patience.Token);
    }
}
