using System.Diagnostics;
using System.Text.Json;

namespace RecallCluster.Cli.Benches;

/// <summary>A Python of this machine that has the module of a peer; the peer's program runs in a process of its own.</summary>
internal sealed class PythonPeer
{
    private static readonly string[] Pythons = ["/usr/bin/python3", "python3", "python"];
    private readonly string _python;

    private PythonPeer(string python) => _python = python;

    /// <summary>The first Python in which <paramref name="import"/> works; null where there is none.</summary>
    /// <param name="import">A statement that imports what the peer needs.</param>
    public static PythonPeer? TryFind(string import) =>
        Pythons.FirstOrDefault(python => CanRun(python, import)) is { } found ? new PythonPeer(found) : null;

    /// <summary>Runs a program to its end and reads the JSON that it prints.</summary>
    /// <param name="measured">What it measures, for the message of the exception.</param>
    /// <param name="program">The program's text.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <exception cref="InvalidOperationException">It ended with an exit code other than 0.</exception>
    public JsonElement Run(string measured, string program, params string[] arguments)
    {
        (int exitCode, string output) = Execute(_python, ["-c", program, .. arguments]);
        if (exitCode != 0)
            throw new InvalidOperationException($"{_python} ended with exit code {exitCode} while it measured {measured}.");
        using JsonDocument document = JsonDocument.Parse(output);
        return document.RootElement.Clone();
    }

    private static bool CanRun(string python, string program)
    {
        try
        {
            return Execute(python, ["-c", program]).ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // There is no such program on this machine.
            return false;
        }
    }

    private static (int ExitCode, string Output) Execute(string python, string[] arguments)
    {
        var start = new ProcessStartInfo(python, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"{python} did not start.");
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}
