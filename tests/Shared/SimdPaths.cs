using RecallCluster.Numerics;

namespace RecallCluster.Testing;

/// <summary>Tests that force a path run one after the other: the path in force is process-wide.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class SimdPaths
{
    public const string Name = "forced SIMD path";

    /// <summary>Every path that this processor can run.</summary>
    public static TheoryData<SimdPath> All
    {
        get
        {
            var paths = new TheoryData<SimdPath>();
            foreach (SimdPath path in Enum.GetValues<SimdPath>())
            {
                if (path <= Simd.Best)
                    paths.Add(path);
            }
            return paths;
        }
    }
}
