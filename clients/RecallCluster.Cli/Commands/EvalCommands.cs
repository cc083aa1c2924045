using System.CommandLine;
using System.Globalization;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Plots;
using RecallCluster.Cli.Reports;
using RecallCluster.Cli.Workflows;
using RecallCluster.Data;
using RecallCluster.Learning.Models;
using RecallCluster.Numerics;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving.Indexes;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall eval</c>.</summary>
internal static class EvalCommands
{
    public static Command Build(CommandBuilder builder) =>
        CommandBuilder.Group("eval", "Measure methods on held-out events.", Retrieval(builder));

    private static Command Retrieval(CommandBuilder builder)
    {
        Option<string> data = OptionKit.Required("--data", "Data-set directory.", "DIR");
        Option<string> model = OptionKit.Required("--model", "Directory that `train` made.", "DIR");
        Option<string> index = OptionKit.Required(
            "--index", "Index directory. It is tuned first where it was not tuned for this K.", "DIR");
        Option<int> k = OptionKit.Number("--k", "Ads wanted.", 200, 1);
        Option<int> users = OptionKit.Number("--users", "Most test users, drawn by the seed; 0 for all.", 0, 0);
        Option<int[]> scorings = OptionKit.Numbers(
            "--scorings", "Budgets of the guided search; the tuned ones unless given.", [], 1, int.MaxValue);
        Option<string> objective = OptionKit.Choice(
            "--objective", "Recall of held-out clicks, or of the auction value of the best ads under drawn bids.", "clicks", "value");
        Option<int> slots = OptionKit.Number("--slots", "With --objective value: slots of an auction.", 5, 1);
        Option<int> campaigns = OptionKit.Number(
            "--campaigns", "With --objective value: campaigns, to which ads belong at random.", 500, 1);
        Option<double> spread = OptionKit.Real(
            "--bid-spread", "With --objective value: standard deviation of the logarithm of the campaigns' bids.", 1, 0, 10);
        Option<double> clickRate = OptionKit.Real(
            "--click-rate", "With --objective value: mean click probability of the K ads of highest interest.", 0.01, 1e-6, 0.5);
        Option<int> perCampaign = OptionKit.Number(
            "--per-campaign", "With --objective value: most ads of one campaign among the K, as a gateway asks for; 0 for no bound.", 0, 0);
        Option<string?> market = OptionKit.Optional(
            "--market", "With --objective value: directory with campaigns.json and ads.jsonl, in place of drawn campaigns.", "DIR");
        Option<string?> state = OptionKit.Optional(
            "--state", "With --market: state file of a front door that served it, for bids and calibration as they stand there.", "FILE");
        Option<string?> plot = OptionKit.Optional("--plot", "Draw recall against scored fraction.", "FILE.svg");
        Option<int> threads = OptionKit.Threads();
        return builder.Build(
            "retrieval",
            "Recall of scoring every ad, of the guided search at several budgets, and of the comparators, on the same test users.",
            [data, model, index, k, users, scorings, objective, slots, campaigns, spread, clickRate, perCampaign, market, state, plot,
                threads],
            async (parsed, context) =>
            {
                string indexDirectory = parsed.GetRequiredValue(index);
                if (parsed.GetValue(objective) == "value")
                {
                    ValueReport report = await context.RunAsync(Value).ConfigureAwait(false);
                    context.Write(report, ValueDrawing.Draw);
                    return;
                }
                string name = "";
                RetrievalRow[] rows = await context.RunAsync(stages =>
                {
                    Dataset dataset = stages.Run("Read the data set", () => DatasetDirectory.Read(parsed.GetRequiredValue(data)));
                    name = dataset.Name;
                    using var team = new WorkerTeam(parsed.GetValue(threads));
                    ComparedModels models = ComparedModels.In(parsed.GetRequiredValue(model));
                    DeepAdModel deep = IndexWorkflow.LoadDeep(models.Deep);
                    using IndexedAds ads = stages.Run("Open the index", () => new IndexedAds(indexDirectory, models.Deep, deep, dataset));
                    TunedSearch tuned = TuneWorkflow.Tuned(
                        dataset, ads, deep, indexDirectory, parsed.GetValue(k), context.Seed, stages, team);
                    int[] budgets = parsed.GetValue(scorings)!;
                    IReadOnlyList<GuidedSearchParameters> settings = budgets.Length > 0
                        ? GuidedSettingsChoice.Of(tuned, budgets, ads.Shards.Count)
                        : GuidedSettingsChoice.Of(tuned);
                    var workflow = new EvalWorkflow(dataset, models, team)
                    {
                        K = parsed.GetValue(k),
                        MaxUsers = parsed.GetValue(users),
                        Seed = context.Seed,
                    };
                    return workflow.Run(deep, ads, settings, stages, context.Cancellation);
                }).ConfigureAwait(false);
                if (parsed.GetValue(plot) is { } file)
                    PlotFile.Save(file, RetrievalPlot.Of(name, rows));
                context.Write(rows, RetrievalDrawing.Draw);

                ValueReport Value(IStages stages)
                {
                    Dataset dataset = stages.Run("Read the data set", () => DatasetDirectory.Read(parsed.GetRequiredValue(data)));
                    using var team = new WorkerTeam(parsed.GetValue(threads));
                    string folder = ModelFolders.DeepIn(parsed.GetRequiredValue(model));
                    DeepAdModel deep = IndexWorkflow.LoadDeep(folder);
                    using IndexedAds ads = stages.Run("Open the index", () => new IndexedAds(indexDirectory, folder, deep, dataset));
                    TunedSearch tuned = TuneWorkflow.Tuned(
                        dataset, ads, deep, indexDirectory, parsed.GetValue(k), context.Seed, stages, team);
                    int[] budgets = parsed.GetValue(scorings)!;
                    var workflow = new EvalValueWorkflow(dataset, ads, deep, team)
                    {
                        K = parsed.GetValue(k),
                        Slots = Math.Min(parsed.GetValue(slots), parsed.GetValue(k)),
                        MaxUsers = parsed.GetValue(users) is var most and > 0 ? most : int.MaxValue,
                        Market = (random, scale) => parsed.GetValue(market) is { } directory
                            ? MarketBids.ReadAsync(directory, parsed.GetValue(state), dataset, scale).GetAwaiter().GetResult()
                            : ValueMarket.Drawn(
                                dataset.Items.Count, parsed.GetValue(campaigns), parsed.GetValue(spread), scale, random),
                        Bids = parsed.GetValue(market) is null ? string.Create(
                                CultureInfo.InvariantCulture, $"log-normal bids of spread {parsed.GetValue(spread):0.###}")
                            : parsed.GetValue(state) is null ? "bids of the weights that they start with" : "bids as a state file has them",
                        PerCampaign = parsed.GetValue(perCampaign) is var bound and > 0 ? bound : int.MaxValue,
                        ClickRate = parsed.GetValue(clickRate),
                        Seed = context.Seed,
                    };
                    IReadOnlyList<GuidedSearchParameters> settings = GuidedSettingsChoice.Of(
                        tuned, budgets.Length > 0 ? budgets : [1_000, 2_000, 4_000], ads.Shards.Count);
                    return workflow.Run(settings, stages, context.Cancellation);
                }
            });
    }
}
