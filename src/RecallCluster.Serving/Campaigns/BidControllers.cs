using System.Collections.Frozen;
using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Control.Drlb;
using RecallCluster.Bidding.Control.Dual;
using RecallCluster.Bidding.Control.Fixed;
using RecallCluster.Bidding.Control.Networks;
using RecallCluster.Bidding.Control.Pid;
using RecallCluster.Bidding.Control.Replan;
using RecallCluster.Bidding.Control.Uscb;

namespace RecallCluster.Serving.Campaigns;

/// <summary>
/// Controllers by name. Those that were trained (uscb, drlb) come from a folder of actors, a file for each product; where there is none for
/// a
/// product, <see cref="Fallback"/> takes their place.
/// </summary>
public sealed class BidControllers
{
    /// <summary>
    /// The controller that stands in for a trained one that is not there: it learns all that it needs from the day's own auctions.
    /// </summary>
    public const string Fallback = "replan";

    private static readonly string[] s_trained = ["uscb", "drlb"];
    private readonly FrozenDictionary<string, IBidControllerFactory> _factories;

    /// <summary>All controllers that need no training, and the trained ones found in a folder.</summary>
    /// <param name="actors">Folder of files such as <c>uscb-click-cpc.json</c> with its weights; null for none.</param>
    /// <exception cref="DirectoryNotFoundException">The folder is not there.</exception>
    /// <exception cref="InvalidDataException">A file is broken.</exception>
    public BidControllers(string? actors = null)
    {
        IBidControllerFactory[] untrained =
        [
            new FixedControllerFactory(), new PidControllerFactory(), new MultivariablePidControllerFactory(), new DualControllerFactory(),
            new ReplanControllerFactory(),
        ];
        Dictionary<string, IBidControllerFactory> factories = untrained.ToDictionary(factory => factory.Name);
        if (actors is not null)
        {
            foreach (string path in Directory.EnumerateFiles(actors, "*.json").Order(StringComparer.Ordinal))
                AddActor(factories, path);
        }
        _factories = factories.ToFrozenDictionary(StringComparer.Ordinal);
        Names = [.. untrained.Select(factory => factory.Name), .. s_trained];
    }

    /// <summary>Names that a campaign can ask for.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The name of the controller that really serves a campaign which asks for <paramref name="name"/>.</summary>
    public string InPlaceOf(string name, string product) =>
        _factories.ContainsKey($"{name}-{product}") ? name : _factories.ContainsKey(name) ? name : Fallback;

    /// <summary>A controller for one campaign.</summary>
    public IBidController Create(string name, string product, ControllerSetting setting)
    {
        if (!_factories.TryGetValue($"{name}-{product}", out IBidControllerFactory? factory) && !_factories.TryGetValue(name, out factory))
            factory = _factories[Fallback];
        return factory.Create(setting);
    }

    private static void AddActor(Dictionary<string, IBidControllerFactory> factories, string path)
    {
        string name = Path.GetFileNameWithoutExtension(path);
        string? kind = Array.Find(s_trained, kind => name.StartsWith(kind + "-", StringComparison.Ordinal));
        if (kind is null)
            return;
        TrainedActor actor = TrainedActor.Load(Path.ChangeExtension(path, null));
        if (actor.Config.Controller != kind)
            throw new InvalidDataException($"{path}: it holds an actor of controller '{actor.Config.Controller}', not '{kind}'.");
        factories[name] = kind == "uscb" ? new UscbControllerFactory(actor.Network) : new DrlbControllerFactory(actor.Network);
    }
}
