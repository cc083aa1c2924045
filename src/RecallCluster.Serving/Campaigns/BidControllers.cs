using System.Collections.Frozen;
using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Control.Networks;
using RecallCluster.Bidding.Goals;

namespace RecallCluster.Serving.Campaigns;

/// <summary>
/// The controllers of <see cref="ControllerCatalogue"/> by name. Those that were trained have an actor for each product: one out of a
/// folder, or else the one that is shipped; where there is neither, <see cref="Fallback"/> takes their place.
/// </summary>
public sealed class BidControllers
{
    /// <summary>
    /// The controller that stands in for a trained one that is not there: it learns all that it needs from the day's own auctions.
    /// </summary>
    public const string Fallback = "replan";

    private readonly FrozenDictionary<string, IBidControllerFactory> _factories;

    /// <summary>
    /// All controllers that need no training, the trained ones that are shipped, and in place of those what a folder has.
    /// </summary>
    /// <param name="actors">Folder of files such as <c>uscb-click-cpc.json</c> with its weights; null for the shipped ones alone.</param>
    /// <exception cref="DirectoryNotFoundException">The folder is not there.</exception>
    /// <exception cref="InvalidDataException">A file is broken.</exception>
    public BidControllers(string? actors = null)
    {
        Dictionary<string, IBidControllerFactory> factories = ControllerCatalogue.Untrained.ToDictionary(factory => factory.Name);
        if (Directory.Exists(ControllerCatalogue.ShippedActors))
            AddActors(factories, ControllerCatalogue.ShippedActors);
        if (actors is not null)
            AddActors(factories, actors);
        _factories = factories.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>Names that a campaign can ask for.</summary>
    public IReadOnlyList<string> Names { get; } = ControllerCatalogue.Names;

    /// <summary>The name of the controller that really serves a campaign which asks for <paramref name="name"/>.</summary>
    public string InPlaceOf(string name, string product) =>
        _factories.ContainsKey(ControllerCatalogue.FileStem(name, product)) || _factories.ContainsKey(name) ? name : Fallback;

    /// <summary>A controller for one campaign.</summary>
    public IBidController Create(string name, string product, ControllerSetting setting)
    {
        if (!_factories.TryGetValue(ControllerCatalogue.FileStem(name, product), out IBidControllerFactory? factory)
            && !_factories.TryGetValue(name, out factory))
            factory = _factories[Fallback];
        return factory.Create(setting);
    }

    private static void AddActors(Dictionary<string, IBidControllerFactory> factories, string folder)
    {
        foreach (string path in Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal))
            AddActor(factories, path);
    }

    private static void AddActor(Dictionary<string, IBidControllerFactory> factories, string path)
    {
        string stem = Path.GetFileNameWithoutExtension(path);
        string? kind = ControllerCatalogue.TrainedNames.FirstOrDefault(
            name => stem.StartsWith(ControllerCatalogue.FileStem(name, ""), StringComparison.Ordinal));
        if (kind is null)
            return;
        TrainedActor actor = TrainedActor.Load(Path.ChangeExtension(path, null));
        if (actor.Config.Controller != kind)
            throw new InvalidDataException($"{path}: it holds an actor of controller '{actor.Config.Controller}', not '{kind}'.");
        BidProduct? product = BidProduct.All.FirstOrDefault(product => stem == ControllerCatalogue.FileStem(kind, product.Name));
        if (product is not null && product.KpiCount != actor.Config.Kpis)
            throw new InvalidDataException(
                $"{path}: it holds an actor for {actor.Config.Kpis} KPIs, product '{product.Name}' has {product.KpiCount}.");
        factories[stem] = ControllerCatalogue.Trained(kind, actor.Network);
    }
}
