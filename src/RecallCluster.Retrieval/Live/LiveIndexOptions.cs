namespace RecallCluster.Retrieval.Live;

/// <summary>The knobs of a <see cref="LiveIndex"/>.</summary>
public sealed record LiveIndexOptions
{
    /// <summary>Width of the search for the neighbours of an added ad: more gives better links and slower additions.</summary>
    public int EfConstruction { get; init; } = 200;

    /// <summary>One added ad in so many rises from a layer to the next; at least 2.</summary>
    public int LevelRatio { get; init; } = 32;

    /// <summary>Seed of the levels of added ads.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>
    /// Ads that can be added before everything is copied into larger memory; null for as many as there are at first, and 1,024 at least.
    /// Room costs address space, memory only as it is used.
    /// </summary>
    public int? Room { get; init; }

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(EfConstruction, 1, nameof(EfConstruction));
        ArgumentOutOfRangeException.ThrowIfLessThan(LevelRatio, 2, nameof(LevelRatio));
        if (Room is int room)
            ArgumentOutOfRangeException.ThrowIfNegative(room, nameof(Room));
    }
}
