using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Control.Drlb;
using RecallCluster.Bidding.Control.Networks;
using RecallCluster.Bidding.Control.Uscb;
using RecallCluster.Bidding.Training;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Numerics;

namespace RecallCluster.Cli.Workflows;

/// <summary>What controllers learned: read from a folder, or trained now.</summary>
internal static class BidActors
{
    /// <summary>The path of an actor's files without extension.</summary>
    public static string Stem(string folder, string controller, string product) =>
        Path.Combine(folder, ControllerCatalogue.FileStem(controller, product));

    /// <summary>Factories of the controllers named, in that order.</summary>
    /// <param name="names">Names out of <see cref="ControllerCatalogue.Names"/>.</param>
    /// <param name="actor">The actor of a controller that needs one.</param>
    public static IBidControllerFactory[] Factories(IReadOnlyList<string> names, Func<string, ActorNetwork> actor) =>
        [.. names.Select(name => ControllerCatalogue.Of(name, actor))];

    /// <summary>A training of the controller of that name.</summary>
    public static ActorTrainer Trainer(string name, ITrainingDays days, int rounds, ulong seed) => name == ControllerCatalogue.Uscb
        ? new UscbTrainer(days, new UscbOptions { Rounds = rounds }, new SeededRandom(seed))
        : new DrlbTrainer(days, new DrlbOptions { Rounds = rounds }, new SeededRandom(seed));

    /// <summary>Reads an actor from a folder, or trains it.</summary>
    public static ActorNetwork Of(
        string name, string product, string? models, Func<ITrainingDays> days, int rounds, ulong seed, IStages stages,
        CancellationToken cancellation)
    {
        if (models is not null)
            return TrainedActor.Load(Stem(models, name, product)).Network;
        return stages.Run($"Train {name} for {product}", stage =>
        {
            ActorTrainer trainer = Trainer(name, days(), rounds, seed);
            trainer.Run(Progress(stage, rounds), cancellation: cancellation);
            return trainer.Result.Network;
        });
    }

    /// <summary>Tells a stage how far a training has come, at once and on the thread that reports it.</summary>
    public static IProgress<TrainingPoint> Progress(IStage stage, int rounds) =>
        new Relay(point => stage.Update((double)point.Round / rounds, $"round {point.Round}: {point.Score:F4}"));

    private sealed class Relay(Action<TrainingPoint> action) : IProgress<TrainingPoint>
    {
        public void Report(TrainingPoint value) => action(value);
    }
}
