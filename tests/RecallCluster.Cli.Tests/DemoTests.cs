using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Reports;
using RecallCluster.Cli.Workflows;
using RecallCluster.Simulation;
using RecallCluster.Simulation.Traffic;
using Spectre.Console;

namespace RecallCluster.Cli.Tests;

[Collection(ProcessSuite.Name)]
public class DemoTests
{
    [Fact]
    public async Task The_demonstration_plays_a_market_through_a_door_that_is_killed_and_loses_nothing()
    {
        using var scratch = new Scratch();
        DemoOptions tiny = Tiny(scratch["demo"]);

        DemoReport report = await new PlainProgress(TextWriter.Null, TimeProvider.System)
            .RunAsync(stages => new DemoWorkflow(tiny).RunAsync(stages, default));

        Assert.Equal((20, 1000), (report.Retrieval.K, report.Retrieval.Items));
        Assert.InRange(report.Retrieval.ScoredFraction, 0, 1);
        Assert.Equal((1, 0L), (report.Feedback.Kills, report.Feedback.Lost));
        Assert.True(report.Feedback.Applied > 0);
        Assert.Empty(report.Feedback.LedgersThatDiffer);
        Assert.Equal(0, report.Bidding.Overspend);
        Assert.Equal(report.Feedback.Sent, report.Feedback.Applied + report.Feedback.Duplicates + report.Feedback.Refused);
        Assert.Equal(
            [DemoAblation.Nothing, DemoAblation.GuidedRetrieval, DemoAblation.WithoutCalibration, DemoAblation.Controller],
            report.Ablation.Select(row => row.Off));
        using var text = new StringWriter();
        DemoDrawing.Draw(AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(text), Ansi = AnsiSupport.No }), report);
        Assert.Contains("./recall serve", text.ToString());
        Assert.Contains("What each part earns", text.ToString());
    }

    [ClusterFact]
    public async Task The_same_market_goes_through_a_cluster_of_which_a_silo_is_killed()
    {
        using var scratch = new Scratch();
        DemoOptions tiny = Tiny(scratch["demo"]) with { Silos = 2, AblationRequests = 0, DaySeconds = 20 };

        DemoReport report = await new PlainProgress(TextWriter.Null, TimeProvider.System)
            .RunAsync(stages => new DemoWorkflow(tiny).RunAsync(stages, default));

        Assert.Equal((1, 0L), (report.Feedback.Kills, report.Feedback.Lost));
        Assert.True(report.Feedback.Applied > 0);
        Assert.Empty(report.Feedback.LedgersThatDiffer);
        Assert.Equal(0, report.Bidding.Overspend);
        Assert.Equal(report.Feedback.Sent, report.Feedback.Applied + report.Feedback.Duplicates + report.Feedback.Refused);
        DemoCluster cluster = report.Cluster!;
        Assert.Equal((2, "silo-2"), (cluster.Silos, cluster.Rebalanced.Silo));
        Assert.Equal(report.Serving.Requests - report.Feedback.RequestsUnanswered, cluster.Coverage.Answers);
        Assert.InRange(cluster.Coverage.Lowest, 0, 1);
        Assert.NotNull(cluster.Rebalanced.SecondsToPlace);
        using var text = new StringWriter();
        DemoDrawing.Draw(AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(text), Ansi = AnsiSupport.No }), report);
        Assert.Contains("What became of silo-2's share of the work", text.ToString());
    }

    private static DemoOptions Tiny(string directory)
    {
        DemoOptions small = DemoOptions.Small(directory, seed: 3);
        return small with
        {
            World = SyntheticWorldOptions.Tiny with { ClicksPerUser = 8, HeldOutShare = 0.5, Seed = 3 },
            Training = small.Training with { Epochs = 1, BatchSize = 64, Negatives = 32 },
            Traffic = new TrafficOptions { Seed = 3, Campaigns = 6, RequestsPerDay = 300, Attention = 0.9, RivalEcpm = 1 },
            K = 20,
            HistoryRequests = 150,
            AblationRequests = 60,
            DaySeconds = 12,
            TuneUsers = 10,
            MaxScorings = null,
        };
    }
}
