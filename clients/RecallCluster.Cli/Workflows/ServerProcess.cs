using System.Diagnostics;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Client;

namespace RecallCluster.Cli.Workflows;

/// <summary>
/// A front door in a process of its own: this program's <c>serve</c>, at a port that stays the same from one life to the next.
/// </summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan TimeToStart = TimeSpan.FromMinutes(3), TimeToStop = TimeSpan.FromSeconds(30);

    private readonly string[] _arguments;
    private readonly LastLines _lastLines = new();
    private Process? _process;

    /// <summary>A door that is not running yet.</summary>
    /// <param name="arguments">Arguments of <c>serve</c>, without the address.</param>
    /// <param name="address">Where it is to listen; null takes a free port of the loopback interface.</param>
    public ServerProcess(IEnumerable<string> arguments, Uri? address = null)
    {
        Address = AddressOr(address);
        _arguments = ["serve", .. arguments, "--urls", Address.GetLeftPart(UriPartial.Authority)];
    }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>The address; where it is null, a free port of the loopback interface.</summary>
    public static Uri AddressOr(Uri? address) => address ?? new Uri($"http://127.0.0.1:{FreePorts.Take(1)[0]}");

    /// <summary>Processor time of this life so far; zero when there is none.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process?.Refresh();
            return _process?.TotalProcessorTime ?? TimeSpan.Zero;
        }
    }

    /// <summary>Starts a life and waits until requests are answered.</summary>
    /// <exception cref="InvalidOperationException">It ended, or was not ready in time; the message has its last words.</exception>
    public async Task StartAsync(CancellationToken cancellation)
    {
        (string program, string[] before) = OwnProgram();
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])[.. before, .. _arguments])
            start.ArgumentList.Add(argument);
        Process process = Process.Start(start) ?? throw new InvalidOperationException($"{program} could not be started.");
        _process = process;
        process.OutputDataReceived += (_, line) => _lastLines.Keep(line.Data);
        process.ErrorDataReceived += (_, line) => _lastLines.Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var client = new RecallClient(new RecallClientOptions
        {
            Door = Address, Timeout = TimeSpan.FromSeconds(10), Retries = new RetryOptions { MaxAttempts = 1 },
        });
        long began = Stopwatch.GetTimestamp();
        while (!await IsReadyAsync(client, cancellation).ConfigureAwait(false))
        {
            if (process.HasExited)
                throw new InvalidOperationException($"The front door ended with code {process.ExitCode}: {_lastLines}");
            if (Stopwatch.GetElapsedTime(began) > TimeToStart)
                throw new InvalidOperationException($"The front door was not ready within {TimeToStart}: {_lastLines}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Ends the process as a power cut would (SIGKILL): nothing is flushed, nothing is said.</summary>
    public Task KillAsync() => EndAsync(Processes.KillAsync);

    /// <summary>Asks the process to end (SIGTERM) and waits; kills it when it does not.</summary>
    public Task StopAsync() => EndAsync(process => Processes.StopAsync(process, TimeToStop));

    /// <summary>Waits until the process ends by itself, or the caller gives up.</summary>
    public Task UntilStoppedAsync(CancellationToken cancellation) =>
        (_process?.WaitForExitAsync(cancellation) ?? Task.CompletedTask);

    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    private async Task EndAsync(Func<Process, Task> end)
    {
        if (_process is not { } process)
            return;
        await end(process).ConfigureAwait(false);
        process.Dispose();
        _process = null;
    }

    private static async Task<bool> IsReadyAsync(RecallClient client, CancellationToken cancellation)
    {
        try
        {
            return await client.IsReadyAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or TimeoutException)
        {
            return false;
        }
    }

    /// <summary>This program as it was started: by the dotnet host, or by a launcher of its own.</summary>
    private static (string Program, string[] Before) OwnProgram() =>
        Environment.ProcessPath is { } own && Path.GetFileNameWithoutExtension(own) == "recall"
            ? (own, [])
            : (Processes.DotnetHost, ["exec", typeof(ServerProcess).Assembly.Location]);
}
