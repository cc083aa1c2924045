namespace RecallCluster.Learning.Models;

/// <summary>
/// What a batch of B rows over n shared candidates is to learn: each row's positive, the correction of each candidate's logit for how
/// often it is drawn, and the candidates that a row leaves out because they are positives of its user too.
/// </summary>
/// <param name="Positives">[B]: column of each row's positive.</param>
/// <param name="LogQ">[n]: natural logarithm of the expected number of times that a candidate is drawn for a batch.</param>
/// <param name="MaskSplits">[B + 1]: row splits of <paramref name="MaskColumns"/>.</param>
/// <param name="MaskColumns">Columns that a row leaves out, each once; never its positive.</param>
public sealed record CandidateTargets(int[] Positives, float[] LogQ, int[] MaskSplits, int[] MaskColumns)
{
    /// <summary>The columns that <paramref name="row"/> leaves out.</summary>
    public ReadOnlySpan<int> MaskOf(int row) => MaskColumns.AsSpan(MaskSplits[row]..MaskSplits[row + 1]);

    /// <summary>The targets of <paramref name="count"/> rows from <paramref name="start"/> on.</summary>
    public CandidateTargets Rows(int start, int count)
    {
        int first = MaskSplits[start];
        return new CandidateTargets(
            Positives[start..(start + count)],
            LogQ,
            Array.ConvertAll(MaskSplits[start..(start + count + 1)], split => split - first),
            MaskColumns[first..MaskSplits[start + count]]);
    }
}
