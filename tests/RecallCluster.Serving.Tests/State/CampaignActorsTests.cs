using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Money;
using RecallCluster.Numerics;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.State;
using RecallCluster.Serving.Tests.Market;

namespace RecallCluster.Serving.Tests.State;

/// <summary>Which actors decide for a campaign, live and when its log is read again.</summary>
public class CampaignActorsTests
{
    private static readonly DateTimeOffset Morning = ManualClock.Morning;
    private static readonly ActorVersion Rising = ActorVersion.Of("rising", SomeActors.Rising(), 1);
    private static readonly ActorVersion Sinking = ActorVersion.Of("sinking", SomeActors.Sinking(), 2);

    [Fact]
    public void The_same_log_decides_the_same_with_the_versions_that_it_names()
    {
        CampaignCommand[] log = [Put(), .. Day(0, 4, null), .. Day(4, 8, Rising), .. Day(8, 12, Sinking), .. Day(12, 16, Rising)];

        Campaign live = Applied(Having(Sinking, Rising), log), again = Applied(Having(Rising, Sinking), log);

        Assert.Equal(WeightsOf(live), WeightsOf(again));
        double[] weights = WeightsOf(live);
        Assert.All(Enumerable.Range(4, 3), tick => Assert.True(weights[tick + 1] > weights[tick] * 1.5, $"tick {tick}"));
        Assert.All(Enumerable.Range(8, 3), tick => Assert.True(weights[tick + 1] < weights[tick], $"tick {tick}"));
    }

    [Fact]
    public void A_snapshot_that_is_read_before_the_versions_goes_on_with_its_own()
    {
        CampaignCommand[] before = [Put(), .. Day(0, 4, null), .. Day(4, 8, Rising)], after = [.. Day(8, 10, Rising)];
        var late = new ControllerVersions(new BidControllers());
        byte[] snapshot = Applied(Having(Sinking, Rising), before).Snapshot();
        var restored = new Campaign("campaign/1", new CampaignOptions(), late);

        restored.Restore(snapshot);
        late.Use(Plan(Sinking, Rising));
        Campaign resumed = Applied(restored, after);

        Assert.Equal(WeightsOf(Applied(Having(Sinking, Rising), [.. before, .. after])), WeightsOf(resumed));
    }

    [Fact]
    public void What_was_given_up_since_is_decided_by_the_running_version()
    {
        Campaign told = Applied(Having(Sinking, null), [Put(), .. Day(0, 8, Rising)]);

        Assert.Equal(WeightsOf(Applied(Having(Sinking, null), [Put(), .. Day(0, 8, Sinking)])), WeightsOf(told));
    }

    [Fact]
    public void A_tick_without_a_version_is_written_as_it_always_was()
    {
        byte[] bytes = new TickCommand(Morning).Write();

        Assert.Equal("""{"$type":"tick","at":"2026-03-02T00:00:00+00:00"}""", Encoding.UTF8.GetString(bytes));
        Campaign told = Applied(Having(Rising, null), [Put(), .. Day(0, 4, null)]);
        Assert.Equal(WeightsOf(Applied(new ControllerVersions(new BidControllers()), [Put(), .. Day(0, 4, null)])), WeightsOf(told));
    }

    [Fact]
    public void A_version_replaces_only_the_actors_that_it_has()
    {
        var own = new BidControllers();
        BidControllers changed = own.With(SomeActors.Rising());

        Assert.NotSame(own.For("uscb", "click-cpc"), changed.For("uscb", "click-cpc"));
        Assert.Same(own.For("uscb", "click"), changed.For("uscb", "click"));
        Assert.Same(own.For("drlb", "click-cpc"), changed.For("drlb", "click-cpc"));
        // A campaign that it leaves alone says nothing of it.
        var clicks = new PutCommand(Morning, Settings() with { Product = "click", StartWeights = [0.4] }, [0.4]);
        Campaign other = Applied(Having(Rising, null), [clicks, .. Day(0, 12, null)]);
        Assert.Equal(0, other.Trial()!.Run(own, changed).Campaigns);
        Campaign concerned = Applied(Having(Rising, null), [Put(), .. Day(0, 12, null)]);
        Assert.Equal((1, 768L), (concerned.Trial()!.Run(own, changed).Campaigns, concerned.Trial()!.Run(own, changed).Auctions));
    }

    [Fact]
    public void Actors_that_cannot_decide_are_refused_however_few_auctions_there_were()
    {
        ActorTally good = new() { Campaigns = 1, Auctions = 3, RunningScore = 1, NewScore = 1 };

        Assert.Equal((null, false), (new ActorLimits().Judge(good).Refusal, new ActorLimits().Judge(good).IsDecided));
        Assert.Equal("uscb-click: NaN", new ActorLimits().Judge(good.Plus(new ActorTally { Failure = "uscb-click: NaN" })).Refusal);
    }

    [Fact]
    public void Of_yesterday_and_today_the_one_with_more_auctions_is_tried()
    {
        CampaignCommand[] twoDays = [Put(), .. Day(0, 48, null), .. Day(48, 52, null)];
        ActorTrial trial = Applied(Having(Rising, null), twoDays).Trial()!;

        Assert.True(trial.Chunks.Sum(chunk => chunk.Count) > 40 * 64, "yesterday was seen whole");
        Assert.Empty(trial.History);
        Assert.Equal(30, trial.Goal.Budget);
        Assert.InRange(trial.Run(new BidControllers(), new BidControllers().With(SomeActors.Sinking())).Score, 0, 0.9);
    }

    [Fact]
    public void A_day_is_tried_from_the_weights_that_it_began_with()
    {
        // Closed with a report, as hosts do, the day hands its solved optimum to the next one.
        Campaign first = Applied(Having(Rising, null), [Put(), .. Day(0, 47, null)]);
        CampaignDayReport closing = CampaignDayReport.Of(first.Ending(Morning.AddDays(1))!);
        Campaign second = Applied(first, [new TickCommand(Morning.AddDays(1), closing)]);
        Assert.NotEqual([0.4, 0.5], closing.OptimalWeights);

        Assert.Equal([0.4, 0.5], second.Trial()!.Start);
        // Today, a change of versions begins from weights in force; what was learned until then is not what today began with.
        Campaign third = Applied(second, [.. Day(48, 96, null), .. Day(96, 100, Rising)]);
        Assert.Equal(closing.OptimalWeights, third.Trial()!.Start);
    }

    [Fact]
    public void A_day_of_which_there_was_a_part_is_tried_with_what_that_part_was_to_spend()
    {
        // Half a day, then a whole one: of 45 in all the first is to spend 15, the second as much again as is left.
        CampaignSettings settings = Settings();
        PutCommand late = Put() with
        {
            Settings = settings with
            {
                Terms = settings.Terms with
                {
                    LifetimeBudget = Micros.FromUnits(45), FlightStart = Morning.AddHours(12), FlightEnd = Morning.AddDays(2),
                    Pacing = PacingMode.Even,
                },
            },
        };

        ActorTrial trial = Applied(Having(Rising, null), [late, .. Day(24, 48, null), .. Day(48, 50, null)]).Trial()!;

        Assert.Empty(trial.History);
        Assert.Equal(15, trial.Goal.Budget, 1e-6);
    }

    [Fact]
    public void A_day_that_an_older_program_began_is_passed_over()
    {
        byte[] snapshot = Applied(Having(Rising, null), [Put(), .. Day(0, 48, null), .. Day(48, 52, null)]).Snapshot();

        Assert.Equal(30, TrialOf(snapshot)!.Goal.Budget);
        ActorTrial today = TrialOf(Without(snapshot, "past"))!;
        Assert.Equal(4 * 64, today.Chunks.Sum(chunk => chunk.Count));
        Assert.NotEmpty(today.History);
        Assert.Empty(TrialOf(Without(snapshot, "day"))!.History);
        Assert.Null(TrialOf(Without(snapshot, "day", "past")));

        static ActorTrial? TrialOf(byte[] snapshot)
        {
            var campaign = new Campaign("campaign/1", new CampaignOptions(), Having(Rising, null));
            campaign.Restore(snapshot);
            return campaign.Trial();
        }

        // As that program would have written it.
        static byte[] Without(byte[] snapshot, params string[] days)
        {
            SnapshotSections old = SnapshotSections.Read(snapshot, "campaign/1");
            JsonNode control = JsonNode.Parse(old.Get("control").Span)!;
            foreach (string day in days)
                Assert.True(control[day]!.AsObject().Remove("first"));
            var sections = new SnapshotSections();
            sections.Add("ledger", old.Get("ledger"));
            sections.Add("control", JsonSerializer.SerializeToUtf8Bytes(control));
            return sections.ToBytes();
        }
    }

    [Fact]
    public void Running_actors_that_cannot_decide_do_not_stand_in_the_way_of_new_ones()
    {
        ActorTrial trial = Applied(Having(Rising, null), [Put(), .. Day(0, 12, null)]).Trial()!;
        IBidControllerFactory shipped = new BidControllers().For("uscb", "click-cpc");

        ActorTally repaired = trial.Run(new Broken(), shipped);

        Assert.Equal((1, 768L, 0.0, 0.0), (repaired.Campaigns, repaired.Auctions, repaired.RunningScore, repaired.BreachIncrease));
        Assert.True(repaired.NewScore > 0);
        Assert.Equal((null, true), (new ActorLimits().Judge(repaired).Refusal, new ActorLimits().Judge(repaired).IsDecided));
        Assert.StartsWith("uscb-click-cpc: ", trial.Run(shipped, new Broken()).Failure, StringComparison.Ordinal);
    }

    /// <summary>Makes controllers that come to weights that are no numbers.</summary>
    private sealed class Broken : IBidControllerFactory, IBidController
    {
        public string Name => "broken";

        public IBidController Create(ControllerSetting setting) => this;

        public BidWeights Decide(in ControlState state) => new(double.NaN, [double.NaN]);
    }

    private static CampaignSettings Settings() =>
        Some.Campaign(1, Morning, controller: "uscb", budget: 30) with { MaxCpc = 0.4, StartWeights = [0.4, 0.5] };

    private static PutCommand Put() => new(Morning, Settings(), [0.4, 0.5]);

    /// <summary>Auctions and a decision for each tick.</summary>
    private static IEnumerable<CampaignCommand> Day(int first, int end, ActorVersion? actors)
    {
        for (int tick = first; tick < end; tick++)
        {
            var random = new SeededRandom((ulong)tick);
            DateTimeOffset at = Morning + (tick * TimeSpan.FromMinutes(30));
            yield return new ReportCommand(at + TimeSpan.FromMinutes(10), new BidReport
            {
                Auctions = 640,
                Wins = 100,
                Value = 3,
                Numerators = [1],
                Denominators = [3],
                SampleWeight = 10,
                Sample = [.. Enumerable.Range(0, 64).Select(_ => Auction(random))],
            });
            yield return new TickCommand(at + TimeSpan.FromMinutes(30), null, actors?.TickName());
        }
    }

    private static AuctionSample Auction(SeededRandom random)
    {
        float click = 0.01f + (0.04f * random.NextSingle());
        return new AuctionSample(click, click * (0.1f + (0.9f * random.NextSingle())));
    }

    private static RolloutState<ActorVersion, ActorLimits> Plan(ActorVersion running, ActorVersion? previous) =>
        new() { Current = running, Previous = previous };

    private static ControllerVersions Having(ActorVersion running, ActorVersion? previous)
    {
        var versions = new ControllerVersions(new BidControllers());
        versions.Use(Plan(running, previous));
        return versions;
    }

    private static Campaign Applied(ControllerVersions versions, IEnumerable<CampaignCommand> commands) =>
        Applied(new Campaign("campaign/1", new CampaignOptions(), versions), commands);

    private static Campaign Applied(Campaign campaign, IEnumerable<CampaignCommand> commands)
    {
        long sequence = 0;
        foreach (CampaignCommand command in commands)
        {
            object? answer = campaign.Apply(new JournalRecord(++sequence, "campaign/1", [], command.Write())).Answer;
            Assert.IsNotType<Exception>(answer, exactMatch: false);
        }
        return campaign;
    }

    private static double[] WeightsOf(Campaign campaign) =>
        [.. campaign.View(campaign.Ledger.Now).Ticks.Select(tick => tick.Weights[0])];
}
