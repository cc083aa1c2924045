using System.CommandLine;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Workflows.Cluster;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall silo</c>: hands over to the silo's own executable.</summary>
internal static class SiloCommand
{
    private static readonly TimeSpan TimeToStop = TimeSpan.FromMinutes(2);

    public static Command Build(CommandBuilder builder)
    {
        var settings = new Argument<string[]>("settings")
        {
            Description = "What the silo is told: --config FILE, --section:key=value, ...; `-- --help` lists all.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        Command command = builder.Build(
            "silo", "Run one silo of a cluster until told to stop (cluster edition).", [settings], async (parsed, context) =>
            {
                string[] given = [.. parsed.GetValue(settings) ?? [], .. parsed.UnmatchedTokens];
                ChildProcess silo = SiloProgram.Find().Start("silo", given, context.Error.WriteLine);
                await using (silo.ConfigureAwait(false))
                {
                    await silo.UntilExitedAsync(context.Cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    await silo.StopAsync(TimeToStop).ConfigureAwait(false);
                    if (silo.ExitCode != ExitCodes.Success)
                        throw new ExitException(silo.ExitCode);
                }
            });
        command.TreatUnmatchedTokensAsErrors = false;
        return command;
    }
}
