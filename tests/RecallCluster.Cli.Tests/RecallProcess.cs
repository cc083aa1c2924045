using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using RecallCluster.Cli.Infrastructure;

namespace RecallCluster.Cli.Tests;

/// <summary>The built program itself in a process of its own. What it says in anger is read on, or it would stop at a full pipe.</summary>
internal sealed partial class RecallProcess : IDisposable
{
    /// <summary>Signals of Linux.</summary>
    public const int Terminate = 15, Freeze = 19, Thaw = 18;

    // The commands wait for what they start for up to three minutes, and then say why it did not come.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly Process _process;
    private readonly LastLines _errors = new();

    private RecallProcess(Process process)
    {
        _process = process;
        process.ErrorDataReceived += (_, line) => _errors.Keep(line.Data);
        process.BeginErrorReadLine();
    }

    /// <summary>Its number.</summary>
    public int Id => _process.Id;

    /// <summary>What it ended with.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>What it says.</summary>
    public StreamReader Output => _process.StandardOutput;

    /// <summary>The last lines that it said in anger; all of them that there are once it has ended.</summary>
    public string Errors => _errors.ToString();

    /// <summary>A free address of the loopback interface, for a process that is to have the same one in each of its lives.</summary>
    public static Uri FreeAddress() => new($"http://127.0.0.1:{FreePorts.Take(1)[0]}");

    /// <summary>Starts it.</summary>
    public static RecallProcess Start(params string[] arguments) => Start(Processes.DotnetHost, [Library, .. arguments]);

    /// <summary>Starts it as the last command of a shell's script, which ends with <c>exec "$0" "$@"</c>.</summary>
    public static RecallProcess StartIn(string script, params string[] arguments) =>
        Start("/bin/sh", ["-c", script, Processes.DotnetHost, Library, .. arguments]);

    /// <summary>The next document of JSON that it writes.</summary>
    /// <exception cref="InvalidDataException">It ended before; the message has its last words.</exception>
    public async Task<JsonElement> ReadDocumentAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        string text = "";
        while (await Output.ReadLineAsync(patience.Token) is { } line)
        {
            text += line + "\n";
            if (line == "}")
                return JsonDocument.Parse(text).RootElement;
        }
        await UntilExitedAsync();
        throw new InvalidDataException($"The program ended with code {ExitCode} after saying: {text}{Errors}");
    }

    public void Signal(int signal) => Assert.Equal(0, Send(Id, signal));

    /// <summary>Ends it, and nothing that it started, as a crash would.</summary>
    public Task KillAsync()
    {
        Assert.False(_process.HasExited);
        _process.Kill();
        return UntilExitedAsync();
    }

    public async Task UntilExitedAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(patience.Token);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }
        _process.Dispose();
    }

    private static string Library => Path.Combine(AppContext.BaseDirectory, "recall.dll");

    private static RecallProcess Start(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        return new RecallProcess(Process.Start(start) ?? throw new InvalidOperationException("The program could not be started."));
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Send(int process, int signal);
}

/// <summary>Tests with processes of their own do not run beside others: they would take the processors from one another.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ProcessSuite
{
    public const string Name = "processes";
}

/// <summary>A test that sends a process signals; skipped, saying so, where there are none.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class UnixFactAttribute : FactAttribute
{
    public UnixFactAttribute()
    {
        if (OperatingSystem.IsWindows())
            Skip = "Windows has no signal by which one process asks another to terminate (the test sends SIGTERM).";
    }
}
