using RecallCluster.Numerics;
using RecallCluster.Retrieval;

namespace RecallCluster.Serving.Devices;

/// <summary>
/// Scores the ads of an index on a device, and those that came later on the host, which holds their records. It owns neither scorer.
/// </summary>
/// <param name="device">Scores the index's ads.</param>
/// <param name="later">Scores by the same ordinals, and knows those that came later too; null while there are none.</param>
public sealed class DeviceIndexScorer(IScorer device, IScorer? later = null) : IScorer
{
    [ThreadStatic]
    private static Split? t_split;

    /// <inheritdoc/>
    public int ItemCount => (later ?? device).ItemCount;

    /// <inheritdoc/>
    public int UserStateLength => device.UserStateLength;

    /// <summary>Makes scorers of an index that grows, of which the device knows the beginning.</summary>
    /// <param name="device">Scores the index's ads.</param>
    /// <param name="host">Makes scorers over records that others fill.</param>
    public static Func<NativeBlock<float>, int, IScorer> Growing(IScorer device, Func<NativeBlock<float>, int, IScorer> host)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(host);
        return (records, count) => new DeviceIndexScorer(device, host(records, count));
    }

    /// <inheritdoc/>
    public void Score(ReadOnlySpan<float> userState, ReadOnlySpan<int> ordinals, Span<float> scores)
    {
        int known = device.ItemCount;
        if (later is null || ordinals.IndexOfAnyExceptInRange(0, known - 1) < 0)
        {
            device.Score(userState, ordinals, scores);
            return;
        }
        Split split = t_split ??= new Split();
        split.Reserve(ordinals.Length);
        int first = 0, rest = 0;
        for (int i = 0; i < ordinals.Length; i++)
        {
            if (ordinals[i] < known)
                split.Ordinals[first++] = ordinals[i];
            else
                split.Later[rest++] = ordinals[i];
        }
        device.Score(userState, split.Ordinals.AsSpan(0, first), split.Scores);
        later.Score(userState, split.Later.AsSpan(0, rest), split.LaterScores);
        first = rest = 0;
        for (int i = 0; i < ordinals.Length; i++)
            scores[i] = ordinals[i] < known ? split.Scores[first++] : split.LaterScores[rest++];
    }

    /// <summary>The two parts of a batch; kept by each thread.</summary>
    private sealed class Split
    {
        public int[] Ordinals { get; private set; } = [];

        public int[] Later { get; private set; } = [];

        public float[] Scores { get; private set; } = [];

        public float[] LaterScores { get; private set; } = [];

        public void Reserve(int count)
        {
            if (Ordinals.Length >= count)
                return;
            (Ordinals, Later, Scores, LaterScores) = (new int[count], new int[count], new float[count], new float[count]);
        }
    }
}
