namespace RecallCluster.Calibration.Counts;

/// <summary>
/// Counts by context. A context is a path of names joined by '/', from the general to the special ("advertiser/campaign"); an
/// impression is counted once, at its own path, and what its ancestors hold follows by adding up. Mergeable like the counts it holds.
/// </summary>
public sealed class ContextCounts : IEquatable<ContextCounts>
{
    /// <summary>The context of impressions that name none: the root.</summary>
    public const string Root = "";

    private readonly Dictionary<string, CalibrationCounts> _contexts = new(StringComparer.Ordinal);

    /// <summary>The contexts that impressions were counted at, in ordinal order.</summary>
    public IReadOnlyList<string> Contexts
    {
        get
        {
            string[] names = [.. _contexts.Keys];
            Array.Sort(names, StringComparer.Ordinal);
            return names;
        }
    }

    /// <summary>Whether nothing has been counted.</summary>
    public bool IsEmpty => _contexts.Values.All(counts => counts.IsEmpty);

    /// <summary>The counts kept at <paramref name="context"/> itself, created when new. Hold on to them on a hot path.</summary>
    /// <exception cref="ArgumentException">The path has an empty name in it.</exception>
    public CalibrationCounts At(string? context)
    {
        string path = context ?? Root;
        if (!_contexts.TryGetValue(path, out CalibrationCounts? counts))
        {
            if (path.Length > 0 && path.Split('/').Any(name => name.Length == 0))
                throw new ArgumentException($"Context '{path}' has an empty name between its slashes.", nameof(context));
            _contexts[path] = counts = new CalibrationCounts();
        }
        return counts;
    }

    /// <summary>Counts one impression; see <see cref="CalibrationCounts.Add(double, double, double)"/>.</summary>
    public void Add(string? context, double p, double y, double weight = 1) => At(context).Add(p, y, weight);

    /// <summary>Everything counted, whatever its context.</summary>
    public CalibrationCounts Total()
    {
        var total = new CalibrationCounts();
        foreach (CalibrationCounts counts in _contexts.Values)
            total.Merge(counts);
        return total;
    }

    /// <summary>The counts of every context and of every ancestor of one, children added up; the root is always there.</summary>
    public SortedDictionary<string, CalibrationCounts> RollUp()
    {
        var tree = new SortedDictionary<string, CalibrationCounts>(StringComparer.Ordinal) { [Root] = new() };
        foreach ((string context, CalibrationCounts counts) in _contexts)
        {
            for (string? path = context; path is not null; path = Parent(path))
            {
                if (!tree.TryGetValue(path, out CalibrationCounts? sum))
                    tree[path] = sum = new CalibrationCounts();
                sum.Merge(counts);
            }
        }
        return tree;
    }

    /// <summary>Adds the counts of another part of the traffic; exact, in any order.</summary>
    public void Merge(ContextCounts other)
    {
        ArgumentNullException.ThrowIfNull(other);
        foreach ((string context, CalibrationCounts counts) in other._contexts)
            At(context).Merge(counts);
    }

    /// <summary>Takes out a part that was merged before; exact.</summary>
    /// <exception cref="InvalidOperationException">The part is not contained in these counts.</exception>
    public void Subtract(ContextCounts part)
    {
        ArgumentNullException.ThrowIfNull(part);
        foreach ((string context, CalibrationCounts counts) in part._contexts)
            At(context).Subtract(counts);
    }

    /// <summary>The path one level up, or null for the root.</summary>
    public static string? Parent(string context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.Length == 0)
            return null;
        int slash = context.LastIndexOf('/');
        return slash < 0 ? Root : context[..slash];
    }

    /// <inheritdoc/>
    public bool Equals(ContextCounts? other)
    {
        if (other is null)
            return false;
        foreach (string context in _contexts.Keys.Union(other._contexts.Keys))
        {
            CalibrationCounts mine = _contexts.GetValueOrDefault(context) ?? new CalibrationCounts();
            if (!mine.Equals(other._contexts.GetValueOrDefault(context) ?? new CalibrationCounts()))
                return false;
        }
        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ContextCounts);

    /// <inheritdoc/>
    public override int GetHashCode() => Total().GetHashCode();
}
