using System.CommandLine;

namespace RecallCluster.Cli.Infrastructure;

/// <summary>Joins a command's options with what it does, so that a command's file holds nothing else.</summary>
internal sealed class CommandBuilder(GlobalOptions globals, TextWriter output, TextWriter error, bool errorIsTerminal)
{
    /// <summary>A command that runs <paramref name="run"/>.</summary>
    public Command Build(string name, string description, Symbol[] symbols, Func<ParseResult, CommandContext, Task> run)
    {
        var command = new Command(name, description);
        foreach (Symbol symbol in symbols)
        {
            if (symbol is Option option)
                command.Add(option);
            else
                command.Add((Argument)symbol);
        }
        command.SetAction(async (parsed, cancellation) =>
        {
            var context = new CommandContext(
                output, error, parsed.GetValue(globals.Json), parsed.GetValue(globals.Seed), errorIsTerminal, cancellation);
            await run(parsed, context).ConfigureAwait(false);
            return ExitCodes.Success;
        });
        return command;
    }

    /// <summary>A command that only groups others.</summary>
    public static Command Group(string name, string description, params Command[] commands)
    {
        var group = new Command(name, description);
        foreach (Command command in commands)
            group.Add(command);
        return group;
    }
}
