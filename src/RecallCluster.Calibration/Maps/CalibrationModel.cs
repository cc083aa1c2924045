using System.Collections.Frozen;
using RecallCluster.Calibration.Counts;

namespace RecallCluster.Calibration.Maps;

/// <summary>
/// What a calibrator fitted: a map for everything and, where the method looks at contexts, maps of their own for some of them. An
/// immutable value. Look the context's map up once (<see cref="For"/>) and apply it many times.
/// </summary>
public sealed class CalibrationModel : IEquatable<CalibrationModel>
{
    private readonly FrozenDictionary<string, CalibrationMap> _contexts;

    /// <summary>A model of method <paramref name="method"/>.</summary>
    /// <param name="method">Name of the method that fitted it.</param>
    /// <param name="root">Map of everything that has no map of its own.</param>
    /// <param name="contexts">Maps by context path; may be null.</param>
    /// <exception cref="ArgumentException">The method has no name, or a context is the empty path (that is the root).</exception>
    public CalibrationModel(string method, CalibrationMap root, IReadOnlyDictionary<string, CalibrationMap>? contexts = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(method);
        ArgumentNullException.ThrowIfNull(root);
        Method = method;
        Root = root;
        _contexts = (contexts ?? FrozenDictionary<string, CalibrationMap>.Empty).ToFrozenDictionary(StringComparer.Ordinal);
        if (_contexts.ContainsKey(ContextCounts.Root))
            throw new ArgumentException("The root's map is not a context's map.", nameof(contexts));
    }

    /// <summary>Name of the method that fitted it.</summary>
    public string Method { get; }

    /// <summary>Map of everything that has no map of its own.</summary>
    public CalibrationMap Root { get; }

    /// <summary>Maps by context path.</summary>
    public IReadOnlyDictionary<string, CalibrationMap> Contexts => _contexts;

    /// <summary>
    /// The map of <paramref name="context"/>; if it has none, its nearest ancestor's ("advertiser" for an unknown
    /// "advertiser/campaign"), at last the root's. An unknown context is no error: new campaigns appear all the time.
    /// </summary>
    public CalibrationMap For(string? context)
    {
        if (_contexts.Count == 0)
            return Root;
        for (string? path = context; !string.IsNullOrEmpty(path); path = ContextCounts.Parent(path))
        {
            if (_contexts.TryGetValue(path, out CalibrationMap? map))
                return map;
        }
        return Root;
    }

    /// <summary>The calibrated probability of <paramref name="p"/> in <paramref name="context"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="p"/> is NaN or outside [0, 1].</exception>
    public double Apply(double p, string? context = null) => For(context).Apply(p);

    /// <inheritdoc/>
    public bool Equals(CalibrationModel? other) =>
        other is not null && Method == other.Method && Root.Equals(other.Root) && _contexts.Count == other._contexts.Count
        && _contexts.All(pair => other._contexts.TryGetValue(pair.Key, out CalibrationMap? map) && pair.Value.Equals(map));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CalibrationModel);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Method, Root, _contexts.Count);
}
