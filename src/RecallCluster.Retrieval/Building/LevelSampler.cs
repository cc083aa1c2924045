using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.Building;

/// <summary>Draws the top layer of every node: geometric, one node in <see cref="HnswOptions.LevelRatio"/> rising at each step.</summary>
internal static class LevelSampler
{
    public static NativeBlock<byte> Sample(int count, int ratio, SeededRandom random)
    {
        var levels = new NativeBlock<byte>(count);
        double multiplier = 1 / Math.Log(ratio);
        for (int i = 0; i < count; i++)
        {
            // 1 - u lies in (0, 1], so its logarithm is finite.
            double level = -Math.Log(1 - random.NextDouble()) * multiplier;
            levels[i] = (byte)Math.Min(level, HnswGraph.MaxLayers - 1);
        }
        return levels;
    }
}
