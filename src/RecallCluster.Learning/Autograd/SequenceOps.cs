using RecallCluster.Learning.Tensors;

namespace RecallCluster.Learning.Autograd;

/// <summary>Operations on padded sequences: [batch, places, width], of which entry b has lengths[b] places filled.</summary>
public static class SequenceOps
{
    /// <summary>Zeros at the places beyond each entry's length. Can be differentiated again.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[batch, places, width].</param>
    /// <param name="lengths">[batch]; a length above the number of places counts as full, a negative one as empty.</param>
    /// <exception cref="ArgumentException">The rank is not 3, or there is not one length a batch entry.</exception>
    public static Tensor MaskSequence(this Tape tape, Tensor x, ReadOnlySpan<int> lengths)
    {
        Check(x, lengths);
        RowIndex kept = tape.Keep(lengths);
        return MaskSequence(tape, x, kept);
    }

    /// <summary>Sum over the filled places: [batch, width]; zeros for an empty sequence.</summary>
    /// <inheritdoc cref="MaskSequence(Tape, Tensor, ReadOnlySpan{int})"/>
    public static Tensor SequenceSum(this Tape tape, Tensor x, ReadOnlySpan<int> lengths)
    {
        Tensor masked = tape.MaskSequence(x, lengths);
        Tensor sum = tape.SumTo(masked, x.Shape.With(1, 1));
        return tape.Reshape(sum, new Shape(x.Shape[0], x.Shape[2]));
    }

    /// <summary>Mean over the filled places: [batch, width]; zeros for an empty sequence.</summary>
    /// <inheritdoc cref="MaskSequence(Tape, Tensor, ReadOnlySpan{int})"/>
    public static Tensor SequenceMean(this Tape tape, Tensor x, ReadOnlySpan<int> lengths)
    {
        Tensor sum = tape.SequenceSum(x, lengths);
        Tensor weights = tape.Allocate(new Shape(lengths.Length, 1));
        for (int i = 0; i < lengths.Length; i++)
            weights.Values[i] = 1f / Math.Clamp(lengths[i], 1, Math.Max(1, x.Shape[1]));
        return tape.Multiply(sum, weights);
    }

    /// <summary>
    /// Softmax along the last axis over the filled places of each batch entry; zero elsewhere, and everywhere for an empty sequence. Can be
    /// differentiated again.
    /// </summary>
    /// <param name="tape">The tape.</param>
    /// <param name="scores">[batch, queries, places].</param>
    /// <param name="lengths">[batch].</param>
    /// <exception cref="ArgumentException">The rank is not 3, or there is not one length a batch entry.</exception>
    public static Tensor MaskedSoftmax(this Tape tape, Tensor scores, ReadOnlySpan<int> lengths)
    {
        Check(scores, lengths);
        RowIndex kept = tape.Keep(lengths);
        int queries = scores.Shape[1], places = scores.Shape[2];
        Tensor y = tape.Allocate(scores.Shape);
        tape.ForRange(scores.Shape[0], queries * places * 8, (start, end) =>
        {
            for (int row = start * queries; row < end * queries; row++)
            {
                int length = Math.Clamp(kept.Values[row / queries], 0, places);
                Span<float> target = y.Values.Slice(row * places, places);
                ReductionOps.SoftmaxRow(scores.Values.Slice(row * places, length), target[..length]);
                target[length..].Clear();
            }
        });
        return !tape.Records(scores) ? y : tape.Record(y, [scores], (sink, output, gradient) =>
            sink.Add(scores, ReductionOps.SoftmaxGradient(tape, output, gradient)));
    }

    private static Tensor MaskSequence(Tape tape, Tensor x, RowIndex lengths)
    {
        Tensor masked = tape.Allocate(x.Shape);
        int places = x.Shape[1], width = x.Shape[2];
        for (int entry = 0; entry < x.Shape[0]; entry++)
        {
            int filled = Math.Clamp(lengths.Values[entry], 0, places) * width;
            ReadOnlySpan<float> source = x.Values.Slice(entry * places * width, places * width);
            Span<float> target = masked.Values.Slice(entry * places * width, places * width);
            source[..filled].CopyTo(target);
            target[filled..].Clear();
        }
        return !tape.Records(x) ? masked : tape.Record(masked, [x], (sink, _, gradient) =>
            sink.Add(x, MaskSequence(tape, gradient, lengths)));
    }

    private static void Check(Tensor x, ReadOnlySpan<int> lengths)
    {
        if (x.Shape.Rank != 3 || x.Shape[0] != lengths.Length)
            throw new ArgumentException($"{lengths.Length} lengths do not fit sequences of shape {x.Shape}.", nameof(lengths));
    }
}
