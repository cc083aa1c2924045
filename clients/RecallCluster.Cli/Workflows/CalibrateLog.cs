namespace RecallCluster.Cli.Workflows;

/// <summary>A log of predictions and what came of them, as columns.</summary>
/// <param name="Predictions">Raw predictions, in [0, 1].</param>
/// <param name="Labels">0 or 1.</param>
/// <param name="Weights">Weights, or null where all are 1.</param>
/// <param name="Groups">Group of each row as an index into <paramref name="GroupNames"/>, or null without groups.</param>
/// <param name="GroupNames">Context paths of the groups.</param>
/// <param name="Hours">Time of each row in hours, or null without times.</param>
internal sealed record CalibrateLog(
    double[] Predictions, byte[] Labels, double[]? Weights, int[]? Groups, string[] GroupNames, double[]? Hours)
{
    public int Count => Predictions.Length;

    /// <summary>The rows of the given numbers, in their order.</summary>
    public CalibrateLog Select(int[] rows) => new(
        Pick(Predictions, rows),
        Pick(Labels, rows),
        Weights is null ? null : Pick(Weights, rows),
        Groups is null ? null : Pick(Groups, rows),
        GroupNames,
        Hours is null ? null : Pick(Hours, rows));

    public string? ContextOf(int row) => Groups is null ? null : GroupNames[Groups[row]];

    private static T[] Pick<T>(T[] column, int[] rows)
    {
        var picked = new T[rows.Length];
        for (int i = 0; i < rows.Length; i++)
            picked[i] = column[rows[i]];
        return picked;
    }
}
