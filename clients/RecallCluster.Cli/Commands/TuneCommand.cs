using System.CommandLine;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Workflows;
using RecallCluster.Data;
using RecallCluster.Learning.Models;
using RecallCluster.Numerics;
using RecallCluster.Retrieval.Tuning;
using Spectre.Console;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall tune</c>.</summary>
internal static class TuneCommand
{
    public static Command Build(CommandBuilder builder)
    {
        Option<string> data = OptionKit.Required("--data", "Data-set directory.", "DIR");
        Option<string> model = OptionKit.Required("--model", "Directory that `train` made.", "DIR");
        Option<string> index = OptionKit.Required("--index", "Index directory; the parameters found are kept in it as tuned.json.", "DIR");
        Option<int> k = OptionKit.Number("--k", "Ads wanted.", 200, 1);
        Option<double> recall = OptionKit.Real("--recall", "Relative recall to reach.", 0.95, 0.01, 1);
        Option<string> goal = OptionKit.Choice(
            "--goal", "What recall is relative to: the best ads of scoring every ad, or the held-out ads that it finds.", "overlap",
            "held-out");
        Option<int> users = OptionKit.Number("--users", "Validation users.", 200, 1);
        Option<int?> scorings = OptionKit.OptionalNumber(
            "--scorings", "The largest budget to consider; a quarter of the ads unless given.", 1);
        Option<int> threads = OptionKit.Threads();
        return builder.Build(
            "tune",
            "Find the smallest search budget that reaches a relative recall on validation users.",
            [data, model, index, k, recall, goal, users, scorings, threads],
            async (parsed, context) =>
            {
                TuneReport report = await context.RunAsync(stages =>
                {
                    Dataset dataset = stages.Run("Read the data set", () => DatasetDirectory.Read(parsed.GetRequiredValue(data)));
                    using var team = new WorkerTeam(parsed.GetValue(threads));
                    string folder = ModelFolders.DeepIn(parsed.GetRequiredValue(model));
                    DeepAdModel deep = IndexWorkflow.LoadDeep(folder);
                    using IndexedAds ads = stages.Run(
                        "Open the index", () => new IndexedAds(parsed.GetRequiredValue(index), folder, deep, dataset));
                    var workflow = new TuneWorkflow(dataset, ads, deep, parsed.GetRequiredValue(index))
                    {
                        K = parsed.GetValue(k),
                        Wanted = parsed.GetValue(recall),
                        Goal = parsed.GetValue(goal) == "overlap" ? TuningGoal.TopKOverlap : TuningGoal.HeldOutRecall,
                        Users = parsed.GetValue(users),
                        MaxScorings = parsed.GetValue(scorings),
                        Seed = context.Seed,
                    };
                    return workflow.Run(stages, team);
                }).ConfigureAwait(false);
                context.Write(report, Draw);
                if (!report.WantedReached)
                    throw new InvalidOperationException($"relative recall {report.Wanted} was not reached; the best setting "
                        + $"({report.Reached:F4}) is kept. Allow more --scorings or build the index with a larger --m.");
            });
    }

    private static void Draw(IAnsiConsole console, TuneReport report)
    {
        Table table = Drawing.Table(
            $"Settings that no other beats, for the {report.K} best ads ({report.Users} validation users)", "relative recall>", "scorings>",
            "of all ads>", "a request>", "settings");
        foreach (TunePoint point in report.Frontier)
        {
            table.Row(
                Drawing.Percent(point.RelativeRecall),
                Drawing.Count((long)Math.Round(point.Scorings)),
                Drawing.Percent(point.ScoredFraction),
                Drawing.Milliseconds(point.MsPerRequest),
                Describe(point.Parameters));
        }
        console.Write(table);
        console.WriteLine($"Kept: relative recall {Drawing.Percent(report.Reached)} with "
            + $"{Drawing.Count((long)Math.Round(report.Scorings))} scorings ({Drawing.Percent(report.ScoredFraction)} of all ads); "
            + $"{Describe(report.Parameters)}.");
    }

    private static string Describe(GuidedSettings settings)
    {
        string layers = string.Join("; ", settings.Layers.Select((l, i) =>
            $"{(i == 0 ? "bottom" : "above")} ef "
            + $"{l.Ef}{(l.Width is { } w ? $", {w} a hop" : "")}{(l.Hops is { } h ? $", {h} hops" : "")}"));
        return $"{layers}; {(settings.EntryLayer is { } entry ? $"starts from all of layer {entry}" : "starts from one ad")}";
    }
}
