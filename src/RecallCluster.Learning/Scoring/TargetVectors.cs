using System.Runtime.InteropServices;
using RecallCluster.Data;
using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Models;
using RecallCluster.Numerics;
using RecallCluster.Retrieval.Files;

namespace RecallCluster.Learning.Scoring;

/// <summary>
/// Target vectors t of ads and their codes (<see cref="MatchLayout"/>), computed once after training: what an index is built over and what
/// user encoders look behaviours up in.
/// </summary>
public sealed class TargetVectors : IDisposable
{
    private const int Chunk = 8192;
    private readonly NativeBlock<float>? _owned;

    private TargetVectors(NativeBlock<float> vectors, NativeBlock<float>? owned, int[] codes, int count, int width)
    {
        Vectors = vectors;
        _owned = owned;
        Codes = codes;
        Count = count;
        Width = width;
    }

    /// <summary>Row-major, <see cref="Count"/> rows of <see cref="Width"/> floats.</summary>
    public NativeBlock<float> Vectors { get; }

    /// <summary>Row-major, <see cref="Count"/> rows of <see cref="MatchLayout.Fields"/> codes.</summary>
    public int[] Codes { get; }

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
        return new TargetVectors(vectors, vectors, HistoryMatch.CodesOf(model.Config, items, catalogue), items.Length, width);
    }

    /// <summary>
    /// What indexes hold of their ads, one index after the other. Of a single index the vectors are its own block, which must outlive
    /// this; of several they are copied.
    /// </summary>
    /// <param name="config">The configuration of the model that the indexes were built from.</param>
    /// <param name="indexes">At least one.</param>
    /// <exception cref="InvalidDataException">An index is of another shape.</exception>
    public static TargetVectors Of(ModelConfig config, params ReadOnlySpan<AdIndex> indexes)
    {
        ArgumentNullException.ThrowIfNull(config);
        int count = 0, width = config.Width, fields = MatchLayout.Of(config).Fields, codesAt = width + config.Hidden1;
        foreach (AdIndex index in indexes)
        {
            index.RequireShape(width, ModelFolder.RecordLength(config));
            count = checked(count + index.Count);
        }
        NativeBlock<float>? copy = indexes.Length == 1 ? null : new NativeBlock<float>((long)count * width);
        var codes = new int[count * fields];
        int row = 0;
        foreach (AdIndex index in indexes)
        {
            for (int i = 0; i < index.Count; i++, row++)
            {
                if (copy != null)
                    index.Vectors.Span((long)i * width, width).CopyTo(copy.Span((long)row * width, width));
                Span<float> record = index.Records.Span((long)i * index.RecordLength, index.RecordLength);
                MemoryMarshal.Cast<float, int>(record[codesAt..])[..fields].CopyTo(codes.AsSpan(row * fields));
            }
        }
        return new TargetVectors(copy ?? indexes[0].Vectors, copy, codes, count, width);
    }

    /// <inheritdoc/>
    public void Dispose() => _owned?.Dispose();
}
