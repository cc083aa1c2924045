using System.Diagnostics;
using System.Runtime.InteropServices;

namespace RecallCluster.Cli.Infrastructure;

/// <summary>Programs of this build in processes of their own, and how they end.</summary>
internal static partial class Processes
{
    private const int TerminateSignal = 15;

    /// <summary>The host that runs them.</summary>
    public static string DotnetHost { get; } =
        Environment.ProcessPath is { } own && Path.GetFileNameWithoutExtension(own) == "dotnet"
            ? own
            : Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    /// <summary>Asks a process to end (SIGTERM) and waits; ends it the hard way when it takes too long.</summary>
    /// <returns>Whether it ended by itself.</returns>
    public static async Task<bool> StopAsync(Process process, TimeSpan patience)
    {
        if (!process.HasExited && !OperatingSystem.IsWindows() && SendSignal(process.Id, TerminateSignal) == 0)
        {
            using var patient = new CancellationTokenSource(patience);
            await process.WaitForExitAsync(patient.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        if (process.HasExited)
            return true;
        await KillAsync(process).ConfigureAwait(false);
        return false;
    }

    /// <summary>Ends a process, and all that it started, as a power cut would: nothing is flushed, nothing is said.</summary>
    public static async Task KillAsync(Process process)
    {
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync().ConfigureAwait(false);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
