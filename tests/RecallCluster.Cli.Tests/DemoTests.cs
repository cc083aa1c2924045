using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Reports;
using RecallCluster.Cli.Workflows;
using RecallCluster.Simulation;
using Spectre.Console;

namespace RecallCluster.Cli.Tests;

public class DemoTests
{
    [Fact]
    public async Task The_demonstration_trains_indexes_measures_and_serves_without_an_error()
    {
        using var scratch = new Scratch();
        DemoOptions small = DemoOptions.Small(scratch["demo"], seed: 3);
        DemoOptions tiny = small with
        {
            World = SyntheticWorldOptions.Tiny with { ClicksPerUser = 8, HeldOutShare = 0.5, Seed = 3 },
            Training = small.Training with { Epochs = 1, BatchSize = 64, Negatives = 32 },
            K = 20,
            Requests = 40,
            TuneUsers = 10,
        };

        (DemoReport report, ServedDoor door) = await new PlainProgress(TextWriter.Null, TimeProvider.System)
            .RunAsync(stages => new DemoWorkflow(tiny).RunAsync(stages, default));
        await door.DisposeAsync();

        Assert.Equal((40, 0), (report.Serving.Requests, report.Serving.Errors));
        Assert.True(report.Serving.P50Ms <= report.Serving.P99Ms);
        Assert.Equal((20, 1000), (report.Retrieval.K, report.Retrieval.Items));
        Assert.InRange(report.Retrieval.ScoredFraction, 0, 1);
        Assert.InRange(report.Retrieval.TopKOverlap, 0, 1);
        using var text = new StringWriter();
        DemoDrawing.Draw(AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(text), Ansi = AnsiSupport.No }), report);
        Assert.Contains("./recall serve", text.ToString());
    }
}
