using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving.Indexes;

namespace RecallCluster.Cli.Workflows;

/// <summary>Which settings of the guided search an evaluation shows.</summary>
internal static class GuidedSettingsChoice
{
    private const int MostRows = 8;

    /// <summary>The tuned setting among a spread of budgets from the frontier, by rising budget.</summary>
    public static IReadOnlyList<GuidedSearchParameters> Of(TunedSearch tuned)
    {
        GuidedSearchParameters[] all =
            [.. tuned.Frontier.Append(tuned.Parameters).DistinctBy(p => p.MaxScorings).OrderBy(p => p.MaxScorings)];
        if (all.Length <= MostRows)
            return all;
        // Budgets differ by factors: the rows are spread evenly over the logarithm.
        double low = Math.Log(all[0].MaxScorings), high = Math.Log(all[^1].MaxScorings);
        IEnumerable<GuidedSearchParameters> spread = Enumerable.Range(0, MostRows - 1)
            .Select(i => low + ((high - low) * i / (MostRows - 2)))
            .Select(wanted => all.MinBy(p => Math.Abs(Math.Log(p.MaxScorings) - wanted))!);
        return [.. spread.Append(tuned.Parameters).DistinctBy(p => p.MaxScorings).OrderBy(p => p.MaxScorings)];
    }

    /// <summary>The tuned setting with other budgets, which are divided over the shards.</summary>
    public static IReadOnlyList<GuidedSearchParameters> Of(TunedSearch tuned, IEnumerable<int> scorings, int shards) =>
        [.. scorings.Distinct().Order().Select(s => tuned.Parameters with { MaxScorings = Math.Max(1, s / shards) })];
}
