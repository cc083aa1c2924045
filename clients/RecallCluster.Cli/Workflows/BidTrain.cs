using System.Diagnostics;
using RecallCluster.Bidding.Control.Drlb;
using RecallCluster.Bidding.Control.Uscb;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;
using RecallCluster.Bidding.Replay;
using RecallCluster.Bidding.Training;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Numerics;
using RecallCluster.Simulation.Bidding;

namespace RecallCluster.Cli.Workflows;

/// <summary>What <c>bid train</c> is asked.</summary>
internal sealed record BidTrainOptions
{
    public BidLog? Log { get; init; }

    public required BidGoalChoice Goal { get; init; }

    public required string Out { get; init; }

    public required IReadOnlyList<string> Controllers { get; init; }

    public int Rounds { get; init; } = 60;

    public int Ticks { get; init; } = 48;

    public bool CompareCritics { get; init; }

    public string? Plots { get; init; }

    public ulong Seed { get; init; }
}

/// <summary>One training: its best score (penalised R/R* on days kept for validation) and how it came there.</summary>
internal sealed record BidTraining(string Controller, double Score, double Seconds, int ResumedAtRound, IReadOnlyList<TrainingPoint> Curve);

/// <summary>The report of <c>bid train</c>.</summary>
internal sealed record BidTrainReport(string Product, string Days, string Out, IReadOnlyList<BidTraining> Trainings, IReadOnlyList<string> Plots);

/// <summary><c>bid train</c>: actors for the controllers that learn.</summary>
internal static class BidTrain
{
    private const int CheckpointEvery = 10;

    public static BidTrainReport Run(BidTrainOptions options, IStages stages, CancellationToken cancellation)
    {
        ITrainingDays days = Days(options);
        Directory.CreateDirectory(options.Out);
        string product = options.Goal.Product.Name;
        var trainings = new List<BidTraining>();
        foreach (string name in options.Controllers.Where(name => name is "drlb" or "uscb"))
            trainings.Add(name == "uscb"
                ? Uscb("uscb", CriticTarget.ActThenHold, days, options, stages, cancellation)
                : Drlb(days, options, stages, cancellation));
        if (options.CompareCritics)
            trainings.Add(Uscb("ddpg", CriticTarget.Bootstrapped, days, options, stages, cancellation));
        string[] plots = options.Plots is null ? [] : [BidPlots.Convergence(options.Plots, trainings)];
        return new BidTrainReport(product, options.Log is null ? "simulated campaigns" : $"made of a log of {options.Log.Count} auctions", options.Out, trainings, plots);
    }

    private static ITrainingDays Days(BidTrainOptions options)
    {
        BidProduct product = options.Goal.Product;
        if (options.Log is null)
            return new CampaignDays(new CampaignDaysOptions { Product = product, Ticks = options.Ticks });
        AuctionLog log = options.Goal.Columns(options.Log);
        return new LogDays(log, options.Goal.Goal(0).Kpis, new LogDaysOptions { Ticks = options.Ticks });
    }

    private static BidTraining Uscb(string name, CriticTarget target, ITrainingDays days, BidTrainOptions options, IStages stages, CancellationToken cancellation) =>
        stages.Run($"Train {name}", stage =>
        {
            var trainer = new UscbTrainer(days, new UscbOptions { Rounds = options.Rounds, Target = target }, new SeededRandom(options.Seed));
            string stem = BidControllers.Stem(options.Out, name, options.Goal.Product.Name);
            return Train(name, stem, stage, options.Rounds, trainer.LoadCheckpoint, trainer.SaveCheckpoint, () => trainer.Round, until => trainer.Run(Relay(stage, options.Rounds), until, cancellation),
                () => trainer.Result.Save(stem), () => trainer.Result.Config.Score, () => trainer.Curve);
        });

    private static BidTraining Drlb(ITrainingDays days, BidTrainOptions options, IStages stages, CancellationToken cancellation) =>
        stages.Run("Train drlb", stage =>
        {
            var trainer = new DrlbTrainer(days, new DrlbOptions { Rounds = options.Rounds }, new SeededRandom(options.Seed));
            string stem = BidControllers.Stem(options.Out, "drlb", options.Goal.Product.Name);
            return Train("drlb", stem, stage, options.Rounds, trainer.LoadCheckpoint, trainer.SaveCheckpoint, () => trainer.Round, until => trainer.Run(Relay(stage, options.Rounds), until, cancellation),
                () => trainer.Result.Save(stem), () => trainer.Result.Config.Score, () => trainer.Curve);
        });

    private static BidControllers.Relay Relay(IStage stage, int rounds) =>
        new(point => stage.Update((double)point.Round / rounds, $"round {point.Round}: {point.Score:F4}"));

    private static BidTraining Train(
        string name, string stem, IStage stage, int rounds, Action<string> load, Action<string> save, Func<int> round, Action<int> run, Action result, Func<double> score,
        Func<IReadOnlyList<TrainingPoint>> curve)
    {
        string checkpoint = stem + ".checkpoint.safetensors";
        if (File.Exists(checkpoint))
            load(checkpoint);
        int resumed = round();
        stage.Report(resumed > 0 ? $"goes on after round {resumed}" : "from the beginning");
        long started = Stopwatch.GetTimestamp();
        while (round() < rounds)
        {
            run(Math.Min(rounds, round() + CheckpointEvery));
            save(checkpoint);
        }
        result();
        return new BidTraining(name, score(), Stopwatch.GetElapsedTime(started).TotalSeconds, resumed, [.. curve()]);
    }
}
