using RecallCluster.Cli.Infrastructure;
using Spectre.Console;

namespace RecallCluster.Cli.Reports;

/// <summary>A data set's summary as text.</summary>
internal static class DatasetDrawing
{
    public static void Draw(IAnsiConsole console, DatasetSummary summary) => console.Pairs(
        $"{summary.Name} in {summary.Directory}",
        ("ads", Drawing.Count(summary.Items)),
        ("users", Drawing.Count(summary.Users)),
        ("events (train, validation, test)", string.Join(
            ", ", new[] { summary.Events.Train, summary.Events.Validation, summary.Events.Test }.Select(n => Drawing.Count(n)))),
        ("in time order", summary.Ordered ? "yes" : "no"),
        ("ad fields", Names(summary.ItemFields)),
        ("user fields", Names(summary.UserFields)),
        ("split", summary.Split));

    private static string Names(FieldSummary[] fields) =>
        fields.Length == 0 ? "none" : string.Join(", ", fields.Select(f => $"{f.Name} ({f.Codes})"));
}
