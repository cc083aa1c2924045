using System.Numerics.Tensors;
using RecallCluster.Numerics;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.VectorSearch;

namespace RecallCluster.Retrieval.Live;

/// <summary>
/// An index that changes while it is searched: ads are added, updated and deleted on top of a file. One writer at a time; any number of
/// searches meanwhile, without a lock. Ordinals are never reused: an update gives an ad a new one, and a deleted ad keeps its place as a
/// way through until <see cref="Repair"/> has led the links around it; <see cref="Compact"/> writes what lives as a new file.
/// </summary>
/// <remarks>
/// Vectors, records and links are copied from the file into memory of its own with room to grow, so that scorers see one block; ids
/// stay in the file.
/// </remarks>
public sealed unsafe class LiveIndex : IDisposable
{
    private readonly AdIndex _file;
    private readonly Func<NativeBlock<float>, int, IScorer> _scorerOf;
    private readonly LiveIndexOptions _options;
    private readonly LiveIds _ids;
    private readonly SeededRandom _random;
    private readonly bool _ownsFile;
    private readonly LiveLayerMembers _members = new();
    private LiveStore _store;
    private LiveLinker _linker;
    private int _writing;
    private int _repairAt;

    /// <summary>A live index with the ads of a file.</summary>
    /// <param name="file">The file; owned from now on, unless <paramref name="ownsFile"/> says no: then it must outlive this.</param>
    /// <param name="scorerOf">
    /// Makes the scorer over a block of records with room for so many ads. Called again when the memory grows; a scorer is asked only for
    /// ads that are there.
    /// </param>
    /// <param name="options">The knobs; null for the defaults.</param>
    /// <param name="ownsFile">Whether disposing this closes the file.</param>
    public LiveIndex(
        AdIndex file, Func<NativeBlock<float>, int, IScorer> scorerOf, LiveIndexOptions? options = null, bool ownsFile = true)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(scorerOf);
        _options = options ?? new LiveIndexOptions();
        _options.Validate();
        _file = file;
        _scorerOf = scorerOf;
        _ownsFile = ownsFile;
        _ids = new LiveIds(file);
        _random = new SeededRandom(_options.Seed);
        int room = _options.Room ?? Math.Max(1_024, file.Count);
        _store = NewStore(checked(Math.Max(1, file.Count + room)), file.Graph.M, file.Graph.M0, file.Graph.UpperSplits.Length);
        _store.CopyFrom(file.Graph, file.Vectors, file.Records);
        _linker = new LiveLinker(_store, _options.EfConstruction);
    }

    /// <summary>Components of a target vector.</summary>
    public int Dim => _file.Dim;

    /// <summary>Floats of a folded record.</summary>
    public int RecordLength => _file.RecordLength;

    /// <summary>Number of ads that searches may return.</summary>
    public int Count
    {
        get
        {
            LiveStore store = Store;
            return store.Count - store.DeletedCount;
        }
    }

    /// <summary>Number of ordinals given out, those of deleted ads included.</summary>
    public int OrdinalCount => Store.Count;

    /// <summary>Ordinals that <see cref="Repair"/> has still to look at before no link leads to a deleted ad.</summary>
    public int RepairBacklog { get; private set; }

    internal LiveStore Store => Volatile.Read(ref _store);

    /// <summary>The ordinal of an ad.</summary>
    /// <returns>Whether it is in the index.</returns>
    public bool TryOrdinalOf(string id, out int ordinal)
    {
        ArgumentNullException.ThrowIfNull(id);
        return _ids.TryFind(id, out ordinal) && !Store.IsDeleted(ordinal);
    }

    /// <summary>The id of an ordinal, that of a deleted ad included.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such ordinal.</exception>
    public string IdOf(int ordinal)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)ordinal, (uint)OrdinalCount, nameof(ordinal));
        return _ids[ordinal];
    }

    /// <summary>Adds an ad.</summary>
    /// <param name="id">Its external id, not in the index yet.</param>
    /// <param name="vector">Its target vector, <see cref="Dim"/> floats.</param>
    /// <param name="record">Its folded record, <see cref="RecordLength"/> floats.</param>
    /// <returns>Its ordinal.</returns>
    /// <exception cref="ArgumentException">
    /// The id is empty or taken, or vector or record have the wrong length or hold NaN or an infinity.
    /// </exception>
    /// <exception cref="InvalidOperationException">Another write is in progress.</exception>
    public int Add(string id, ReadOnlySpan<float> vector, ReadOnlySpan<float> record)
    {
        using var turn = new WriteTurn(this);
        Check(id, vector, record);
        if (TryOrdinalOf(id, out int taken))
            throw new ArgumentException($"Ad '{id}' is in the index already, as ordinal {taken}.", nameof(id));
        int ordinal = Insert(id, vector, record);
        _ids.Move(id, ordinal);
        _store.SetDeleted(ordinal, false);
        return ordinal;
    }

    /// <summary>Replaces an ad's vector and record. Every search sees the old or the new one, never both.</summary>
    /// <param name="id">External id of an ad that is in the index.</param>
    /// <param name="vector">The new target vector.</param>
    /// <param name="record">The new folded record.</param>
    /// <returns>The ad's new ordinal.</returns>
    /// <exception cref="ArgumentException">
    /// The id is not there, or vector or record have the wrong length or hold NaN or an infinity.
    /// </exception>
    /// <exception cref="InvalidOperationException">Another write is in progress.</exception>
    public int Update(string id, ReadOnlySpan<float> vector, ReadOnlySpan<float> record)
    {
        using var turn = new WriteTurn(this);
        Check(id, vector, record);
        if (!TryOrdinalOf(id, out int old))
            throw new ArgumentException($"Ad '{id}' is not in the index.", nameof(id));
        int ordinal = Insert(id, vector, record);
        _ids.Move(id, ordinal);
        _store.Exchange(deleted: old, shown: ordinal);
        RepairBacklog = _store.Count;
        return ordinal;
    }

    /// <summary>Deletes an ad: no search that begins from now on returns it.</summary>
    /// <returns>Whether it was there.</returns>
    /// <exception cref="InvalidOperationException">Another write is in progress.</exception>
    public bool Delete(string id)
    {
        using var turn = new WriteTurn(this);
        if (!TryOrdinalOf(id, out int ordinal))
            return false;
        _store.SetDeleted(ordinal, true);
        RepairBacklog = _store.Count;
        return true;
    }

    /// <summary>
    /// Leads links around deleted ads, for at most <paramref name="ordinals"/> ordinals: a piece of background work, of some
    /// microseconds per ordinal where there is nothing to do, and of about a tenth of an addition where there is.
    /// </summary>
    /// <returns>Ordinals still to look at; 0 when no more link leads to an ad deleted before.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="ordinals"/> is not positive.</exception>
    /// <exception cref="InvalidOperationException">Another write is in progress.</exception>
    public int Repair(int ordinals)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(ordinals);
        using var turn = new WriteTurn(this);
        RepairSome(ordinals);
        return RepairBacklog;
    }

    /// <summary>
    /// Writes the ads that live as a new index file, every one reachable, near ones side by side (so under other ordinals). Searches go
    /// on; open the file and swap it in.
    /// </summary>
    /// <exception cref="IOException">The file could not be written.</exception>
    /// <exception cref="InvalidOperationException">Another write is in progress.</exception>
    public void Compact(string path)
    {
        using var turn = new WriteTurn(this);
        RepairSome(int.MaxValue);
        new LiveCompactor(_store, _ids, _file, _options.EfConstruction).Write(path);
    }

    /// <summary>Finds the ads whose vectors are nearest to a query (squared L2).</summary>
    /// <param name="query">A vector of <see cref="Dim"/> floats.</param>
    /// <param name="ef">Search width in living ads; raised to K where it is less.</param>
    /// <param name="ordinals">Receives up to K = its length ads, nearest first.</param>
    /// <param name="distances">Receives their distances; at least as long, or empty.</param>
    /// <returns>Number of ads found: K, or the number of living ads where that is less.</returns>
    /// <exception cref="ArgumentException">The query has another length or holds NaN or an infinity, or an output is too short.</exception>
    public int Nearest(ReadOnlySpan<float> query, int ef, Span<int> ordinals, Span<float> distances)
    {
        SearchResults.CheckArguments(query, Dim, ef, ordinals, distances);
        int found = LiveVectorSearch.Nearest(Store, query, ef, ordinals, distances);
        GC.KeepAlive(this);
        return found;
    }

    /// <summary>Scores ads, those included that are deleted.</summary>
    /// <param name="userState">Prepared user state.</param>
    /// <param name="ordinals">Ordinals below <see cref="OrdinalCount"/>.</param>
    /// <param name="scores">Receives the scores; at least as long.</param>
    public void Score(ReadOnlySpan<float> userState, ReadOnlySpan<int> ordinals, Span<float> scores)
    {
        LiveStore store = Store;
        store.Scorer.Score(userState, ordinals, scores);
        GC.KeepAlive(store);
    }

    /// <summary>Closes the file below where it is owned. The memory is freed when the last search has ended.</summary>
    public void Dispose()
    {
        _linker.Dispose();
        if (_ownsFile)
            _file.Dispose();
    }

    private void Check(string id, ReadOnlySpan<float> vector, ReadOnlySpan<float> record)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        CheckFloats(id, "vector", vector, Dim);
        CheckFloats(id, "record", record, RecordLength);
    }

    private static void CheckFloats(string id, string what, ReadOnlySpan<float> values, int length)
    {
        if (values.Length != length)
            throw new ArgumentException($"The {what} of ad '{id}' has {values.Length} floats; the index has {length}.", what);
        if (!TensorPrimitives.IsFiniteAll(values))
            throw new ArgumentException($"The {what} of ad '{id}' holds NaN or an infinity.", what);
    }

    /// <summary>Adds an ad that no search returns yet.</summary>
    private int Insert(string id, ReadOnlySpan<float> vector, ReadOnlySpan<float> record)
    {
        int ordinal = _store.Count;
        if (ordinal == _store.Capacity)
            Grow();
        LiveStore store = _store;
        _ids.Append(ordinal, id);
        int level = store.Write(ordinal, vector, record, SampleLevel());
        _linker.SelectRows(ordinal);
        store.Publish(ordinal + 1);
        _linker.LinkBack(ordinal);
        _members.Add(ordinal, level);
        if (store.EntryPoint < 0 || level > store.Level(store.EntryPoint))
            store.Enter(ordinal);
        return ordinal;
    }

    /// <summary>Geometric, as the builder's levels are: one ad in <see cref="LiveIndexOptions.LevelRatio"/> rises at each step.</summary>
    private int SampleLevel()
    {
        int level = 0;
        while (level < HnswGraph.MaxLayers - 1 && _random.NextInt(_options.LevelRatio) == 0)
            level++;
        return level;
    }

    private void RepairSome(int ordinals)
    {
        LiveStore store = _store;
        int steps = Math.Min(ordinals, RepairBacklog);
        for (int step = 0; step < steps; step++)
        {
            _repairAt = _repairAt + 1 < store.Count ? _repairAt + 1 : 0;
            if (!store.IsDeleted(_repairAt))
                _linker.Repair(_repairAt);
        }
        if (steps > 0 && (RepairBacklog -= steps) == 0)
            LeaveDeletedEntryPoint();
    }

    /// <summary>Makes searches start at a living node of the highest layer that has one.</summary>
    private void LeaveDeletedEntryPoint()
    {
        LiveStore store = _store;
        if (!store.IsDeleted(store.EntryPoint))
            return;
        for (int layer = store.Level(store.EntryPoint); layer > 0; layer--)
        {
            foreach (int node in _members.Below(layer, store.Count))
            {
                if (store.IsDeleted(node))
                    continue;
                store.Enter(node);
                return;
            }
        }
        // The upper layers are all deleted: stay, as a way down is worth more than a living start.
    }

    private void Grow()
    {
        LiveStore old = _store;
        LiveStore larger = NewStore(checked(2 * old.Capacity), old.M, old.M0, old.Capacity);
        larger.CopyFrom(old);
        _linker.Dispose();
        _linker = new LiveLinker(larger, _options.EfConstruction);
        Volatile.Write(ref _store, larger);
    }

    private LiveStore NewStore(int capacity, int m, int m0, long upperRows) =>
        new(capacity, _file.Dim, _file.RecordLength, m, m0, upperRows, _members, _scorerOf);

    /// <summary>The right to write; there is one, and who finds it taken is told so instead of waiting.</summary>
    private readonly ref struct WriteTurn
    {
        private readonly LiveIndex _index;

        public WriteTurn(LiveIndex index)
        {
            if (Interlocked.CompareExchange(ref index._writing, 1, 0) != 0)
                throw new InvalidOperationException("Another write to the live index is in progress; it takes one writer at a time.");
            _index = index;
        }

        public void Dispose() => Volatile.Write(ref _index._writing, 0);
    }
}
