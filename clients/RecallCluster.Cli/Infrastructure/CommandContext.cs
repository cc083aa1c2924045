using System.Globalization;
using Spectre.Console;

namespace RecallCluster.Cli.Infrastructure;

/// <summary>What a command gets beside its own options: where to write, the seed, and whether to stop.</summary>
internal sealed class CommandContext
{
    private readonly TextWriter _output;
    private readonly bool _json;

    public CommandContext(TextWriter output, TextWriter error, bool json, ulong seed, bool errorIsTerminal, CancellationToken cancellation)
    {
        _output = output;
        _json = json;
        Seed = seed;
        Cancellation = cancellation;
        Error = error;
        Progress = errorIsTerminal ? new SpectreProgress(ConsoleOver(error)) : new PlainProgress(error, TimeProvider.System);
    }

    public ulong Seed { get; }

    public CancellationToken Cancellation { get; }

    public IProgressReporter Progress { get; }

    /// <summary>For remarks beside the result.</summary>
    public TextWriter Error { get; }

    /// <summary>Runs a job of several stages off the caller's thread.</summary>
    public Task<T> RunAsync<T>(Func<IStages, T> work) => Progress.RunAsync(stages => Task.Run(() => work(stages), Cancellation));

    /// <summary>Runs work of one stage off the caller's thread.</summary>
    public Task<T> InStageAsync<T>(string title, Func<IStage, T> work) => RunAsync(stages => stages.Run(title, work));

    /// <summary>Writes the command's one result: as one JSON document, or drawn by <paramref name="draw"/>.</summary>
    public void Write<T>(T report, Action<IAnsiConsole, T> draw)
    {
        if (_json)
        {
            JsonOutput.Write(_output, report);
            return;
        }
        draw(ConsoleOver(_output), report);
    }

    /// <summary>Whether the result goes to a terminal as text, which can be drawn over.</summary>
    public bool CanRedraw => !_json && new AnsiConsoleOutput(_output).IsTerminal;

    /// <summary>Shows a result that changes; for a terminal only.</summary>
    public Task RedrawAsync(Func<IAnsiConsole, Task> show) => show(ConsoleOver(_output));

    private static IAnsiConsole ConsoleOver(TextWriter writer)
    {
        var output = new AnsiConsoleOutput(writer);
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = output,
            Ansi = output.IsTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = output.IsTerminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        });
        if (!output.IsTerminal)
            console.Profile.Width = WidthOf(Environment.GetEnvironmentVariable("COLUMNS"));
        return console;
    }

    /// <summary>A pipe has no width; a table that is cut to 80 columns in a log loses more than it gains.</summary>
    private static int WidthOf(string? columns) =>
        int.TryParse(columns, NumberStyles.None, CultureInfo.InvariantCulture, out int width) && width >= 40 ? width : 160;
}
