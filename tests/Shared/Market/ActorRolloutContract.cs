using RecallCluster.Bidding.Money;
using RecallCluster.Numerics;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Serving.Tests.Market;

/// <summary>How actors of bid controllers are replaced, whatever hosts the loop.</summary>
public abstract class ActorRolloutContract
{
    private const long Trained = 1, Untrained = 2;
    private static readonly TimeSpan Tick = TimeSpan.FromMinutes(30);

    protected abstract Task<IActorLoop> StartAsync(LoopWorld world);

    [Fact]
    public async Task A_version_that_does_no_worse_decides_from_the_next_tick_on_and_can_be_rolled_back()
    {
        await using IActorLoop host = await StartAsync(World());
        await RunAsync(host, 12);
        await host.Actors.PublishAsync("same", SomeActors.Shipped(), null, default);
        RolloutView same = await SteppedAsync(host);
        Assert.Equal((RolloutOutcome.Switched, 1.0), (same.Last!.Outcome, same.Last.Figures!["score"]));
        Assert.True(same.Last.Figures["auctions"] >= 500 && same.Last.Figures["campaigns"] == 1);
        // What the host itself has is the version before; it takes nothing to have it.
        Assert.Equal(("same", "host"), (same.Running!.Name, same.Previous!.Name));

        await host.Actors.PublishAsync("rising", SomeActors.Rising(), ActorLimits.None, default);
        RolloutView rising = await SteppedAsync(host);
        Assert.Equal(("rising", "same"), (rising.Running!.Name, rising.Previous!.Name));
        double before = (await host.CampaignAsync(Trained)).Weights[0];
        await RunAsync(host, 1);
        CampaignView risen = await host.CampaignAsync(Trained);
        Assert.Equal(rising.Running.Version, risen.Actors);
        Assert.Equal(before * SomeActors.Rise, risen.Weights[0], before / 1e6);

        // One that is refused takes nothing from what can be gone back to.
        await host.Actors.PublishAsync("no better", SomeActors.Rising(), new ActorLimits { LeastScore = 2 }, default);
        RolloutView refused = await SteppedAsync(host);
        Assert.Equal((RolloutOutcome.Refused, rising.Running, rising.Previous), (refused.Last!.Outcome, refused.Running, refused.Previous));

        await host.Actors.RollBackAsync(default);
        RolloutView back = await SteppedAsync(host);
        Assert.Equal(("same", RolloutOutcome.RolledBack), (back.Running!.Name, back.Last!.Outcome));
        await RunAsync(host, 1);
        CampaignView after = await host.CampaignAsync(Trained);
        Assert.Equal(back.Running.Version, after.Actors);
        Assert.NotEqual(risen.Weights[0] * SomeActors.Rise, after.Weights[0], risen.Weights[0] / 100);
        // One that has no actor is none of this.
        CampaignView other = await host.CampaignAsync(Untrained);
        Assert.Equal((null, 0.4), (other.Actors, other.Weights[0]));

        Assert.Null((await host.Actors.DropPreviousAsync(default)).Previous);
        await Assert.ThrowsAsync<InvalidOperationException>(() => host.Actors.RollBackAsync(default));
    }

    [Fact]
    public async Task A_version_that_does_worse_is_refused_and_says_by_what()
    {
        await using IActorLoop host = await StartAsync(World());
        await RunAsync(host, 12);

        await host.Actors.PublishAsync("sinking", SomeActors.Sinking(), null, default);
        RolloutView view = await SteppedAsync(host);

        Assert.Equal(("host", RolloutOutcome.Refused), (view.Running!.Name, view.Last!.Outcome));
        Assert.StartsWith("score ", view.Last.Reason, StringComparison.Ordinal);
        Assert.InRange(view.Last.Figures!["score"], 0, 0.9);
        Assert.InRange(view.Last.Figures["runningScore"], 0.3, 1);
        await RunAsync(host, 1);
        Assert.Null((await host.CampaignAsync(Trained)).Actors);
    }

    [Fact]
    public async Task What_there_are_too_few_auctions_for_waits_as_long_as_it_may()
    {
        await using IActorLoop host = await StartAsync(World());

        await host.Actors.PublishAsync("same", SomeActors.Shipped(), new ActorLimits { Patience = TimeSpan.FromHours(1) }, default);
        RolloutView waits = await SteppedAsync(host);
        var second = await Assert.ThrowsAsync<InvalidOperationException>(
            () => host.Actors.PublishAsync("rising", SomeActors.Rising(), null, default));
        await host.PassAsync(TimeSpan.FromMinutes(61));
        RolloutView over = await SteppedAsync(host);

        Assert.Equal((RolloutPhase.Shadowing, 0.0), (waits.UnderWay!.Phase, waits.UnderWay.Figures!["campaigns"]));
        Assert.Contains(waits.UnderWay.Version.Version, second.Message, StringComparison.Ordinal);
        Assert.Equal(("host", null, RolloutOutcome.Refused), (over.Running!.Name, over.UnderWay, over.Last!.Outcome));
        Assert.StartsWith("it took too long", over.Last.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_roll_out_goes_on_after_a_crash_and_so_do_the_decisions()
    {
        await using IActorLoop host = await StartAsync(World());
        await using IActorLoop steady = await StartAsync(World());
        var anything = new ActorLimits { LeastScore = 0, MostBreachIncrease = 10 };
        foreach (IActorLoop one in new[] { host, steady })
        {
            await one.Actors.PublishAsync("rising", SomeActors.Rising(), anything, default);
            Assert.NotNull((await SteppedAsync(one)).UnderWay);
        }

        await host.RestartAsync();
        Assert.Equal(RolloutPhase.Shadowing, (await host.Actors.RolloutAsync(default)).UnderWay!.Phase);
        foreach (IActorLoop one in new[] { host, steady })
        {
            await RunAsync(one, 12);
            Assert.Equal("rising", (await SteppedAsync(one)).Running!.Name);
            await RunAsync(one, 2);
        }
        await host.RestartAsync();

        CampaignView after = await host.CampaignAsync(Trained), expected = await steady.CampaignAsync(Trained);
        Assert.NotNull(after.Actors);
        Assert.Equal((expected.Actors, expected.Weights[0], expected.Weights[1]), (after.Actors, after.Weights[0], after.Weights[1]));
        // Told again what its forerunner was told, it decides what that would have decided.
        foreach (IActorLoop one in new[] { host, steady })
        {
            await one.Actors.RollBackAsync(default);
            await SteppedAsync(one);
            await RunAsync(one, 2);
        }
        (after, expected) = (await host.CampaignAsync(Trained), await steady.CampaignAsync(Trained));
        Assert.Equal(("host", null), ((await host.Actors.RolloutAsync(default)).Running!.Name, after.Actors));
        Assert.Equal((expected.Weights[0], expected.Weights[1]), (after.Weights[0], after.Weights[1]));
    }

    [Fact]
    public async Task What_is_no_actor_is_refused_by_its_file_and_changes_nothing()
    {
        await using IActorLoop host = await StartAsync(World());
        Dictionary<string, byte[]> shipped = SomeActors.Shipped();
        string config = SomeActors.Stem + ".json", weights = SomeActors.Stem + ".safetensors";
        byte[] torn = shipped[weights][..^9];

        await RefusedAsync(new(shipped) { [weights] = torn }, weights);
        await RefusedAsync(new(shipped) { [config] = "{}"u8.ToArray() }, config);
        await RefusedAsync(new(shipped) { ["readme.json"] = shipped[config] }, "readme.json");
        await RefusedAsync(new() { [config] = shipped[config] }, weights);
        await RefusedAsync(SomeActors.Overflowing(), config);
        const string other = "uscb-click.json";
        await RefusedAsync(new() { [other] = shipped[config], ["uscb-click.safetensors"] = shipped[weights] }, other);
        foreach ((Dictionary<string, byte[]> files, ActorLimits? limits, string name, string field) in
            new (Dictionary<string, byte[]>, ActorLimits?, string, string)[]
            {
                ([], null, "none", "files"), (shipped, null, "", "name"),
                (shipped, new ActorLimits { LeastScore = -1 }, "limits", "shadow.leastScore"),
                (new() { [config] = new byte[(8 << 20) + 1] }, null, "large", "files"),
            })
        {
            var error = await Assert.ThrowsAsync<InvalidRequestException>(() => host.Actors.PublishAsync(name, files, limits, default));
            Assert.Equal(field, error.Field);
        }
        RolloutView view = await host.Actors.RolloutAsync(default);
        Assert.Equal(("host", null, null), (view.Running!.Name, view.UnderWay, view.Last));

        async Task RefusedAsync(Dictionary<string, byte[]> files, string named)
        {
            var error = await Assert.ThrowsAsync<InvalidDataException>(() => host.Actors.PublishAsync("broken", files, null, default));
            Assert.Contains(named, error.Message, StringComparison.Ordinal);
        }
    }

    private static LoopWorld World() => new(
        [
            LoopWorld.Campaign(Trained, 0.4, Micros.FromUnits(12)) with
            {
                Product = "click-cpc", Controller = "uscb", MaxCpc = 0.4, StartWeights = [0.4, 0.5],
            },
            LoopWorld.Campaign(Untrained, 0.4),
        ],
        [LoopWorld.Ad("ad1-0", Trained), LoopWorld.Ad("ad2-0", Untrained)]);

    /// <summary>Lets ticks pass, each with auctions, the same whenever it is as late.</summary>
    private static async Task RunAsync(IActorLoop host, int ticks)
    {
        for (int i = 0; i < ticks; i++)
        {
            await host.ReportAsync(Trained, Auctions(new SeededRandom((ulong)host.Now.UtcTicks)));
            await host.PassAsync(Tick);
        }
    }

    private static BidReport Auctions(SeededRandom random)
    {
        var sample = new AuctionSample[64];
        for (int i = 0; i < sample.Length; i++)
        {
            float click = 0.01f + (0.04f * random.NextSingle());
            sample[i] = new AuctionSample(click, click * (0.1f + (0.9f * random.NextSingle())));
        }
        return new BidReport
        {
            Auctions = 640,
            Wins = 100,
            Value = 3,
            Numerators = [1],
            Denominators = [3],
            Sample = sample,
            SampleWeight = 10,
        };
    }

    /// <summary>How it stands after one more round.</summary>
    private static async Task<RolloutView> SteppedAsync(IActorLoop host)
    {
        await host.PassAsync(TimeSpan.Zero);
        return await host.Actors.RolloutAsync(default);
    }
}
