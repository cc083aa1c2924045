using System.Runtime.InteropServices;
using RecallCluster.Data;
using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Models;
using RecallCluster.Numerics;
using RecallCluster.Retrieval.Files;

namespace RecallCluster.Learning.Scoring;

/// <summary>
/// Target vectors t of ads and their codes (<see cref="MatchLayout"/>), computed once after training: what an index is built over and what
/// user encoders look behaviours up in. Ads that came later can be put behind them (<see cref="Put"/>) while encoders read.
/// </summary>
public sealed class TargetVectors : IDisposable
{
    private const int Chunk = 8192;
    private readonly NativeBlock<float>? _owned;
    private LateAd?[] _late = [];
    private int _lateCount;

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

    /// <summary>Number of ads, those that came later not counted.</summary>
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

    /// <summary>The vectors of ads that the model was not trained with, from their side information alone.</summary>
    /// <param name="model">A trained model.</param>
    /// <param name="newAds">The ads, with the fields that the model was made for.</param>
    /// <exception cref="ArgumentException">The fields are not the model's.</exception>
    public static TargetVectors OfNewAds(DeepAdModel model, FeatureTable newAds)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(newAds);
        if (newAds.Codes.Length != model.Config.ItemFields.Length)
            throw new ArgumentException(
                $"New ads with {newAds.Codes.Length} fields are given; the model has {model.Config.ItemFields.Length}.", nameof(newAds));
        int width = model.Config.Width;
        int[] all = [.. Enumerable.Range(0, newAds.Count)];
        var vectors = new NativeBlock<float>((long)all.Length * width);
        var tape = new Tape();
        using (tape.Pause())
            model.NewTargets(tape, all, newAds).Values.CopyTo(vectors.Span(0, all.Length * width));
        return new TargetVectors(vectors, vectors, HistoryMatch.CodesOf(model.Config, all, newAds, areNew: true), all.Length, width);
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
        int count = 0, width = config.Width, fields = MatchLayout.Of(config).Fields;
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
                CodesOf(config, index, i, codes.AsSpan(row * fields, fields));
            }
        }
        return new TargetVectors(copy ?? indexes[0].Vectors, copy, codes, count, width);
    }

    /// <summary>What an index holds of some of its ads, copied.</summary>
    /// <param name="config">The configuration of the model that the index was built from.</param>
    /// <param name="index">The index.</param>
    /// <param name="ordinals">The ads; the first one is row 0.</param>
    /// <exception cref="InvalidDataException">The index is of another shape.</exception>
    public static TargetVectors Of(ModelConfig config, AdIndex index, ReadOnlySpan<int> ordinals)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(index);
        int width = config.Width, fields = MatchLayout.Of(config).Fields;
        index.RequireShape(width, ModelFolder.RecordLength(config));
        var vectors = new NativeBlock<float>((long)ordinals.Length * width);
        var codes = new int[ordinals.Length * fields];
        for (int row = 0; row < ordinals.Length; row++)
        {
            index.Vectors.Span((long)ordinals[row] * width, width).CopyTo(vectors.Span((long)row * width, width));
            CodesOf(config, index, ordinals[row], codes.AsSpan(row * fields, fields));
        }
        return new TargetVectors(vectors, vectors, codes, ordinals.Length, width);
    }

    /// <summary>
    /// Puts an ad behind those that were there from the start, or in place of another that came later. One writer at a time.
    /// </summary>
    /// <param name="row">Its row: <see cref="Count"/> or above, no row left out.</param>
    /// <param name="vector">Its target vector, <see cref="Width"/> floats.</param>
    /// <param name="codes">Its codes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The row is one of the start, or rows before it were left out.</exception>
    public void Put(int row, ReadOnlySpan<float> vector, ReadOnlySpan<int> codes)
    {
        int at = row - Count;
        LateAd?[] late = _late;
        ArgumentOutOfRangeException.ThrowIfNegative(at, nameof(row));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(at, _lateCount, nameof(row));
        ArgumentOutOfRangeException.ThrowIfNotEqual(vector.Length, Width, nameof(vector));
        if (at == late.Length)
            Array.Resize(ref late, Math.Max(16, 2 * at));
        _lateCount = Math.Max(_lateCount, at + 1);
        Volatile.Write(ref late[at], new LateAd(vector.ToArray(), codes.ToArray()));
        Volatile.Write(ref _late, late);
    }

    /// <summary>Whether there is an ad of that row.</summary>
    internal bool Has(int row) => (uint)row < (uint)Count || Late(row) is not null;

    /// <summary>The target vector of a row.</summary>
    internal ReadOnlySpan<float> VectorOf(int row) =>
        row < Count ? Vectors.Span((long)row * Width, Width) : Late(row)!.Vector;

    /// <summary>The codes of a row.</summary>
    internal ReadOnlySpan<int> CodesOf(int row, int fields) =>
        row < Count ? Codes.AsSpan(row * fields, fields) : Late(row)!.Codes;

    /// <inheritdoc/>
    public void Dispose() => _owned?.Dispose();

    private static void CodesOf(ModelConfig config, AdIndex index, int ordinal, Span<int> codes)
    {
        Span<float> record = index.Records.Span((long)ordinal * index.RecordLength, index.RecordLength);
        MemoryMarshal.Cast<float, int>(record[(config.Width + config.Hidden1)..])[..codes.Length].CopyTo(codes);
    }

    private LateAd? Late(int row)
    {
        LateAd?[] late = Volatile.Read(ref _late);
        return (uint)(row - Count) < (uint)late.Length ? Volatile.Read(ref late[row - Count]) : null;
    }

    private sealed record LateAd(float[] Vector, int[] Codes);
}
