using System.CommandLine;
using RecallCluster.Cli.Infrastructure;

namespace RecallCluster.Cli.Commands;

/// <summary><c>recall test</c>: the program cannot rebuild itself while it runs, so the script does it.</summary>
internal static class TestCommand
{
    public static Command Build(CommandBuilder builder) => builder.Build(
        "test",
        "Build and run every test that can run here (through the ./recall script).",
        [],
        static (_, _) => throw new InvalidOperationException(
            "tests are built and run by the script: use `./recall test` at the root of the repository."));
}
