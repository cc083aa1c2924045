using System.Globalization;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Workflows.Cluster;

namespace RecallCluster.Cli.Workflows;

/// <summary>
/// The process that serves a shard from a device. It is one of its own, because a fault of the device takes the whole process with it: who
/// started it goes on without the device.
/// </summary>
internal sealed class DeviceProcess : IAsyncDisposable
{
    /// <summary>The option that tells the process who started it.</summary>
    public const string SupervisorOption = "--supervisor";

    /// <summary>What its line begins with when it can be asked.</summary>
    public const string ReadyMark = "Serving shard ";

    private static readonly TimeSpan TimeToStop = TimeSpan.FromSeconds(30);
    private readonly ChildProcess _process;

    private DeviceProcess(ChildProcess process) => _process = process;

    /// <summary>Its number.</summary>
    public int Id => _process.Id;

    /// <summary>What it ended with.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>Starts it and waits until it can be asked.</summary>
    /// <param name="arguments">The arguments of <c>recall</c>, less the supervisor.</param>
    /// <param name="remarks">Receives what it says until then and after.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ExitException">It ended before; it has said why.</exception>
    public static async Task<DeviceProcess> StartAsync(IEnumerable<string> arguments, TextWriter remarks, CancellationToken cancellation)
    {
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        string program = Path.Combine(AppContext.BaseDirectory, "recall.dll");
        ChildProcess process = ChildProcess.Start(
            "device", Processes.DotnetHost,
            [
                "exec", program, .. arguments, SupervisorOption, Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
            ],
            line =>
            {
                remarks.WriteLine(line);
                if (line.Contains(ReadyMark, StringComparison.Ordinal))
                    ready.TrySetResult();
            });
        try
        {
            await Task.WhenAny(ready.Task, process.UntilExitedAsync(cancellation)).ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
            return ready.Task.IsCompleted ? new DeviceProcess(process) : throw new ExitException(process.ExitCode);
        }
        catch
        {
            await process.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Waits until it ends, or the caller gives up.</summary>
    public Task UntilExitedAsync(CancellationToken cancellation) => _process.UntilExitedAsync(cancellation);

    /// <summary>Asks it to end and waits.</summary>
    public Task StopAsync() => _process.StopAsync(TimeToStop);

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
