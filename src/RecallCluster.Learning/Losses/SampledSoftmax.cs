using RecallCluster.Learning.Autograd;

namespace RecallCluster.Learning.Losses;

/// <summary>
/// Softmax cross entropy over a sample of candidates instead of all items. A candidate drawn with probability Q has log Q taken off its
/// logit, so that the sampled loss estimates the full one (Bengio &amp; Senecal, 2008; log-Q correction), and a candidate that happens to
/// be the row's own positive is left out (an accidental hit).
/// </summary>
public static class SampledSoftmax
{
    /// <summary>
    /// Mean loss where all rows share one list of candidates, each row's positive among them (in-batch and shared negatives).
    /// </summary>
    /// <param name="tape">The tape.</param>
    /// <param name="logits">[rows, candidates].</param>
    /// <param name="targets">[rows]: the column of each row's positive.</param>
    /// <param name="candidates">
    /// [candidates]: item of each column; other columns with the item of the positive are masked. Empty: no masking.
    /// </param>
    /// <param name="logQ">[candidates]: natural logarithm of the expected number of draws of each item. Empty: no correction.</param>
    /// <exception cref="ArgumentException">The lengths do not fit.</exception>
    public static Tensor Loss(
        Tape tape, Tensor logits, ReadOnlySpan<int> targets, ReadOnlySpan<int> candidates, ReadOnlySpan<float> logQ)
    {
        ArgumentNullException.ThrowIfNull(tape);
        ArgumentNullException.ThrowIfNull(logits);
        int width = logits.Shape.Width;
        CheckOptional(candidates.Length, width, nameof(candidates));
        CheckOptional(logQ.Length, width, nameof(logQ));
        if (candidates.IsEmpty && logQ.IsEmpty)
            return CrossEntropy.Softmax(tape, logits, targets);
        Tensor offset = tape.Full(logits.Shape, 0);
        for (int row = 0; row < targets.Length && row < logits.Shape.Rows; row++)
        {
            Span<float> values = offset.Values.Slice(row * width, width);
            int target = targets[row];
            if ((uint)target >= (uint)width)
                throw new ArgumentOutOfRangeException(nameof(targets), $"Row {row} has target {target}; there are {width} candidates.");
            Correct(values, logQ);
            if (candidates.IsEmpty)
                continue;
            float own = values[target];
            Mask(values, candidates, candidates[target]);
            values[target] = own;
        }
        return CrossEntropy.Softmax(tape, tape.Add(logits, offset), targets);
    }

    /// <summary>Mean loss where each row has a positive of its own and all rows share the negatives.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="positives">[rows, 1]: logit of each row's positive.</param>
    /// <param name="negatives">[rows, n]: logits of the shared negatives.</param>
    /// <param name="positiveItems">[rows]: item of each row's positive. Empty: no masking of accidental hits.</param>
    /// <param name="negativeItems">[n]: item of each negative. Empty: no masking.</param>
    /// <param name="positiveLogQ">[rows]: log of the expected number of draws of each positive. Empty: no correction of positives.</param>
    /// <param name="negativeLogQ">[n]: the same for the negatives. Empty: no correction.</param>
    /// <exception cref="ArgumentException">The lengths do not fit.</exception>
    public static Tensor Loss(
        Tape tape,
        Tensor positives,
        Tensor negatives,
        ReadOnlySpan<int> positiveItems,
        ReadOnlySpan<int> negativeItems,
        ReadOnlySpan<float> positiveLogQ,
        ReadOnlySpan<float> negativeLogQ)
    {
        ArgumentNullException.ThrowIfNull(tape);
        ArgumentNullException.ThrowIfNull(positives);
        ArgumentNullException.ThrowIfNull(negatives);
        int rows = negatives.Shape.Rows, n = negatives.Shape.Width;
        CheckOptional(positiveItems.Length, rows, nameof(positiveItems));
        CheckOptional(negativeItems.Length, n, nameof(negativeItems));
        CheckOptional(positiveLogQ.Length, rows, nameof(positiveLogQ));
        CheckOptional(negativeLogQ.Length, n, nameof(negativeLogQ));
        Tensor logits = tape.Concat(positives, negatives);
        Tensor offset = tape.Full(logits.Shape, 0);
        for (int row = 0; row < rows; row++)
        {
            Span<float> values = offset.Values.Slice(row * (n + 1), n + 1);
            if (!positiveLogQ.IsEmpty)
                values[0] = -positiveLogQ[row];
            Correct(values[1..], negativeLogQ);
            if (!positiveItems.IsEmpty)
                Mask(values[1..], negativeItems, positiveItems[row]);
        }
        var targets = new int[rows];
        return CrossEntropy.Softmax(tape, tape.Add(logits, offset), targets);
    }

    private static void Correct(Span<float> offsets, ReadOnlySpan<float> logQ)
    {
        for (int i = 0; i < logQ.Length; i++)
            offsets[i] = -logQ[i];
    }

    private static void Mask(Span<float> offsets, ReadOnlySpan<int> items, int item)
    {
        for (int i = 0; i < items.Length; i++)
            if (items[i] == item)
                offsets[i] = float.NegativeInfinity;
    }

    private static void CheckOptional(int length, int wanted, string name)
    {
        if (length != 0 && length != wanted)
            throw new ArgumentException($"{length} values were given where {wanted} or none are wanted.", name);
    }
}
