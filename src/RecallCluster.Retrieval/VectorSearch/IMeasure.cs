using System.Runtime.CompilerServices;
using RecallCluster.Numerics;

namespace RecallCluster.Retrieval.VectorSearch;

/// <summary>The distance of nodes to one query. Implemented by structs, so that a walk is compiled for each kind of vector.</summary>
internal unsafe interface IMeasure
{
    /// <summary>Measures <paramref name="count"/> nodes.</summary>
    void Many(int* nodes, int count, float* distances);

    /// <summary>Fetches what <see cref="Many"/> reads of <paramref name="node"/>.</summary>
    void Prefetch(int node);
}

/// <summary>Float vectors in row-major order.</summary>
internal readonly unsafe struct FloatMeasure(VectorDistance distance, float* query, float* vectors) : IMeasure
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Many(int* nodes, int count, float* distances) => distance.Many(query, vectors, nodes, count, distances);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(int node) => VectorKernels.Prefetch(vectors + ((long)node * distance.Dim), distance.Dim * sizeof(float));

    public float One(int node) => distance.One(query, vectors + ((long)node * distance.Dim));
}
