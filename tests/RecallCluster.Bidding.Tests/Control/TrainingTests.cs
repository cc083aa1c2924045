using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Control.Drlb;
using RecallCluster.Bidding.Control.Networks;
using RecallCluster.Bidding.Control.Uscb;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;
using RecallCluster.Bidding.Replay;
using RecallCluster.Bidding.Training;
using RecallCluster.Numerics;

namespace RecallCluster.Bidding.Tests.Control;

public sealed class TrainingTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("bid-training-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Uscb_learns_to_keep_pace()
    {
        var options = new UscbOptions { Rounds = 12, DaysPerRound = 8, StepsPerRound = 40, ValidationDays = 12, ValidateEvery = 3 };
        var trainer = new UscbTrainer(Days(), options, new SeededRandom(1));
        trainer.Run();
        double before = trainer.Curve[0].Score, after = trainer.Result.Config.Score;
        Assert.True(after > before + 0.03, $"{before:F4} before, {after:F4} after");
    }

    [Fact]
    public void A_broken_off_training_goes_on_as_though_it_had_not_been()
    {
        var options = new UscbOptions { Rounds = 4, DaysPerRound = 3, StepsPerRound = 5, ValidationDays = 3, ValidateEvery = 1 };
        foreach (CriticTarget target in Enum.GetValues<CriticTarget>())
        {
            UscbTrainer Trainer() => new(Days(), options with { Target = target }, new SeededRandom(3));
            UscbTrainer whole = Trainer(), begun = Trainer(), resumed = Trainer();
            whole.Run();
            begun.Run(until: 2);
            string path = Path.Combine(_folder.FullName, target + ".safetensors");
            begun.SaveCheckpoint(path);
            resumed.LoadCheckpoint(path);
            resumed.Run();
            Assert.Equal(whole.Curve, resumed.Curve);
            Assert.Equal(Outputs(whole.Result.Network), Outputs(resumed.Result.Network));
        }
    }

    [Fact]
    public void A_broken_off_drlb_goes_on_as_though_it_had_not_been()
    {
        var options = new DrlbOptions { Rounds = 4, Days = 4, DaysPerRound = 3, StepsPerRound = 5, ValidationDays = 3, ValidateEvery = 1 };
        DrlbTrainer Trainer() => new(Days(), options, new SeededRandom(3));
        DrlbTrainer whole = Trainer(), begun = Trainer(), resumed = Trainer();
        whole.Run();
        begun.Run(until: 2);
        string path = Path.Combine(_folder.FullName, "drlb.safetensors");
        begun.SaveCheckpoint(path);
        resumed.LoadCheckpoint(path);
        resumed.Run();
        Assert.Equal(whole.Curve, resumed.Curve);
    }

    [Fact]
    public void A_checkpoint_of_another_training_is_refused_and_changes_nothing()
    {
        var options = new UscbOptions { Rounds = 1, DaysPerRound = 2, StepsPerRound = 2, ValidationDays = 2 };
        var trained = new UscbTrainer(Days(), options, new SeededRandom(3));
        trained.Run();
        string path = Path.Combine(_folder.FullName, "other.safetensors");
        trained.SaveCheckpoint(path);
        var other = new UscbTrainer(Days(), options, new SeededRandom(4));
        float[] before = Outputs(other.Result.Network);
        InvalidDataException refused = Assert.Throws<InvalidDataException>(() => other.LoadCheckpoint(path));
        Assert.Contains("another seed", refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, other.Round);
        Assert.Equal(before, Outputs(other.Result.Network));
    }

    [Fact]
    public void An_actor_is_read_as_it_was_written_and_ticks_without_allocation()
    {
        var trainer = new UscbTrainer(
            Days(), new UscbOptions { Rounds = 1, DaysPerRound = 2, StepsPerRound = 2, ValidationDays = 2 }, new SeededRandom(1));
        trainer.Run();
        string stem = Path.Combine(_folder.FullName, "uscb-click-cpc");
        trainer.Result.Save(stem);
        TrainedActor read = TrainedActor.Load(stem);
        Assert.Equal(Outputs(trainer.Result.Network), Outputs(read.Network));
        Assert.Equal("uscb", read.Config.Controller);

        BidDay day = Days().Draw(new SeededRandom(5));
        var controller = new UscbController(day.Setting, read.Network);
        var run = new DayRun(day);
        run.Play(controller.Decide(run.State));
        ControlState state = run.State;
        controller.Decide(state);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
            controller.Decide(state);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void A_network_for_other_campaigns_is_refused()
    {
        var trainer = new UscbTrainer(
            Days(), new UscbOptions { Rounds = 1, DaysPerRound = 1, StepsPerRound = 1, ValidationDays = 1 }, new SeededRandom(1));
        ControllerSetting click = new(new CampaignGoal(1), new RecallCluster.Bidding.Formula.BidWeights(1));
        Assert.Throws<ArgumentException>(() => new UscbController(click, trainer.Result.Network));
        Assert.Throws<ArgumentException>(() => new DrlbController(click, trainer.Result.Network));
    }

    [Fact]
    public void Broken_files_of_an_actor_are_named()
    {
        string stem = Path.Combine(_folder.FullName, "broken");
        File.WriteAllText(stem + ".json", "{");
        Assert.Contains("broken.json", Assert.Throws<InvalidDataException>(() => TrainedActor.Load(stem)).Message);
    }

    [Fact]
    public void A_log_too_short_to_learn_from_is_refused() =>
        Assert.Contains("too few", Assert.Throws<ArgumentException>(() => new LogDays(Logs.Clicks([1], [1]), [])).Message);

    [Fact]
    public void Days_made_of_a_short_log_are_as_long_as_those_to_come()
    {
        AuctionLog log = Logs.TwoKpis(2000, 4);
        AuctionLog clicks = BidProduct.Click.Columns(log.Cost.ToArray(), log.P(0).ToArray());
        foreach ((int auctions, int length) in new[] { (6000, 6000), (90_000, 20_000) })
        {
            BidDay day = new LogDays(clicks, [], LogDaysOptions.ForDaysOf(auctions)).Draw(new SeededRandom(3));
            Assert.Equal(length, day.Log.Count);
            Assert.Equal(length, day.History!.Count);
            // Yesterday knows no drift: its auctions are the log's, drawn evenly out of their order.
            var known = clicks.Value.ToArray().ToHashSet();
            double[] drawn = day.History.Value.ToArray();
            Assert.All(drawn, value => Assert.Contains(value, known));
            Assert.True(drawn[..500].Distinct().Count() > 200);
            Assert.Equal(1, drawn[..(length / 2)].Average() / drawn.Average(), 0.2);
        }
        Assert.InRange(new LogDays(clicks, []).Draw(new SeededRandom(3)).Log.Count, 500, 2000);
    }

    private static LogDays Days()
    {
        AuctionLog two = Logs.TwoKpis(6000, 77);
        AuctionLog log = BidProduct.ClickCpc.Columns(two.Cost.ToArray(), two.P(0).ToArray());
        return new LogDays(
            log, BidProduct.ClickCpc.Goal(1, cpc: 0.5 * Logs.Sum(log.Cost) / Logs.Sum(log.Value)).Kpis,
            new LogDaysOptions { Auctions = 1500, Ticks = 24, StartError = 0.5, SmallestBudgetShare = 0.05 });
    }

    private static float[] Outputs(ActorNetwork network)
    {
        float[] inputs = [.. Enumerable.Range(0, network.Inputs).Select(i => MathF.Sin(i))], outputs = new float[network.Outputs];
        network.Forward(inputs, outputs);
        return outputs;
    }
}
