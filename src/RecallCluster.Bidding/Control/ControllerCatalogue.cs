using RecallCluster.Bidding.Control.Drlb;
using RecallCluster.Bidding.Control.Dual;
using RecallCluster.Bidding.Control.Fixed;
using RecallCluster.Bidding.Control.Networks;
using RecallCluster.Bidding.Control.Pid;
using RecallCluster.Bidding.Control.Replan;
using RecallCluster.Bidding.Control.Uscb;

namespace RecallCluster.Bidding.Control;

/// <summary>Every kind of controller by its name, and what the files of those that are trained are called.</summary>
public static class ControllerCatalogue
{
    /// <summary>The name of DRLB, which is trained.</summary>
    public const string Drlb = "drlb";

    /// <summary>The name of USCB, which is trained.</summary>
    public const string Uscb = "uscb";

    /// <summary>Controllers that need no training.</summary>
    public static IReadOnlyList<IBidControllerFactory> Untrained { get; } =
    [
        new FixedControllerFactory(), new PidControllerFactory(), new MultivariablePidControllerFactory(), new DualControllerFactory(),
        new ReplanControllerFactory(),
    ];

    /// <summary>Names of controllers that are trained: each needs an actor.</summary>
    public static IReadOnlyList<string> TrainedNames { get; } = [Drlb, Uscb];

    /// <summary>Whether a controller is trained.</summary>
    public static bool IsTrained(string name) => TrainedNames.Contains(name);

    /// <summary>All names, those that need no training first.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Untrained.Select(factory => factory.Name), .. TrainedNames];

    /// <summary>The file name, without extension, of an actor for campaigns of one product.</summary>
    /// <param name="controller">Name of the controller.</param>
    /// <param name="product">Name of the <see cref="Goals.BidProduct"/>.</param>
    public static string FileStem(string controller, string product) => $"{controller}-{product}";

    /// <summary>
    /// The folder of actors that come with this library, beside the program: trained by <c>bid train --seed 1</c> on simulated campaigns.
    /// </summary>
    public static string ShippedActors { get; } = Path.Combine(AppContext.BaseDirectory, "actors");

    /// <summary>Controllers of a trained kind.</summary>
    /// <param name="name">One of <see cref="TrainedNames"/>.</param>
    /// <param name="actor">What it learned.</param>
    /// <exception cref="ArgumentException">No controller of that name is trained.</exception>
    public static IBidControllerFactory Trained(string name, ActorNetwork actor) => name switch
    {
        Drlb => new DrlbControllerFactory(actor),
        Uscb => new UscbControllerFactory(actor),
        _ => throw new ArgumentException($"No controller '{name}' is trained; there are {string.Join(", ", TrainedNames)}.", nameof(name)),
    };

    /// <summary>Controllers of any kind.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="actor">Tells what a controller learned; asked only for one that is trained.</param>
    /// <exception cref="ArgumentException">There is no controller of that name.</exception>
    public static IBidControllerFactory Of(string name, Func<string, ActorNetwork> actor)
    {
        ArgumentNullException.ThrowIfNull(actor);
        if (IsTrained(name))
            return Trained(name, actor(name));
        return Untrained.FirstOrDefault(factory => factory.Name == name)
            ?? throw new ArgumentException($"There is no controller '{name}'; there are {string.Join(", ", Names)}.", nameof(name));
    }
}
