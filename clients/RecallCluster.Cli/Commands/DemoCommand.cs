using System.CommandLine;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Reports;
using RecallCluster.Cli.Workflows;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall demo</c>.</summary>
internal static class DemoCommand
{
    private const string ServingUrl = "http://127.0.0.1:8080";

    public static Command Build(CommandBuilder builder)
    {
        Option<bool> quick = OptionKit.Switch("--quick", "A smaller world: about two minutes on two cores.");
        Option<bool> serve = OptionKit.Switch("--serve", $"Leave the front door up on {ServingUrl}.");
        Option<string?> to = OptionKit.Optional("--out", "Directory for data, models and index.", "DIR");
        Option<int> threads = OptionKit.Threads();
        return builder.Build(
            "demo",
            "The main job end to end: world, training, index, tuned search, recall, and real requests through the front door.",
            [quick, serve, to, threads],
            async (parsed, context) =>
            {
                string directory = Path.GetFullPath(parsed.GetValue(to) ?? DefaultDirectory());
                DemoOptions size = parsed.GetValue(quick)
                    ? DemoOptions.Small(directory, context.Seed)
                    : DemoOptions.Full(directory, context.Seed);
                DemoOptions options = size with
                {
                    Threads = parsed.GetValue(threads),
                    Url = parsed.GetValue(serve) ? ServingUrl : size.Url,
                };
                (DemoReport report, ServedDoor door) = await context.Progress
                    .RunAsync(
                        stages => Task.Run(() => new DemoWorkflow(options).RunAsync(stages, context.Cancellation), context.Cancellation))
                    .ConfigureAwait(false);
                await using (door.ConfigureAwait(false))
                {
                    context.Write(report, DemoDrawing.Draw);
                    if (parsed.GetValue(serve))
                        await door.UntilStoppedAsync(context.Cancellation).ConfigureAwait(false);
                }
                if (report.Serving.Errors > 0)
                    throw new InvalidOperationException(
                        $"{report.Serving.Errors} of {report.Serving.Requests} requests failed; the first: {report.Serving.FirstError}");
            });
    }

    /// <summary>In the build's own folder where the program runs from one, which git ignores; else in the temporary folder.</summary>
    private static string DefaultDirectory()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (at.Name == "artifacts")
                return Path.Combine(at.FullName, "demo");
        }
        return Path.Combine(Path.GetTempPath(), "recall-demo");
    }
}
