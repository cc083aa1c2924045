using System.Collections.Frozen;
using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Control.Networks;
using RecallCluster.Bidding.Formula;
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

    private BidControllers(Dictionary<string, IBidControllerFactory> factories) =>
        _factories = factories.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Names that a campaign can ask for.</summary>
    public IReadOnlyList<string> Names { get; } = ControllerCatalogue.Names;

    /// <summary>The name of the controller that really serves a campaign which asks for <paramref name="name"/>.</summary>
    public string InPlaceOf(string name, string product) =>
        _factories.ContainsKey(ControllerCatalogue.FileStem(name, product)) || _factories.ContainsKey(name) ? name : Fallback;

    /// <summary>A controller for one campaign.</summary>
    public IBidController Create(string name, string product, ControllerSetting setting) => For(name, product).Create(setting);

    /// <summary>What makes controllers for campaigns of one product.</summary>
    internal IBidControllerFactory For(string name, string product) =>
        _factories.TryGetValue(ControllerCatalogue.FileStem(name, product), out IBidControllerFactory? factory)
        || _factories.TryGetValue(name, out factory)
            ? factory : _factories[Fallback];

    /// <summary>These, with the actors of files in place of those of the same names.</summary>
    /// <param name="files">Contents by file name.</param>
    /// <exception cref="InvalidDataException">A file is broken, or no actor's; the message names it.</exception>
    internal BidControllers With(IReadOnlyDictionary<string, byte[]> files)
    {
        var factories = new Dictionary<string, IBidControllerFactory>(_factories);
        foreach (string file in files.Keys.Order(StringComparer.Ordinal))
        {
            string stem = Path.GetFileNameWithoutExtension(file);
            (string config, string weights) = (stem + TrainedActor.ConfigExtension, stem + TrainedActor.WeightsExtension);
            if ((file != config && file != weights) || KindOf(stem) is not { } kind || ProductOf(stem, kind) is null)
                throw new InvalidDataException($"{file}: no actor has a file of that name; they are called such as 'uscb-click-cpc.json'.");
            if (!files.TryGetValue(config, out byte[]? json) || !files.TryGetValue(weights, out byte[]? values))
                throw new InvalidDataException($"{file}: an actor is both {config} and {weights}.");
            if (file == config)
                AddActor(factories, config, kind, TrainedActor.Read(stem, json, values));
        }
        return new BidControllers(factories);
    }

    private static void AddActors(Dictionary<string, IBidControllerFactory> factories, string folder)
    {
        foreach (string path in Directory.EnumerateFiles(folder, "*" + TrainedActor.ConfigExtension).Order(StringComparer.Ordinal))
        {
            if (KindOf(Path.GetFileNameWithoutExtension(path)) is { } kind)
                AddActor(factories, path, kind, TrainedActor.Load(Path.ChangeExtension(path, null)));
        }
    }

    private static string? KindOf(string stem) => ControllerCatalogue.TrainedNames.FirstOrDefault(
        name => stem.StartsWith(ControllerCatalogue.FileStem(name, ""), StringComparison.Ordinal));

    private static BidProduct? ProductOf(string stem, string kind) =>
        BidProduct.All.FirstOrDefault(product => stem == ControllerCatalogue.FileStem(kind, product.Name));

    private static void AddActor(Dictionary<string, IBidControllerFactory> factories, string path, string kind, TrainedActor actor)
    {
        string stem = Path.GetFileNameWithoutExtension(path);
        if (actor.Config.Controller != kind)
            throw new InvalidDataException($"{path}: it holds an actor of controller '{actor.Config.Controller}', not '{kind}'.");
        IBidControllerFactory factory = ControllerCatalogue.Trained(kind, actor.Network);
        if (ProductOf(stem, kind) is { } product)
        {
            if (product.KpiCount != actor.Config.Kpis)
                throw new InvalidDataException(
                    $"{path}: it holds an actor for {actor.Config.Kpis} KPIs, product '{product.Name}' has {product.KpiCount}.");
            Try(path, factory, product);
        }
        factories[stem] = factory;
    }

    /// <summary>Has a controller begin a day, so that it is no campaign that finds out that it cannot.</summary>
    private static void Try(string path, IBidControllerFactory factory, BidProduct product)
    {
        var start = new BidWeights(1, new double[product.KpiCount]);
        try
        {
            factory.Create(new ControllerSetting(product.Goal(1, cpc: 1, ctr: 0.01), start)).Decide(new ControlState
            {
                Tick = 0, Ticks = 48, Elapsed = 0, TickShare = 1.0 / 48, Budget = 1, Total = default, Last = default, Weights = start,
            });
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }
}
