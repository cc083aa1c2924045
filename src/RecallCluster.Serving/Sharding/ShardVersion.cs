using RecallCluster.Numerics;
using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Retrieval.Live;
using RecallCluster.Serving.NewAds;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Serving;

/// <summary>
/// One version of a shard: an index, the scorer that reads it, and the search over both. Once ads are put in that the index does not hold,
/// another version of the same name takes its place, over a copy of the index that can grow (<see cref="Growing"/>).
/// </summary>
public sealed class ShardVersion : IDisposable
{
    // With more deletions than one ad in so many, or than this number, links are led around them.
    private const int RepairShare = 1024, LeastRepair = 64;

    private readonly GuidedSearchParameters _parameters;
    private readonly WorkerTeam? _team;
    private readonly TimeProvider _time;
    private readonly SharedParts _parts;
    private readonly string?[] _ids = [];
    private readonly LiveIndex? _live;
    private ClassBids? _bids;
    private int _applied, _deletions, _isDisposed;

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
        (_parameters, _team, _time) = (parameters, team, time);
        Name = name;
        Index = index;
        _ids = new string?[index.Count];
        Search = new GuidedSearch(index.Graph, scorer, parameters, team, time);
        Scorer = scorer;
        _parts = new SharedParts(index);
    }

    private ShardVersion(ShardVersion other, LiveIndex live)
    {
        (_parameters, _team, _time, _live) = (other._parameters, other._team, other._time, live);
        _parts = other._parts.Join();
        (Name, Index, GrowingScorer) = (other.Name, other.Index, other.GrowingScorer);
        Search = new GuidedSearch(live, _parameters, _team, _time);
    }

    /// <summary>Name of the version.</summary>
    public string Name { get; }

    /// <summary>The index, which does not hold what was put in since.</summary>
    public AdIndex Index { get; }

    /// <summary>The search over the index.</summary>
    public GuidedSearch Search { get; }

    /// <summary>
    /// Makes the scorer over a block of records with room for so many ads, once there are ads to put in; null for a version that takes
    /// none.
    /// </summary>
    public Func<NativeBlock<float>, int, IScorer>? GrowingScorer { get; init; }

    /// <summary>
    /// Makes whole walks where it can, in place of <see cref="Search"/>; null for none. It stays with the caller. It knows the ads of the
    /// index alone, so that once the first ad was put in, or taken out, <see cref="Search"/> makes all walks.
    /// </summary>
    public IWalker? Walker { get; init; }

    /// <summary>
    /// Closed with the version and with that which takes its place, whichever ends last; null for nothing more than index and scorer.
    /// </summary>
    public IDisposable? Owned
    {
        get => _parts.Owned;
        init => _parts.Owned = value;
    }

    /// <summary>
    /// How far two scorings of the same ad may lie apart, as a share of the score or of 1, whichever is more: a scorer in half precision
    /// rounds otherwise from batch to batch.
    /// </summary>
    public float ScoreTolerance { get; init; } = 1e-3f;

    /// <summary>Whether something else scores than the model that the index was built from, such as a module of the user's own.</summary>
    public bool IsOtherModel { get; init; }

    /// <summary>Searches that want to run at once, where they wait for a device's batch; 0 where the processor bounds them.</summary>
    internal int SearchesAtOnce { get; init; }

    /// <summary>
    /// A version over the same index whose place this one is to take (<see cref="Shard.Replace"/>): what it owns, the index first of all,
    /// is closed with the last of both; null for none.
    /// </summary>
    internal ShardVersion? Before
    {
        init => _parts.Before = value?._parts.Join();
    }

    /// <summary>Completes when what the version owns, and did not have from <see cref="Before"/>, is closed.</summary>
    internal Task Closed => _parts.Closed;

    /// <summary>Whether index and scorer stay with the caller, such as where several versions share them.</summary>
    public bool Borrows
    {
        get => _parts.IsBorrowed;
        init => _parts.IsBorrowed = value;
    }

    /// <summary>Number of ordinals in use, those of ads that were taken out included.</summary>
    internal int OrdinalCount => _live?.OrdinalCount ?? Index.Count;

    /// <summary>Changes of the log that are in it.</summary>
    internal int Applied => Volatile.Read(ref _applied);

    /// <summary>The log, as far as it was told.</summary>
    internal ReadOnlyMemory<ShardChange> Changes { get; private set; }

    /// <summary>Whether it is over a copy that can grow.</summary>
    internal bool IsGrowing => _live is not null;

    /// <summary>The model over the ordinals in use; null over a copy that can grow.</summary>
    internal IScorer? Scorer { get; }

    /// <summary>Whose each ad is; null until it was published.</summary>
    internal PlacementClasses? Placements { get; set; }

    /// <summary>What the classes of ads bid; null until a book and placements were published.</summary>
    internal ClassBids? Bids
    {
        get => Volatile.Read(ref _bids);
        set => Volatile.Write(ref _bids, value);
    }

    /// <summary>
    /// The id of an ad, of the index's as one and the same string each time: few ads make up most answers, and every one of them is named
    /// in many.
    /// </summary>
    internal string IdOf(int ordinal) => _live is null ? _ids[ordinal] ??= Index.IdOf(ordinal) : _live.IdOf(ordinal);

    /// <summary>The ordinal of an ad that searches may return.</summary>
    internal bool TryOrdinalOf(string id, out int ordinal) =>
        _live is null ? Index.TryOrdinalOf(id, out ordinal) : _live.TryOrdinalOf(id, out ordinal);

    /// <summary>Finds the best ads for a request.</summary>
    internal GuidedSearchResult Find(in GuidedRequest request) =>
        Walker is not null && Walker.TrySearch(request, out GuidedSearchResult? found) ? found : Search.Search(request);

    /// <summary>Scores ordinals in use.</summary>
    internal void Score(ReadOnlySpan<float> user, ReadOnlySpan<int> ordinals, Span<float> scores)
    {
        if (_live is null)
            Scorer!.Score(user, ordinals, scores);
        else
            _live.Score(user, ordinals, scores);
    }

    /// <summary>The same version over a copy that can grow. What both share is closed with the last of them.</summary>
    /// <exception cref="InvalidOperationException">The version takes no new ads.</exception>
    internal ShardVersion Growing()
    {
        if (GrowingScorer is null)
            throw new InvalidOperationException($"Version {Name} takes no new ads.");
        return new ShardVersion(this, new LiveIndex(Index, GrowingScorer, ownsFile: false));
    }

    /// <summary>Makes the changes of a log that are not in yet. One call at a time; searches go on.</summary>
    /// <exception cref="ArgumentException">A change makes no sense; those before it were made.</exception>
    internal void Apply(ReadOnlyMemory<ShardChange> log)
    {
        Changes = log;
        ReadOnlySpan<ShardChange> changes = log.Span;
        for (; _applied < changes.Length; Volatile.Write(ref _applied, _applied + 1))
        {
            ShardChange change = changes[_applied];
            if (change.Embedded is not { } ad)
            {
                _deletions += _live!.Delete(change.Id) ? 1 : 0;
            }
            else if (_live!.TryOrdinalOf(change.Id, out _))
            {
                _live.Update(change.Id, ad.Vector, ad.Record);
                _deletions++;
            }
            else
            {
                _live.Add(change.Id, ad.Vector, ad.Record);
            }
            // A function of the log alone, so that all replicas have the same graph.
            if (_deletions >= Math.Max(LeastRepair, OrdinalCount / RepairShare))
            {
                _live.Repair(int.MaxValue);
                _deletions = 0;
            }
        }
    }

    /// <summary>Closes what it owns, once.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
            return;
        if (!Borrows)
            (Scorer as IDisposable)?.Dispose();
        _live?.Dispose();
        _parts.Leave();
    }

    /// <summary>
    /// What a version shares with the one that takes its place. Searches of the one before go on while the other answers, and either may be
    /// the last to end.
    /// </summary>
    private sealed class SharedParts(AdIndex index)
    {
        private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _users = 1;

        public IDisposable? Owned { get; set; }

        public bool IsBorrowed { get; set; }

        /// <summary>Those of the version before, which have the index; null where these have it.</summary>
        public SharedParts? Before { get; set; }

        public Task Closed => _closed.Task;

        public SharedParts Join()
        {
            Interlocked.Increment(ref _users);
            return this;
        }

        public void Leave()
        {
            if (Interlocked.Decrement(ref _users) != 0)
                return;
            // A device that cannot be closed keeps neither the file open nor those waiting who want its room.
            try
            {
                Owned?.Dispose();
            }
            finally
            {
                LeaveIndex();
            }
        }

        private void LeaveIndex()
        {
            try
            {
                if (Before is not null)
                    Before.Leave();
                else if (!IsBorrowed)
                    index.Dispose();
            }
            finally
            {
                _closed.SetResult();
            }
        }
    }
}
