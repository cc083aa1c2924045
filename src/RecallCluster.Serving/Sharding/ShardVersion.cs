using RecallCluster.Numerics;
using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Serving;

/// <summary>One version of a shard: an index, the scorer that reads it, and the search over both.</summary>
public sealed class ShardVersion : IDisposable
{
    private readonly IDisposable? _scorerOwner;
    private readonly string?[] _ids;
    private ClassBids? _bids;

    /// <summary>A version that owns <paramref name="index"/> and, where it can be disposed, <paramref name="scorer"/>.</summary>
    /// <param name="name">Name of the version; queries ask for it.</param>
    /// <param name="index">The index.</param>
    /// <param name="scorer">The scoring model over the index's ordinals.</param>
    /// <param name="parameters">The knobs of the search.</param>
    /// <param name="team">Threads that share the scoring of a batch, or null for the searching thread alone.</param>
    /// <param name="time">The clock of deadlines.</param>
    /// <exception cref="ArgumentException">The scorer knows fewer ads than the index has, or a knob has no meaning.</exception>
    public ShardVersion(string name, AdIndex index, IScorer scorer, GuidedSearchParameters parameters, WorkerTeam? team, TimeProvider time)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(index);
        Name = name;
        Index = index;
        _ids = new string?[index.Count];
        Search = new GuidedSearch(index.Graph, scorer, parameters, team, time);
        Scorer = scorer;
        _scorerOwner = scorer as IDisposable;
    }

    /// <summary>Name of the version.</summary>
    public string Name { get; }

    /// <summary>The index.</summary>
    public AdIndex Index { get; }

    /// <summary>The search over the index.</summary>
    public GuidedSearch Search { get; }

    /// <summary>The model over the index's ordinals.</summary>
    internal IScorer Scorer { get; }

    /// <summary>Whose each ad is; null until it was published.</summary>
    internal PlacementClasses? Placements { get; set; }

    /// <summary>What the classes of ads bid; null until a book and placements were published.</summary>
    internal ClassBids? Bids
    {
        get => Volatile.Read(ref _bids);
        set => Volatile.Write(ref _bids, value);
    }

    /// <summary>
    /// The id of an ad, as one and the same string each time: few ads make up most answers, and every one of them is named in many.
    /// </summary>
    internal string IdOf(int ordinal) => _ids[ordinal] ??= Index.IdOf(ordinal);

    /// <summary>Closes the index.</summary>
    public void Dispose()
    {
        _scorerOwner?.Dispose();
        Index.Dispose();
    }
}
