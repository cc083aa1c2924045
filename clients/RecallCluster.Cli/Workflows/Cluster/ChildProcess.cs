using System.ComponentModel;
using System.Diagnostics;
using RecallCluster.Cli.Infrastructure;

namespace RecallCluster.Cli.Workflows.Cluster;

/// <summary>
/// A process of ours whose lines are passed on with its name before them. It is in a session of its own where the system has <c>setsid</c>,
/// so that Ctrl-C reaches this program alone, which then stops its children in order.
/// </summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    /// <summary>
    /// Becomes the program of its arguments; beside it a shell of the same session waits for the end of a pipe that we alone hold, and then
    /// ends the session. What the kernel offers instead (a signal when the parent dies) goes by the thread that started the child.
    /// </summary>
    private const string EndingWithUs = "exec 3<&0; { read -r _ <&3; kill 0; } >/dev/null 2>&1 & exec \"$0\" \"$@\" </dev/null 3<&-";

    private readonly Process _process;

    private ChildProcess(string name, Process process) => (Name, _process) = (name, process);

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Its number.</summary>
    public int Id => _process.Id;

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>What it ended with.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>Starts a program.</summary>
    /// <param name="name">The name before its lines.</param>
    /// <param name="program">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="line">Told of each line.</param>
    /// <param name="endsWithUs">
    /// Whether it ends when this program does, however that ends: for a program that does not watch its parent itself.
    /// </param>
    /// <exception cref="InvalidOperationException">It could not be started.</exception>
    public static ChildProcess Start(
        string name, string program, IReadOnlyList<string> arguments, Action<string> line, bool endsWithUs = false)
    {
        string? session = Which("setsid"), shell = Which("sh");
        bool isWatched = endsWithUs && session is not null && shell is not null;
        string[] command =
        [
            .. session is null ? (string[])[] : [session],
            .. isWatched ? (string[])[shell!, "-c", EndingWithUs] : [],
            program, .. arguments,
        ];
        var start = new ProcessStartInfo(command[0])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
        };
        foreach (string argument in command.AsSpan(1))
            start.ArgumentList.Add(argument);
        // Several silos share the machine: each keeps to a small heap rather than one per processor.
        start.Environment["DOTNET_gcServer"] = "0";
        try
        {
            Process process = Process.Start(start) ?? throw new InvalidOperationException($"{program} could not be started.");
            process.OutputDataReceived += (_, e) => Pass(name, e.Data, line);
            process.ErrorDataReceived += (_, e) => Pass(name, e.Data, line);
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            if (!isWatched)
                process.StandardInput.Close();
            return new ChildProcess(name, process);
        }
        catch (Win32Exception e)
        {
            throw new InvalidOperationException($"{program} could not be started: {e.Message}", e);
        }
    }

    /// <summary>Where a program is, by the PATH; null where it is nowhere.</summary>
    public static string? Which(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(File.Exists);

    /// <summary>Waits until it ends, or the caller gives up.</summary>
    public Task UntilExitedAsync(CancellationToken cancellation) => _process.WaitForExitAsync(cancellation);

    /// <summary>Asks it to end and waits; ends it the hard way when it takes too long.</summary>
    /// <returns>Whether it ended by itself.</returns>
    public Task<bool> StopAsync(TimeSpan patience) => Processes.StopAsync(_process, patience);

    /// <summary>Ends it as a power cut would: nothing is flushed, nothing is said.</summary>
    public Task KillAsync() => Processes.KillAsync(_process);

    public async ValueTask DisposeAsync()
    {
        await KillAsync().ConfigureAwait(false);
        _process.Dispose();
    }

    private static void Pass(string name, string? text, Action<string> line)
    {
        if (text is not null)
            line($"{name} | {text}");
    }
}
