using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using RecallCluster.Cli.Commands;
using RecallCluster.Cli.Infrastructure;

namespace RecallCluster.Cli;

/// <summary>
/// The <c>recall</c> program:
/// <code>
/// arguments ─► command tree ─► one command ─► workflow ─► report ─► stdout (tables, or one JSON document)
///                   │               └─ progress, remarks ────────► stderr
///                   └─ wrong arguments, failures: one line ──────► stderr, exit code 2 or 1
/// </code>
/// </summary>
internal static class RecallApp
{
    public static async Task<int> RunAsync(string[] arguments, TextWriter output, TextWriter error, bool errorIsTerminal)
    {
        ParseResult parsed = BuildRoot(output, error, errorIsTerminal).Parse(arguments);
        if (parsed.Action is ParseErrorAction)
            return Complain(error, parsed.Errors.Select(e => e.Message), $"see `{PathOf(parsed)} --help`", ExitCodes.Usage);
        var configuration = new InvocationConfiguration
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,
            // A cluster of silos is stopped one by one.
            ProcessTerminationTimeout = TimeSpan.FromMinutes(3),
        };
        try
        {
            return await parsed.InvokeAsync(configuration).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return Complain(error, ["cancelled"], null, ExitCodes.Cancelled);
        }
        catch (UsageException e)
        {
            return Complain(error, [e.Message], $"see `{PathOf(parsed)} --help`", ExitCodes.Usage);
        }
        catch (ExitException e)
        {
            return e.HasMessage ? Complain(error, [e.Message], null, e.Code) : e.Code;
        }
        // The outermost frame: whatever went wrong below ends as one clear line and a failing exit code.
        catch (Exception e) when (Environment.GetEnvironmentVariable("RECALL_DEBUG") != "1")
        {
            return Complain(error, [Innermost(e).Message], null, ExitCodes.Failure);
        }
    }

    private static RootCommand BuildRoot(TextWriter output, TextWriter error, bool errorIsTerminal)
    {
        var globals = new GlobalOptions();
        var builder = new CommandBuilder(globals, output, error, errorIsTerminal);
        var root = new RootCommand("RecallCluster: deep-model ad retrieval over an HNSW graph. Results go to stdout, progress to stderr.")
        {
            globals.Json,
            globals.Seed,
        };
        foreach (Command command in CommandTree.Build(builder))
            root.Add(command);
        return root;
    }

    /// <summary>Several errors of one parse are one line each; nothing but the errors and one hint is said.</summary>
    private static int Complain(TextWriter error, IEnumerable<string> messages, string? hint, int exitCode)
    {
        foreach (string message in messages.Distinct())
            error.WriteLine($"error: {message.ReplaceLineEndings(" ")}");
        if (hint is not null)
            error.WriteLine(hint);
        return exitCode;
    }

    private static string PathOf(ParseResult parsed)
    {
        var names = new Stack<string>();
        for (SymbolResult? at = parsed.CommandResult; at is CommandResult command; at = at.Parent)
            names.Push(command.Command is RootCommand ? "recall" : command.Command.Name);
        return string.Join(' ', names);
    }

    private static Exception Innermost(Exception e) =>
        e is AggregateException { InnerExceptions.Count: 1 } aggregate ? Innermost(aggregate.InnerExceptions[0]) : e;
}
