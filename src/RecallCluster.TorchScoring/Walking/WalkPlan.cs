using RecallCluster.Retrieval.Guided;

namespace RecallCluster.TorchScoring.Walking;

/// <summary>The shapes of a walk on the device: what the knobs of <see cref="GuidedSearchParameters"/> come to over a graph.</summary>
internal sealed class WalkPlan
{
    private readonly GuidedSearchParameters _parameters;
    private readonly DeviceGraph _graph;
    private readonly int? _placesPerHop;

    public WalkPlan(GuidedSearchParameters parameters, DeviceGraph graph, int? placesPerHop)
    {
        (_parameters, _graph, _placesPerHop) = (parameters, graph, placesPerHop);
        EntryLayer = graph.MaxLevel > 0 && parameters.EntryLayer is { } entry ? Math.Min(entry, graph.MaxLevel) : null;
    }

    /// <summary>The layer that is scored as a whole, or null to start from the entry point.</summary>
    public int? EntryLayer { get; }

    /// <summary>Most scorings of a request.</summary>
    public int MaxScorings => _parameters.MaxScorings;

    /// <summary>Most ads that a request may want.</summary>
    public int MostWanted => EfOf(0);

    /// <summary>Ads that are kept on a layer.</summary>
    public int EfOf(int layer) => Math.Min(_parameters[layer].Ef, _graph.Count);

    public int HopsOf(int layer) => _parameters[layer].Hops;

    /// <summary>Ads that a hop expands.</summary>
    public int WidthOf(int layer) => Math.Min(_parameters[layer].Width, EfOf(layer));

    /// <summary>Ads that a hop scores at most; never fewer than one ad's neighbours, so that it gets on.</summary>
    public int PlacesOf(int layer)
    {
        int degree = _graph.DegreeOf(layer);
        int all = checked(WidthOf(layer) * degree);
        return Math.Min(all, Math.Max(degree, _placesPerHop ?? all));
    }
}
