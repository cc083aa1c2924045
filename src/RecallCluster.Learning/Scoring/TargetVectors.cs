using RecallCluster.Data;
using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Models;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Scoring;

/// <summary>Target vectors t of ads, computed once after training: what an index is built over and what user encoders look behaviours up in.</summary>
public sealed class TargetVectors : IDisposable
{
    private const int Chunk = 8192;

    private TargetVectors(NativeBlock<float> vectors, int count, int width)
    {
        Vectors = vectors;
        Count = count;
        Width = width;
    }

    /// <summary>Row-major, <see cref="Count"/> rows of <see cref="Width"/> floats.</summary>
    public NativeBlock<float> Vectors { get; }

    /// <summary>Number of ads.</summary>
    public int Count { get; }

    /// <summary>Floats of a vector.</summary>
    public int Width { get; }

    /// <summary>The vectors of all ads of <paramref name="catalogue"/>, in its order.</summary>
    /// <param name="model">A trained model for this catalogue.</param>
    /// <param name="catalogue">The ads.</param>
    /// <param name="team">Threads for the matrix products.</param>
    public static TargetVectors Compute(IAdModel model, FeatureTable catalogue, WorkerTeam? team = null)
    {
        ArgumentNullException.ThrowIfNull(catalogue);
        var all = new int[catalogue.Count];
        for (int i = 0; i < all.Length; i++)
            all[i] = i;
        return Compute(model, catalogue, all, team);
    }

    /// <summary>The vectors of the ads <paramref name="items"/>, in their order.</summary>
    /// <inheritdoc cref="Compute(IAdModel, FeatureTable, WorkerTeam?)"/>
    public static TargetVectors Compute(IAdModel model, FeatureTable catalogue, ReadOnlySpan<int> items, WorkerTeam? team = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(catalogue);
        int width = model.Config.Width;
        var vectors = new NativeBlock<float>((long)items.Length * width);
        var tape = new Tape(team);
        using (tape.Pause())
        {
            for (int start = 0; start < items.Length; start += Chunk)
            {
                int length = Math.Min(Chunk, items.Length - start);
                model.Targets(tape, items.Slice(start, length), catalogue).Values.CopyTo(vectors.Span((long)start * width, length * width));
                tape.Reset();
            }
        }
        return new TargetVectors(vectors, items.Length, width);
    }

    /// <inheritdoc/>
    public void Dispose() => Vectors.Dispose();
}
