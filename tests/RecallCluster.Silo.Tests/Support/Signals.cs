using System.Diagnostics;
using System.Runtime.InteropServices;

namespace RecallCluster.Silo.Tests.Support;

/// <summary>What a supervisor, or a machine that stands still, does to a process.</summary>
internal static partial class Signals
{
    private const int TerminateSignal = 15, ContinueSignal = 18, StopSignal = 19;

    /// <summary>Asks it to end.</summary>
    public static void Terminate(Process process) => Assert.Equal(0, Send(process.Id, TerminateSignal));

    /// <summary>Stops it where it stands: it answers nothing, and its connections stay open.</summary>
    public static void Freeze(Process process) => Assert.Equal(0, Send(process.Id, StopSignal));

    /// <summary>Lets it go on.</summary>
    public static void Thaw(Process process) => Assert.Equal(0, Send(process.Id, ContinueSignal));

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Send(int process, int signal);
}
