using System.CommandLine;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Reports;
using RecallCluster.Cli.Workflows;
using RecallCluster.Cli.Workflows.Cluster;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall demo</c>.</summary>
internal static class DemoCommand
{
    private const string ServingUrl = "http://127.0.0.1:8080";

    public static Command Build(CommandBuilder builder)
    {
        Option<bool> quick = OptionKit.Switch("--quick", "Less training and a shorter day: under four minutes on two cores.");
        Option<bool> serve = OptionKit.Switch(
            "--serve", $"Leave the front door up on {ServingUrl}, with traffic, so that the dashboard lives.");
        Option<string?> to = OptionKit.Optional("--out", "Directory for data, models and index.", "DIR");
        Option<int> threads = OptionKit.Threads();
        Option<bool> cluster = OptionKit.Switch(
            "--cluster",
            "The day goes through a cluster of silos and a Redis on this machine; a silo is killed on the way (cluster edition).");
        Option<int> silos = OptionKit.Number("--silos", "Silos of that cluster.", 3, 2, 16);
        return builder.Build(
            "demo",
            "The main job end to end: world, training, index, tuned search, recall, "
            + "then a market whose day goes through the real front door.",
            [quick, serve, to, threads, cluster, silos],
            async (parsed, context) =>
            {
                if (parsed.GetValue(cluster))
                    RequireCluster();
                string directory = Path.GetFullPath(parsed.GetValue(to) ?? DefaultDirectory());
                DemoOptions size = parsed.GetValue(quick)
                    ? DemoOptions.Small(directory, context.Seed)
                    : DemoOptions.Full(directory, context.Seed);
                DemoOptions options = size with
                {
                    Threads = parsed.GetValue(threads),
                    Silos = parsed.GetValue(cluster) ? parsed.GetValue(silos) : null,
                    Address = parsed.GetValue(serve) ? new Uri(ServingUrl) : null,
                };
                var demo = new DemoWorkflow(options);
                DemoReport report = await context.Progress
                    .RunAsync(stages => Task.Run(() => demo.RunAsync(stages, context.Cancellation), context.Cancellation))
                    .ConfigureAwait(false);
                context.Write(report, DemoDrawing.Draw);
                if (report.Serving.Errors > 0)
                    throw new InvalidOperationException(
                        $"{report.Serving.Errors} of {report.Serving.Requests} requests failed; the first: {report.Serving.FirstError}");
                if (report.Feedback.Lost > 0 || report.Feedback.LedgersThatDiffer.Count > 0 || report.Bidding.Overspend > 0)
                {
                    throw new InvalidOperationException(
                        $"{report.Feedback.Lost} events were lost, "
                        + $"{report.Feedback.LedgersThatDiffer.Count} ledgers are not what was acknowledged, "
                        + $"{report.Bidding.Overspend} was spent beyond budgets.");
                }
                if (parsed.GetValue(serve))
                    await ServeOnAsync(demo, context).ConfigureAwait(false);
            });
    }

    /// <summary>Before anything that takes minutes: is there what a cluster is made of?</summary>
    private static void RequireCluster()
    {
        SiloProgram.Find();
        LocalRedis.Program();
    }

    private static async Task ServeOnAsync(DemoWorkflow demo, CommandContext context)
    {
        try
        {
            await demo.ServeOnAsync(
                door => context.Error.WriteLine($"Serving at {door} with simulated traffic; stop with Ctrl-C."), context.Cancellation)
                    .ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.Cancellation.IsCancellationRequested)
        {
            context.Error.WriteLine("Stopped.");
        }
    }

    /// <summary>In the build's own folder where the program runs from one, which git ignores; else in the temporary folder.</summary>
    internal static string DefaultDirectory(string name = "demo")
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (at.Name == "artifacts")
                return Path.Combine(at.FullName, name);
        }
        return Path.Combine(Path.GetTempPath(), $"recall-{name}");
    }
}
