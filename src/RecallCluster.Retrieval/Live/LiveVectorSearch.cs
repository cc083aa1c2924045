using RecallCluster.Numerics;
using RecallCluster.Retrieval.VectorSearch;

namespace RecallCluster.Retrieval.Live;

/// <summary>
/// Plain vector search over a live index. Deleted nodes take part in the walk, so it is widened by their share, and more when it still
/// finds too few living ones; what the walk cannot reach is found by measuring everything.
/// </summary>
internal static unsafe class LiveVectorSearch
{
    public static int Nearest(LiveStore store, ReadOnlySpan<float> query, int ef, Span<int> ordinals, Span<float> distances)
    {
        int entry = store.EntryPoint, count = store.Count, living = count - store.DeletedCount;
        int wanted = Math.Min(ordinals.Length, living);
        if (entry < 0 || wanted <= 0)
            return 0;
        int* row = stackalloc int[Math.Max(store.M, store.M0)];
        LayerWalk walk = store.Walks.Rent();
        int found = 0;
        fixed (float* start = query)
        {
            var measure = new FloatMeasure(new VectorDistance(VectorMetric.SquaredL2, store.Dim), start, store.Vectors.Pointer);
            float best = measure.One(entry);
            for (int layer = store.Level(entry); layer > 0; layer--)
                entry = walk.Descend(new LiveLayer(store, layer, row), measure, entry, ref best);
            long width = Math.Min(count, (long)Math.Ceiling(Math.Max(ef, wanted) * ((double)count / living)));
            while (true)
            {
                walk.Begin(entry, best, (int)width);
                walk.Run(new LiveLayer(store, 0, row), measure);
                found = CopyLiving(store, walk.Pool, ordinals, distances);
                if (found >= wanted || width == count)
                    break;
                width = Math.Min(count, 2 * width);
            }
            if (found < wanted)
                found = Scan(store, count, measure, walk.Pool, ordinals, distances);
        }
        store.Walks.Return(walk);
        return found;
    }

    private static int Scan(LiveStore store, int count, FloatMeasure measure, NodePool pool, Span<int> ordinals, Span<float> distances)
    {
        pool.Reset(ordinals.Length);
        for (int node = 0; node < count; node++)
        {
            ulong key = store.IsDeleted(node) ? ulong.MaxValue : NodeKey.Pack(measure.One(node), node);
            if (key < pool.Bound)
                pool.Insert(key);
        }
        return SearchResults.Copy(pool, ordinals, distances);
    }

    private static int CopyLiving(LiveStore store, NodePool pool, Span<int> ordinals, Span<float> distances)
    {
        int found = 0;
        for (int i = 0; i < pool.Count && found < ordinals.Length; i++)
        {
            int node = NodeKey.Node(pool.Keys[i]);
            if (store.IsDeleted(node))
                continue;
            if (distances.Length > 0)
                distances[found] = NodeKey.Distance(pool.Keys[i]);
            ordinals[found++] = node;
        }
        return found;
    }
}
