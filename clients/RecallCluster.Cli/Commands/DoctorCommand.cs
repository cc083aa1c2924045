using System.CommandLine;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Workflows;
using RecallCluster.Serving.Devices;
using Spectre.Console;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall doctor</c>.</summary>
internal static class DoctorCommand
{
    public static Command Build(CommandBuilder builder) => builder.Build(
        "doctor",
        "Say what of this machine and of this build can be used, and what is missing for the rest.",
        [],
        async (_, context) =>
        {
            IReadOnlyList<DeviceCheck> checks = await context.InStageAsync("Looking", _ => Doctor.Examine()).ConfigureAwait(false);
            context.Write(new Findings(checks), Draw);
        });

    private static void Draw(IAnsiConsole console, Findings findings)
    {
        foreach (DeviceCheck check in findings.Checks)
            console.WriteLine($"{(check.IsThere ? "yes" : "no "),-5}{check.Name}: {check.Detail}");
    }

    private sealed record Findings(IReadOnlyList<DeviceCheck> Checks);
}
