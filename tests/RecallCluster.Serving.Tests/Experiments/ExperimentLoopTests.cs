using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Tests.Market;

namespace RecallCluster.Serving.Tests.Experiments;

/// <summary>Experiments in the closed loop of one process: from the request to the results.</summary>
public class ExperimentLoopTests
{
    private static readonly LoopWorld World = LoopWorld.Simple((1, 1, 4), (2, 0.7, 4), (3, 0.5, 4));

    [Fact]
    public async Task Wins_carry_the_arms_of_their_user_and_events_come_back_to_them_once()
    {
        await using DurableLoop host = await DurableLoop.StartAsync(World);
        await host.Loop.Experiments.PutAsync(Trial.Settings(1), null, default);
        await host.Loop.Experiments.PutAsync(
            Trial.Settings(2, new Treatment { MaxScorings = 5 }) with { Layer = "other", Share = 0.5 }, null, default);
        long spend = 0;
        var shown = new Dictionary<WonArm, long>();
        for (int i = 0; i < 60; i++)
        {
            PlacedAd ad = Assert.Single((await host.Gateway.AnswerAsync(LoopWorld.Request($"r{i}", $"u{i % 20}"), default)).Ads);
            AdEvent[] events = [new(AdEventKind.Impression, ad.Win), new(AdEventKind.Click, ad.Win)];
            spend += (await host.Feedback.AcceptAsync(events, default)).Sum(result => result.Charged.Value);
            Assert.All(await host.Feedback.AcceptAsync(events, default), again => Assert.Equal(LedgerOutcome.Duplicate, again.Outcome));
            foreach (WonArm arm in ad.Win.Arms!)
                shown[arm] = shown.GetValueOrDefault(arm) + 1;
        }
        await host.PassAsync(TimeSpan.Zero);
        await host.PassAsync(TimeSpan.Zero);
        await AssertAsync();
        await host.RestartAsync();
        await AssertAsync();

        async Task AssertAsync()
        {
            ExperimentView first = (await host.Loop.Experiments.FindAsync(1, default))!;
            Assert.Equal(60, first.Results!.Arms.Sum(arm => arm.Requests));
            Assert.Equal(60, first.Results!.Arms.Sum(arm => arm.Answered));
            Assert.Equal(spend, first.Results!.Arms.Sum(arm => arm.Spend.Value));
            foreach (ExperimentView view in await host.Loop.Experiments.ListAsync(default))
            {
                foreach ((int place, ArmResult arm) in view.Results!.Arms.Index())
                {
                    long wanted = shown.GetValueOrDefault(new WonArm(view.Settings.Id, place));
                    Assert.Equal((wanted, wanted, wanted, wanted), (arm.Requests, arm.Ads, arm.Impressions, arm.Clicks));
                }
            }
        }
    }

    [Fact]
    public async Task What_was_answered_is_told_when_the_host_stops_gracefully()
    {
        await using DurableLoop host = await DurableLoop.StartAsync(World);
        await host.Loop.Experiments.PutAsync(Trial.Settings(1), null, default);
        for (int i = 0; i < 5; i++)
            await host.Gateway.AnswerAsync(LoopWorld.Request($"r{i}", $"u{i}"), default);

        await host.RestartAsync();

        Assert.Equal(5, (await host.Loop.Experiments.FindAsync(1, default))!.Results!.Arms.Sum(arm => arm.Requests));
    }

    [Fact]
    public async Task Where_there_is_no_ranker_none_can_be_skipped()
    {
        await using DurableLoop host = await DurableLoop.StartAsync(World);

        var refused = await Assert.ThrowsAsync<InvalidRequestException>(
            () => host.Loop.Experiments.PutAsync(Trial.Settings(1, new Treatment { SkipRanker = true }), null, default));

        Assert.Equal("arms[1].treatment.skipRanker", refused.Field);
    }

    [Fact]
    public async Task Who_may_not_be_known_and_trials_are_in_no_experiment()
    {
        await using DurableLoop host = await DurableLoop.StartAsync(World);
        await host.Loop.Experiments.PutAsync(Trial.Settings(1), null, default);
        await host.Users.SetConsentAsync("refuser", false, default);
        AdRequest request = LoopWorld.Request("r", "u");
        AdRequest[] requests =
        [
            LoopWorld.Request("r", null), LoopWorld.Request("r", "refuser"), request with { MayPersonalise = false },
            request with { IsTest = true },
        ];
        foreach (AdRequest one in requests)
            Assert.Null(Assert.Single((await host.Gateway.AnswerAsync(one, default)).Ads).Win.Arms);

        await host.PassAsync(TimeSpan.Zero);

        Assert.Equal(0, (await host.Loop.Experiments.FindAsync(1, default))!.Results!.Arms.Sum(arm => arm.Requests));
    }

    [Fact]
    public async Task A_change_is_known_to_the_next_request_and_a_stopped_experiment_still_counts_what_it_won()
    {
        await using DurableLoop host = await DurableLoop.StartAsync(World);
        Win before = await WinAsync(host);
        await host.Loop.Experiments.PutAsync(Trial.Settings(1), null, default);
        Win during = await WinAsync(host);
        await host.Loop.Experiments.StopAsync(1, null, default);
        Win after = await WinAsync(host);

        Assert.Equal((false, true, false), (before.Arms is not null, during.Arms is not null, after.Arms is not null));
        await host.Feedback.AcceptAsync([new AdEvent(AdEventKind.Click, during)], default);
        ExperimentView stopped = (await host.Loop.Experiments.FindAsync(1, default))!;
        Assert.Equal(1, stopped.Results!.Arms.Sum(arm => arm.Clicks));
        Assert.Equal(host.Now, stopped.StoppedAt);

        Assert.True(await host.Loop.Experiments.DeleteAsync(1, stopped.Version, default));
        Assert.Null(await host.Loop.Experiments.FindAsync(1, default));
        Assert.False(await host.Loop.Experiments.DeleteAsync(1, null, default));
        await host.Feedback.AcceptAsync([new AdEvent(AdEventKind.Conversion, during)], default);
        await host.RestartAsync();
        Assert.Empty(await host.Loop.Experiments.ListAsync(default));
    }

    private static async Task<Win> WinAsync(DurableLoop host) =>
        Assert.Single((await host.Gateway.AnswerAsync(LoopWorld.Request("r", "ann"), default)).Ads).Win;
}
