namespace RecallCluster.Numerics;

/// <summary>How far apart two vectors are. Smaller is nearer under every metric.</summary>
public enum VectorMetric
{
    /// <summary>Squared Euclidean distance, sum of (a - b)^2.</summary>
    SquaredL2 = 0,

    /// <summary>The negated inner product, -sum of a * b, so that the largest product comes first.</summary>
    InnerProduct = 1,
}
