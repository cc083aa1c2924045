using RecallCluster.Cli.Infrastructure;
using Spectre.Console;

namespace RecallCluster.Cli.Tests;

public class ProgressTests
{
    [Fact]
    public async Task Plain_progress_is_a_line_for_every_finished_stage()
    {
        using var writer = new StringWriter();
        var progress = new PlainProgress(writer, TimeProvider.System);

        int result = await progress.RunAsync(stages =>
        {
            using (IStage stage = stages.Begin("Train"))
            {
                stage.Update(0.25, "epoch 1");
                stage.Report(0.5);
                stage.Report("epoch 2");
            }
            using (stages.Begin("Index"))
            {
            }
            return Task.FromResult(7);
        });

        Assert.Equal(7, result);
        string[] lines = writer.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.Matches(@"^Train: \d+\.\d s, epoch 2", lines[0]);
        Assert.Matches(@"^Index: \d+\.\d s", lines[1]);
    }

    [Fact]
    public async Task A_bar_takes_any_text_and_any_fraction()
    {
        using var writer = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(
            new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer), Interactive = InteractionSupport.Yes, Ansi = AnsiSupport.Yes });

        int result = await new SpectreProgress(console).RunAsync(stages =>
        {
            using IStage stage = stages.Begin("Stage [one]");
            stage.Update(7, "detail [/] with markup");
            stage.Report(double.NaN);
            stage.Report(-1);
            return Task.FromResult(3);
        });

        Assert.Equal(3, result);
        Assert.Contains("Stage [one]", writer.ToString());
    }
}
