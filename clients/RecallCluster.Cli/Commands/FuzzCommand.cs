using System.CommandLine;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Http.Fuzzing;
using Spectre.Console;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall fuzz</c>.</summary>
internal static class FuzzCommand
{
    public static Command Build(CommandBuilder builder)
    {
        Option<int> count = OptionKit.Number("--count", "Inputs, shared evenly by all that reads them.", 100_000, 1);
        return builder.Build(
            "fuzz",
            "Send changed inputs to everything that reads what strangers send; fails when one crashes or hangs it.",
            [count],
            async (parsed, context) =>
            {
                int inputs = parsed.GetValue(count);
                FuzzReport report = await context.InStageAsync(
                    "Fuzz", stage => new FuzzRunner(context.Seed).Run(inputs, share => stage.Update(share, null), context.Cancellation)).ConfigureAwait(false);
                context.Cancellation.ThrowIfCancellationRequested();
                context.Write(report, Draw);
                if (report.Failures.Count > 0)
                    throw new InvalidOperationException($"{report.Targets.Sum(t => t.Failures)} inputs were too much for their reader.");
            });
    }

    private static void Draw(IAnsiConsole console, FuzzReport report)
    {
        Table table = Drawing.Table("Fuzzing", "reader", "inputs>", "accepted>", "failures>", "slowest>", "a second>");
        foreach (FuzzRow row in report.Targets)
        {
            table.Row(
                row.Target, Drawing.Count(row.Inputs), Drawing.Percent((double)row.Accepted / row.Inputs), Drawing.Count(row.Failures),
                Drawing.Milliseconds(row.SlowestMs), Drawing.Count((long)row.PerSecond));
        }
        console.Write(table);
        foreach (FuzzFailure failure in report.Failures)
            console.WriteLine($"{failure.Target} {failure.Number}: {failure.Problem}\n  {failure.Input}");
    }
}
