using System.Runtime.CompilerServices;
using RecallCluster.Numerics;
using RecallCluster.Retrieval.VectorSearch;

namespace RecallCluster.Retrieval.Live;

/// <summary>
/// The ads of a live index up to a fixed capacity: vectors, records, rows, levels, deletions. One writer; readers take no lock. What a
/// reader may reach is complete, because it is written before it is published: by <see cref="Count"/>, or by a link to it. When it is
/// full, the writer goes on in a larger copy, and readers finish in the one that they began with.
/// </summary>
internal sealed unsafe class LiveStore
{
    // One node in 16 on the upper layers is twice what the usual level ratio of 32 gives; a node that finds no room stays below.
    private const int NodesPerUpperRow = 16;

    private readonly NativeBlock<byte> _levels;
    private readonly NativeBlock<int> _upperRowOf;
    private readonly NativeBlock<ulong> _deleted;
    private readonly LiveRows _base;
    private readonly LiveRows _upper;
    private int _count;
    private int _entryPoint = -1;
    private int _upperCount;
    private int _deletedCount;

    // Even while the deletions may be read; odd while several are changed as one.
    private int _deletionEpoch;

    public LiveStore(
        int capacity,
        int dim,
        int recordLength,
        int m,
        int m0,
        long upperRows,
        LiveLayerMembers members,
        Func<NativeBlock<float>, int, IScorer> scorerOf)
    {
        Capacity = capacity;
        Dim = dim;
        RecordLength = recordLength;
        Members = members;
        Vectors = ReservedMemory.Block<float>((long)capacity * dim);
        Records = ReservedMemory.Block<float>((long)capacity * recordLength);
        _levels = ReservedMemory.Block<byte>(capacity);
        _upperRowOf = ReservedMemory.Block<int>(capacity);
        _deleted = ReservedMemory.Block<ulong>((capacity / 64) + 1L);
        _base = new LiveRows(capacity, m0);
        _upper = new LiveRows((int)Math.Min(int.MaxValue, upperRows + (capacity / NodesPerUpperRow) + 64), m);
        Scorer = scorerOf(Records, capacity);
        Walks = new ScratchPool<LayerWalk>(() => new LayerWalk(capacity, m0));
    }

    public int Capacity { get; }

    public int Dim { get; }

    public int RecordLength { get; }

    /// <summary>The bound of rows above layer 0.</summary>
    public int M => _upper.Bound;

    /// <summary>The bound of rows on layer 0.</summary>
    public int M0 => _base.Bound;

    public NativeBlock<float> Vectors { get; }

    public NativeBlock<float> Records { get; }

    public IScorer Scorer { get; }

    public LiveLayerMembers Members { get; }

    /// <summary>Memory of vector searches over this store.</summary>
    public ScratchPool<LayerWalk> Walks { get; }

    /// <summary>Number of ordinals in use, deleted ones included.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>A node of the top layer, or -1. Read it before <see cref="Count"/>: then it is below.</summary>
    public int EntryPoint => Volatile.Read(ref _entryPoint);

    /// <summary>Number of deleted or not yet visible ordinals.</summary>
    public int DeletedCount
    {
        get => Volatile.Read(ref _deletedCount);
        private set => Volatile.Write(ref _deletedCount, value);
    }

    public int Level(int node) => _levels[node];

    public float* Vector(int node) => Vectors.Pointer + ((long)node * Dim);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public LiveRows Rows(int layer) => layer == 0 ? _base : _upper;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int RowOf(int node, int layer) => layer == 0 ? node : _upperRowOf[node] + layer - 1;

    public int* Neighbors(int node, int layer, out int length) => Rows(layer).Row(RowOf(node, layer), out length);

    /// <summary>Takes over everything from a smaller store.</summary>
    public void CopyFrom(LiveStore other)
    {
        int count = other._count;
        Copy(other.Vectors, Vectors, (long)count * Dim);
        Copy(other.Records, Records, (long)count * RecordLength);
        Copy(other._levels, _levels, count);
        Copy(other._upperRowOf, _upperRowOf, count);
        Copy(other._deleted, _deleted, other._deleted.Length);
        _base.CopyFrom(other._base, count);
        _upper.CopyFrom(other._upper, other._upperCount);
        _upperCount = other._upperCount;
        DeletedCount = other.DeletedCount;
        _entryPoint = other._entryPoint;
        Volatile.Write(ref _count, count);
    }

    /// <summary>Writes the next ad, hidden (as if deleted) and without links; <see cref="Publish"/> comes next.</summary>
    /// <returns>The level that it got: the wanted one, or less where the upper rows are full.</returns>
    public int Write(int ordinal, ReadOnlySpan<float> vector, ReadOnlySpan<float> record, int level)
    {
        level = Math.Min(level, _upper.Capacity - _upperCount);
        vector.CopyTo(Vectors.Span((long)ordinal * Dim, Dim));
        record.CopyTo(Records.Span((long)ordinal * RecordLength, RecordLength));
        _levels[ordinal] = (byte)level;
        _upperRowOf[ordinal] = _upperCount;
        _upperCount += level;
        SetDeleted(ordinal, true);
        return level;
    }

    /// <summary>Takes over a finished graph and its ads into an empty store.</summary>
    public void CopyFrom(HnswGraph graph, NativeBlock<float> vectors, NativeBlock<float> records)
    {
        Copy(vectors, Vectors, (long)graph.Count * Dim);
        Copy(records, Records, (long)graph.Count * RecordLength);
        Copy(graph.Levels, _levels, graph.Count);
        for (int node = 0; node < graph.Count; node++)
        {
            int level = graph.Levels[node];
            _base.Write(node, graph.Neighbors(node, 0));
            _upperRowOf[node] = _upperCount;
            for (int layer = 1; layer <= level; layer++)
                _upper.Write(_upperCount + layer - 1, graph.Neighbors(node, layer));
            _upperCount += level;
            Members.Add(node, level);
        }
        _entryPoint = graph.EntryPoint;
        Publish(graph.Count);
    }

    /// <summary>Makes the first <paramref name="count"/> ordinals part of every view taken from now on.</summary>
    public void Publish(int count) => Volatile.Write(ref _count, count);

    /// <summary>Makes searches start at <paramref name="node"/>, which is published and linked.</summary>
    public void Enter(int node) => Volatile.Write(ref _entryPoint, node);

    public bool IsDeleted(int node) => (_deleted[node >> 6] & (1UL << node)) != 0;

    /// <summary>Deletes or shows an ad.</summary>
    public void SetDeleted(int node, bool deleted)
    {
        if (IsDeleted(node) == deleted)
            return;
        ref ulong word = ref _deleted[node >> 6];
        Volatile.Write(ref word, word ^ (1UL << node));
        DeletedCount += deleted ? 1 : -1;
    }

    /// <summary>Deletes one ad and shows another, so that every request sees exactly one of them.</summary>
    public void Exchange(int deleted, int shown)
    {
        Interlocked.Increment(ref _deletionEpoch);
        SetDeleted(deleted, true);
        SetDeleted(shown, false);
        Interlocked.Increment(ref _deletionEpoch);
    }

    /// <summary>
    /// Takes a view, and copies which of its ads are allowed by a filter (null allows all) and not deleted. Both are of one moment: an
    /// update in between would leave a view with the old place deleted and without the new one.
    /// </summary>
    /// <param name="filter">The request's filter, or null.</param>
    /// <param name="destination">Room for a bit for each ad of the <see cref="Capacity"/>.</param>
    public LiveGraphView CopyEligible(EligibilityFilter? filter, ulong* destination)
    {
        var wait = default(SpinWait);
        while (true)
        {
            int epoch = Volatile.Read(ref _deletionEpoch);
            var view = new LiveGraphView(this);
            int words = (int)(((long)view.Count + 63) / 64);
            for (int word = 0; word < words; word++)
            {
                ulong allowed = filter is null ? ulong.MaxValue : word <= filter.Length >> 6 ? filter.Words[word] : 0;
                destination[word] = allowed & ~_deleted.Pointer[word];
            }
            Interlocked.MemoryBarrier();
            if ((epoch & 1) == 0 && epoch == Volatile.Read(ref _deletionEpoch))
                return view;
            wait.SpinOnce(sleep1Threshold: -1);
        }
    }

    private static void Copy<T>(NativeBlock<T> from, NativeBlock<T> to, long length)
        where T : unmanaged
    {
        Buffer.MemoryCopy(from.Pointer, to.Pointer, to.Length * sizeof(T), length * sizeof(T));
        GC.KeepAlive(from);
    }
}
