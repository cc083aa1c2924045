using System.Diagnostics;
using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Control.Networks;
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
internal sealed record BidTrainReport(
    string Product, string Days, string Out, IReadOnlyList<BidTraining> Trainings, IReadOnlyList<string> Plots);

/// <summary><c>bid train</c>: actors for the controllers that learn.</summary>
internal static class BidTrain
{
    private const int CheckpointEvery = 10;

    public static BidTrainReport Run(BidTrainOptions options, IStages stages, CancellationToken cancellation)
    {
        string[] learners = [.. options.Controllers.Where(ControllerCatalogue.IsTrained)];
        if (learners.Length == 0 && !options.CompareCritics)
            throw new UsageException($"--controllers: only {string.Join(" and ", ControllerCatalogue.TrainedNames)} are trained.");
        ITrainingDays days = Days(options);
        Directory.CreateDirectory(options.Out);
        var trainings = new List<BidTraining>();
        foreach (string name in learners)
            trainings.Add(Train(name, BidActors.Trainer(name, days, options.Rounds, options.Seed), options, stages, cancellation));
        if (options.CompareCritics)
        {
            var ordinary = new UscbOptions { Rounds = options.Rounds, Target = CriticTarget.Bootstrapped };
            trainings.Add(Train("ddpg", new UscbTrainer(days, ordinary, new SeededRandom(options.Seed)), options, stages, cancellation));
        }
        string[] plots = options.Plots is null ? [] : [BidPlots.Convergence(options.Plots, trainings)];
        string source = options.Log is null ? "simulated campaigns" : $"made of a log of {options.Log.Count} auctions";
        return new BidTrainReport(options.Goal.Product.Name, source, options.Out, trainings, plots);
    }

    private static ITrainingDays Days(BidTrainOptions options)
    {
        BidProduct product = options.Goal.Product;
        if (options.Log is null)
            return new CampaignDays(new CampaignDaysOptions { Product = product, Ticks = options.Ticks });
        AuctionLog log = options.Goal.Columns(options.Log);
        return new LogDays(log, options.Goal.Goal(0).Kpis, LogDaysOptions.ForDaysOf(log.Count) with { Ticks = options.Ticks });
    }

    private static BidTraining Train(
        string name, ActorTrainer trainer, BidTrainOptions options, IStages stages, CancellationToken cancellation) =>
        stages.Run($"Train {name}", stage =>
        {
            string stem = BidActors.Stem(options.Out, name, options.Goal.Product.Name), checkpoint = stem + ".checkpoint.safetensors";
            if (File.Exists(checkpoint))
                trainer.LoadCheckpoint(checkpoint);
            int resumed = trainer.Round;
            stage.Report(resumed > 0 ? $"goes on after round {resumed}" : "from the beginning");
            long started = Stopwatch.GetTimestamp();
            while (trainer.Round < options.Rounds)
            {
                int until = Math.Min(options.Rounds, trainer.Round + CheckpointEvery);
                trainer.Run(BidActors.Progress(stage, options.Rounds), until, cancellation);
                trainer.SaveCheckpoint(checkpoint);
            }
            TrainedActor result = trainer.Result;
            result.Save(stem);
            double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            return new BidTraining(name, result.Config.Score, seconds, resumed, [.. trainer.Curve]);
        });
}
