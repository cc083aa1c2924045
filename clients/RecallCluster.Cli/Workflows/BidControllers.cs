using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Control.Drlb;
using RecallCluster.Bidding.Control.Dual;
using RecallCluster.Bidding.Control.Fixed;
using RecallCluster.Bidding.Control.Networks;
using RecallCluster.Bidding.Control.Pid;
using RecallCluster.Bidding.Control.Replan;
using RecallCluster.Bidding.Control.Uscb;
using RecallCluster.Bidding.Training;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Numerics;

namespace RecallCluster.Cli.Workflows;

/// <summary>Controllers by name, those that learn trained or read from a folder.</summary>
internal static class BidControllers
{
    public static IReadOnlyList<string> Names { get; } = ["fb", "pid", "m-pid", "dual", "replan", "drlb", "uscb"];

    /// <summary>The path of an actor's files without extension.</summary>
    public static string Stem(string folder, string controller, string product) => Path.Combine(folder, $"{controller}-{product}");

    /// <summary>Factories of the controllers named, in that order.</summary>
    /// <param name="names">Names out of <see cref="Names"/>.</param>
    /// <param name="actor">The actor of a controller that needs one.</param>
    public static IBidControllerFactory[] Factories(IReadOnlyList<string> names, Func<string, ActorNetwork> actor) =>
    [
        .. names.Select(name => name switch
        {
            "fb" => new FixedControllerFactory(),
            "pid" => new PidControllerFactory(),
            "m-pid" => new MultivariablePidControllerFactory(),
            "dual" => new DualControllerFactory(),
            "replan" => new ReplanControllerFactory(),
            "drlb" => new DrlbControllerFactory(actor(name)),
            _ => (IBidControllerFactory)new UscbControllerFactory(actor(name)),
        }),
    ];

    /// <summary>Reads an actor from a folder, or trains it.</summary>
    public static ActorNetwork ActorOf(
        string name, string product, string? models, Func<ITrainingDays> days, int rounds, ulong seed, IStages stages,
        CancellationToken cancellation)
    {
        if (models is not null)
            return TrainedActor.Load(Stem(models, name, product)).Network;
        return stages.Run($"Train {name} for {product}", stage =>
        {
            var progress = new Relay(point => stage.Update((double)point.Round / rounds, $"round {point.Round}: {point.Score:F4}"));
            if (name == "uscb")
            {
                var trainer = new UscbTrainer(days(), new UscbOptions { Rounds = rounds }, new SeededRandom(seed));
                trainer.Run(progress, cancellation: cancellation);
                return trainer.Result.Network;
            }
            var other = new DrlbTrainer(days(), new DrlbOptions { Rounds = rounds }, new SeededRandom(seed));
            other.Run(progress, cancellation: cancellation);
            return other.Result.Network;
        });
    }

    /// <summary>Passes progress on at once, on the thread that reports it.</summary>
    internal sealed class Relay(Action<TrainingPoint> action) : IProgress<TrainingPoint>
    {
        public void Report(TrainingPoint value) => action(value);
    }
}
