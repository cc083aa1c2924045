using System.Numerics;
using System.Numerics.Tensors;

namespace RecallCluster.Retrieval.VectorSearch;

/// <summary>What the searchers share at their edges: checks on the way in, copies on the way out.</summary>
internal static unsafe class SearchResults
{
    /// <summary>Nodes that a walk of width 1 measures, about; from measurements at M = 16.</summary>
    private const double MeasuredPerWidth = 12;

    public static void CheckArguments(ReadOnlySpan<float> query, int dim, int ef, Span<int> ordinals, Span<float> distances)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(ef);
        if (query.Length != dim)
            throw new ArgumentException($"The query has {query.Length} components; the index has {dim}.", nameof(query));
        if (!TensorPrimitives.IsFiniteAll(query))
            throw new ArgumentException("The query holds NaN or an infinity.", nameof(query));
        if (distances.Length != 0 && distances.Length < ordinals.Length)
            throw new ArgumentException($"Room for {ordinals.Length} ordinals, but for {distances.Length} distances.", nameof(distances));
    }

    public static void CheckBitmap(ReadOnlySpan<ulong> eligible, int count)
    {
        if (eligible.Length < (count + 63) >> 6)
            throw new ArgumentException(
                $"{count} nodes need a bitmap of {(count + 63) >> 6} words; it has {eligible.Length}.", nameof(eligible));
    }

    /// <summary>
    /// Whether measuring all eligible nodes costs less than walking until <paramref name="ef"/> of them are found. With a share s of n
    /// nodes eligible, a scan measures s n nodes, a walk about 12 ef / s.
    /// </summary>
    public static bool PrefersScan(ReadOnlySpan<ulong> eligible, int count, int ef)
    {
        double limit = Math.Sqrt(MeasuredPerWidth * ef * count);
        long set = 0;
        for (int i = 0; i < (count + 63) >> 6; i++)
            set += BitOperations.PopCount(eligible[i]);
        return set <= limit;
    }

    public static int Copy(NodePool pool, Span<int> ordinals, Span<float> distances)
    {
        int found = Math.Min(pool.Count, ordinals.Length);
        for (int i = 0; i < found; i++)
            ordinals[i] = NodeKey.Node(pool.Keys[i]);
        if (distances.Length == 0)
            return found;
        for (int i = 0; i < found; i++)
            distances[i] = NodeKey.Distance(pool.Keys[i]);
        return found;
    }
}
