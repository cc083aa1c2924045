using System.Text.Json.Serialization;

namespace RecallCluster.Retrieval.Guided;

/// <summary>How much of one layer a guided search looks at.</summary>
/// <param name="Ef">Number of best ads kept on the layer; on the bottom layer raised to K where it is less.</param>
/// <param name="Hops">Number of times (T) that a frontier is expanded; 0 only passes the entry points on.</param>
/// <param name="Width">
/// Number of ads expanded per hop: the best of those in W that were not expanded yet. The default expands all of them, in few large
/// batches; a small width reaches the same recall with fewer scorings, in more and smaller batches.
/// </param>
public readonly record struct LayerBudget(int Ef, int Hops, int Width = int.MaxValue);

/// <summary>Which set notes the ads that a search has met.</summary>
public enum VisitedKind
{
    /// <summary>One bit per ad.</summary>
    Bitmap,

    /// <summary>An open-addressing hash set: the alternative that the bitmap is measured against.</summary>
    HashSet,
}

/// <summary>The knobs of <see cref="GuidedSearch"/>; immutable, so that a tuned set can be shared and stored.</summary>
public sealed record GuidedSearchParameters
{
    /// <summary>A search with few scorings that suits K of some hundreds; the tuner finds better ones for a given model.</summary>
    public static GuidedSearchParameters Default { get; } = new();

    /// <summary>Budgets by layer, the bottom layer first; the last one holds for all layers above it. Not empty.</summary>
    [JsonRequired]
    public IReadOnlyList<LayerBudget> Layers { get; init; } = [new(400, 4), new(64, 3)];

    /// <summary>
    /// The layer that is scored as a whole to find the entry points, or null to start from the graph's single entry point. A user of
    /// several interests has good ads in several regions, which one entry point leads to poorly; an upper layer is a uniform sample of
    /// the ads. Taken as the top layer where that is lower, and as null where the graph has one layer only.
    /// </summary>
    public int? EntryLayer { get; init; }

    /// <summary>Hard limit of scorings per request.</summary>
    [JsonRequired]
    public int MaxScorings { get; init; } = int.MaxValue;

    /// <summary>
    /// Scorings that a walk costs per unit of ef, about. When a filter leaves so few eligible ads that scoring all of them costs no more
    /// than walking (and is within the limit of scorings), they are scored instead: the result is then exact. 0 never does that.
    /// </summary>
    [JsonRequired]
    public double ScanFactor { get; init; } = 8;

    /// <summary>The visited set.</summary>
    public VisitedKind Visited { get; init; } = VisitedKind.Bitmap;

    /// <summary>The budget of one layer.</summary>
    public LayerBudget this[int layer] => Layers[Math.Min(layer, Layers.Count - 1)];

    /// <summary>Checks that every knob has a meaning.</summary>
    /// <exception cref="ArgumentException">One has not; the message names it.</exception>
    public void Validate()
    {
        if (Layers is not { Count: > 0 })
            throw new ArgumentException("Layers is empty: the bottom layer needs a budget.", nameof(Layers));
        for (int layer = 0; layer < Layers.Count; layer++)
        {
            if (Layers[layer].Ef < 1 || Layers[layer].Hops < 0 || Layers[layer].Width < 1)
                throw new ArgumentException($"Layers[{layer}] is {Layers[layer]}: want Ef >= 1, Hops >= 0 and Width >= 1.", nameof(Layers));
        }
        if (EntryLayer < 1)
            throw new ArgumentException($"EntryLayer is {EntryLayer}: want 1 or more, or none.", nameof(EntryLayer));
        if (MaxScorings < 1)
            throw new ArgumentException($"MaxScorings is {MaxScorings}: want at least 1.", nameof(MaxScorings));
        if (!(ScanFactor >= 0))
            throw new ArgumentException($"ScanFactor is {ScanFactor}: want 0 or more.", nameof(ScanFactor));
    }
}
