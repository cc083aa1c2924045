using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using RecallCluster.Cli.Infrastructure;

namespace RecallCluster.Silo.Tests.Support;

/// <summary>The silo's program in a process of its own; ended with all that it started when the test is over.</summary>
internal sealed class RunningSilo : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly HttpClient Http = new() { Timeout = Patience }, ProbingHttp = new() { Timeout = TimeSpan.FromSeconds(5) };

    private readonly Process _process;
    private readonly List<string> _lines = [];

    private RunningSilo(Process process, Uri health)
    {
        (_process, Health) = (process, health);
        process.OutputDataReceived += (_, e) => Keep(e.Data);
        process.ErrorDataReceived += (_, e) => Keep(e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public Uri Health { get; }

    public int ExitCode => _process.ExitCode;

    public bool HasExited => _process.HasExited;

    public string Output
    {
        get
        {
            lock (_lines)
                return string.Join('\n', _lines);
        }
    }

    /// <summary>Starts a silo at these ports.</summary>
    public static RunningSilo Start(SiloSeat seat, params string[] settings) => Start(seat.Health, [.. seat.Settings, .. settings]);

    /// <summary>Has the program write the state of a silo's cluster into a file in place of running the silo.</summary>
    public static RunningSilo Export(SiloSeat seat, string file) => Start(seat.Health, ["export", file, .. seat.Settings]);

    private static RunningSilo Start(Uri health, string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        string library = Path.Combine(AppContext.BaseDirectory, "RecallCluster.Silo.dll");
        foreach (string argument in (string[])["exec", library, .. arguments])
            start.ArgumentList.Add(argument);
        start.Environment["DOTNET_gcServer"] = "0";
        return new RunningSilo(Process.Start(start)!, health);
    }

    /// <summary>Waits until it is ready and sees so many members, itself among them.</summary>
    public Task UntilReadyAsync(int silos) => UntilAsync(
        async () => await ReadAsync() is { } told && told.GetProperty("status").GetString() == "ready"
            && told.GetProperty("silos").GetInt32() == silos,
        $"ready with {silos} silo(s)");

    /// <summary>What it is not ready for; null where it does not answer.</summary>
    public async Task<JsonElement?> ReadAsync()
    {
        try
        {
            using HttpResponseMessage answer = await ProbingHttp.GetAsync(new Uri(Health, "readyz"));
            return await answer.Content.ReadFromJsonAsync<JsonElement>();
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or JsonException)
        {
            return null;
        }
    }

    public Task<string> GetAsync(string path) => Http.GetStringAsync(new Uri(Health, path));

    /// <summary>Waits for something; fails with the process' own words.</summary>
    public async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!await condition())
        {
            Assert.False(_process.HasExited, $"The silo ended before it was {what}:\n{Output}");
            await Task.Delay(100, patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Assert.False(patience.IsCancellationRequested, $"The silo was not {what} in time:\n{Output}");
        }
    }

    /// <summary>Waits until it has written something.</summary>
    public Task UntilSaysAsync(string text) =>
        UntilAsync(() => Task.FromResult(Output.Contains(text, StringComparison.Ordinal)), $"saying '{text}'");

    /// <summary>Waits until it ends.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> UntilExitedAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Assert.True(_process.HasExited, $"The silo did not end in time:\n{Output}");
        return _process.ExitCode;
    }

    /// <summary>Ends it as a power cut would.</summary>
    public async Task KillAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
    }

    /// <summary>Asks it to end.</summary>
    public Task<int> TerminateAsync()
    {
        Signals.Terminate(_process);
        return UntilExitedAsync();
    }

    /// <summary>Stops it where it stands: it answers nothing, and its connections stay open.</summary>
    public void Freeze() => Signals.Freeze(_process);

    /// <summary>Lets it go on.</summary>
    public void Thaw() => Signals.Thaw(_process);

    /// <summary>Completes when it ends, however long that takes.</summary>
    public Task EndedAsync() => _process.WaitForExitAsync();

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is null)
            return;
        lock (_lines)
            _lines.Add(line);
    }
}

/// <summary>Where a silo sits: name and ports, the same in each of its lives.</summary>
internal sealed record SiloSeat(string Name, string Redis, string Roles, int[] Ports)
{
    public static SiloSeat Of(string name, string redis, string roles = "retrieval,control") =>
        new(name, redis, roles, FreePorts.Take(3));

    public Uri Health => new($"http://127.0.0.1:{Ports[2]}");

    public string[] Settings =>
    [
        $"--silo:name={Name}", $"--silo:roles={Roles}", $"--silo:port={Ports[0]}", $"--silo:gatewayPort={Ports[1]}",
        $"--http:health={Health.GetLeftPart(UriPartial.Authority)}", $"--cluster:redis={Redis}",
    ];
}
