using System.CommandLine;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Workflows;
using RecallCluster.Learning.Training;
using RecallCluster.Serving.Indexes;
using Spectre.Console;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall retrain</c>.</summary>
internal static class RetrainCommand
{
    private const string KeyVariable = "RECALL_KEY";

    // With --every 0 a server that is away would be asked, and told of, thousands of times a second.
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(5);

    public static Command Build(CommandBuilder builder)
    {
        var defaults = new TrainingOptions();
        Option<string> data = OptionKit.Required("--data", "Data-set directory; read anew each round.", "DIR");
        Option<string> versions = OptionKit.Required(
            "--versions", "Directory of versions that the server looks at (serve --versions, directories:versions).", "DIR");
        Option<string> url = new("--url")
        {
            Description = "The server.",
            DefaultValueFactory = _ => "http://127.0.0.1:8080",
            HelpName = "URL",
        };
        Option<string?> key = OptionKit.Optional(
            "--key", $"API key with the role admin; {KeyVariable} in the environment if not given.", "KEY");
        Option<int> shards = OptionKit.Number("--shards", "Number of shards.", 1, 1, 4096);
        Option<int> epochs = OptionKit.Number("--epochs", "Most passes over the examples.", defaults.Epochs, 1, 10_000);
        Option<double> minutes = OptionKit.Real("--minutes", "Most minutes for each model; 0 for no limit.", 0, 0, 10_000);
        Option<double> every = OptionKit.Real("--every", "Minutes from one round's beginning to the next one's.", 60, 0, 100_000);
        Option<bool> once = OptionKit.Switch("--once", "Run one round and end; code 1 where its version was refused.");
        Option<int?> requests = OptionKit.OptionalNumber(
            "--requests", "Live requests that a version is compared on; as the server is configured if not given.", 0);
        Option<int> keep = OptionKit.Number("--keep", "Versions of earlier rounds that stay in the directory, beside those in use.", 3, 1);
        Option<int> threads = OptionKit.Threads();
        return builder.Build(
            "retrain",
            "Train from the latest data beside a running server, build the index, publish it, let the server's comparison decide; "
            + "again and again.",
            [data, versions, url, key, shards, epochs, minutes, every, once, requests, keep, threads],
            async (parsed, context) =>
            {
                double limit = parsed.GetValue(minutes);
                var options = new RetrainOptions
                {
                    Data = parsed.GetRequiredValue(data),
                    Versions = parsed.GetRequiredValue(versions),
                    Training = defaults with
                    {
                        Epochs = parsed.GetValue(epochs),
                        TimeLimit = limit > 0 ? TimeSpan.FromMinutes(limit) : Timeout.InfiniteTimeSpan,
                        Seed = context.Seed,
                    },
                    Index = new IndexBuildOptions { Shards = parsed.GetValue(shards), Threads = parsed.GetValue(threads) },
                    Requests = parsed.GetValue(requests),
                    Keep = parsed.GetValue(keep),
                };
                using var server = new IndexServer(
                    TopCommand.AddressOf(parsed.GetValue(url)!), parsed.GetValue(key) ?? Environment.GetEnvironmentVariable(KeyVariable),
                    TimeProvider.System);
                var workflow = new RetrainWorkflow(options, server, TimeProvider.System);
                if (parsed.GetValue(once))
                {
                    RetrainedVersion made = await RoundAsync(workflow, context).ConfigureAwait(false);
                    if (made.Outcome != "switched")
                        throw new ExitException(ExitCodes.Failure, $"Version {made.Name} was refused: {made.Reason}");
                    return;
                }
                await LoopAsync(workflow, TimeSpan.FromMinutes(parsed.GetValue(every)), context).ConfigureAwait(false);
            });
    }

    private static async Task LoopAsync(RetrainWorkflow workflow, TimeSpan every, CommandContext context)
    {
        while (!context.Cancellation.IsCancellationRequested)
        {
            long began = TimeProvider.System.GetTimestamp();
            TimeSpan least = TimeSpan.Zero;
            try
            {
                await RoundAsync(workflow, context).ConfigureAwait(false);
            }
            // The next round may find the server back and the data mended.
            catch (Exception e) when (e is HttpRequestException or IOException or InvalidDataException or UnauthorizedAccessException
                || (e is OperationCanceledException && !context.Cancellation.IsCancellationRequested))
            {
                await context.Error.WriteLineAsync($"This round came to nothing: {e.Message}").ConfigureAwait(false);
                least = AfterFailure;
            }
            TimeSpan rest = every - TimeProvider.System.GetElapsedTime(began);
            rest = rest > least ? rest : least;
            if (rest > TimeSpan.Zero)
                await Task.Delay(rest, context.Cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task<RetrainedVersion> RoundAsync(RetrainWorkflow workflow, CommandContext context)
    {
        RetrainedVersion made = await context.Progress.RunAsync(stages => workflow.RunAsync(stages, context.Cancellation))
            .ConfigureAwait(false);
        context.Write(made, Draw);
        return made;
    }

    private static void Draw(IAnsiConsole console, RetrainedVersion made) => console.Pairs(
        $"Version {made.Name} was {made.Outcome}",
        ("reason", made.Reason ?? "none"),
        ("compared", made.Figures is null ? "nothing" : string.Join(", ", made.Figures.Select(f => $"{f.Key} {f.Value:0.###}"))),
        ("validation recall", made.ValidationRecall is { } recall ? Drawing.Percent(recall) : "nothing held out"),
        ("ads", Drawing.Count(made.Ads)),
        ("training", Drawing.Seconds(made.TrainSeconds)),
        ("index", Drawing.Seconds(made.IndexSeconds)),
        ("roll-out", Drawing.Seconds(made.RolloutSeconds)));
}
