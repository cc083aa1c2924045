using System.CommandLine;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Workflows;
using RecallCluster.Data;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Training;
using RecallCluster.Numerics;
using Spectre.Console;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall train</c>.</summary>
internal static class TrainCommand
{
    public static Command Build(CommandBuilder builder)
    {
        var defaults = new TrainingOptions();
        Option<string> data = OptionKit.Required("--data", "Data-set directory.", "DIR");
        Option<string> to = OptionKit.Required("--out", "Directory for the models: deep/, two-tower/, no-side-information/.", "DIR");
        Option<int> epochs = OptionKit.Number("--epochs", "Most passes over the examples.", defaults.Epochs, 1, 10_000);
        Option<int> batch = OptionKit.Number("--batch", "Examples a step.", defaults.BatchSize, 1, 65_536);
        Option<int> negatives = OptionKit.Number(
            "--negatives", "Negatives drawn a step, beside the other examples' positives.", defaults.Negatives, 0, 65_536);
        Option<double> rate = OptionKit.Real(
            "--learning-rate", "Highest learning rate of Adam.", Math.Round(defaults.LearningRate, 7), 1e-7, 1);
        Option<double> minutes = OptionKit.Real(
            "--minutes", "Most minutes for each model; the best weights so far are kept. 0 for no limit.", 0, 0, 10_000);
        Option<string> attention = OptionKit.Choice(
            "--attention", "Attention of the deep models; only linear attention folds.", "linear", "softmax");
        Option<string> ids = OptionKit.Choice(
            "--ids", "Id embeddings that a deep model starts with: new ones, the two-tower's, or new ones where ads have side information.",
            "auto", "anew", "kept");
        Option<double> adversarial = OptionKit.Real(
            "--adversarial", "Weight of the loss at adversarially perturbed target vectors; 0 for none.", defaults.Loss.AdversarialWeight,
            0, 100);
        Option<int> k = OptionKit.Number("--k", "K of the validation recall that stops training.", defaults.ValidationK, 1, 100_000);
        Option<int> threads = OptionKit.Threads();
        return builder.Build(
            "train",
            "Train the deep model and its comparators on a data set, with early stop.",
            [data, to, epochs, batch, negatives, rate, minutes, attention, ids, adversarial, k, threads],
            async (parsed, context) =>
            {
                double limit = parsed.GetValue(minutes);
                var options = defaults with
                {
                    Epochs = parsed.GetValue(epochs),
                    BatchSize = parsed.GetValue(batch),
                    Negatives = parsed.GetValue(negatives),
                    LearningRate = (float)parsed.GetValue(rate),
                    TimeLimit = limit > 0 ? TimeSpan.FromMinutes(limit) : Timeout.InfiniteTimeSpan,
                    Loss = defaults.Loss with { AdversarialWeight = (float)parsed.GetValue(adversarial) },
                    ValidationK = parsed.GetValue(k),
                    Seed = context.Seed,
                };
                TrainedModel[] models = await context.RunAsync(stages =>
                {
                    Dataset dataset = stages.Run("Read the data set", () => DatasetDirectory.Read(parsed.GetRequiredValue(data)));
                    using var team = new WorkerTeam(parsed.GetValue(threads));
                    var workflow = new TrainWorkflow(dataset, parsed.GetRequiredValue(to), options, team)
                    {
                        Attention = parsed.GetValue(attention) == "softmax" ? AttentionKind.Softmax : AttentionKind.Linear,
                        Ids = Enum.Parse<StartingIds>(parsed.GetValue(ids)!, ignoreCase: true),
                    };
                    return workflow.Run(stages, context.Cancellation);
                }).ConfigureAwait(false);
                context.Write(models, Draw);
            });
    }

    public static void Draw(IAnsiConsole console, TrainedModel[] models)
    {
        Table table = Drawing.Table(
            "Trained models", "model", "parameters>", "validation recall>", "steps>", "best step>", "loss>", "examples/s>", "time>",
            "ended");
        foreach (TrainedModel model in models)
        {
            table.Row(
                model.Name,
                Drawing.Count(model.Parameters),
                model.ValidationRecall is { } recall ? $"{Drawing.Percent(recall)} @{model.ValidationK}" : "nothing held out",
                Drawing.Count(model.Steps),
                Drawing.Count(model.BestStep),
                Drawing.Fixed(model.Loss, 3),
                Drawing.Count((long)model.ExamplesPerSecond),
                Drawing.Seconds(model.Seconds),
                model.End switch { TrainingEnd.EarlyStop => "early stop", TrainingEnd.TimeLimit => "time limit", _ => "all epochs" });
        }
        console.Write(table);
    }
}
