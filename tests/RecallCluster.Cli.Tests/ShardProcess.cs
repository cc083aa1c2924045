using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace RecallCluster.Cli.Tests;

/// <summary>A <c>recall shard</c> of its own process.</summary>
internal sealed partial class ShardProcess : IDisposable
{
    private const int KillSignal = 9;
    private const int Stop = 19;
    private const int Continue = 18;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly string[] _arguments;
    private Process _process;

    private ShardProcess(string[] arguments, Process process, Uri url)
    {
        _arguments = arguments;
        _process = process;
        Url = url;
    }

    public Uri Url { get; }

    /// <param name="world">What it serves.</param>
    /// <param name="shard">Which part of it.</param>
    /// <param name="further">Further arguments of <c>shard</c>.</param>
    public static async Task<ShardProcess> StartAsync(TrainedWorld world, int shard, params string[] further)
    {
        string[] arguments =
        [
            "shard", "--model", world.Models, "--index", world.IndexDirectory, "--shard", $"{shard}", "--threads", "1",
            "--json", .. further,
        ];
        (Process process, Uri url) = await StartAsync([.. arguments, "--url", "http://127.0.0.1:0"]);
        return new ShardProcess(arguments, process, url);
    }

    /// <summary>Ends it as a crash would.</summary>
    public async Task KillAsync()
    {
        Assert.Equal(0, Kill(_process.Id, KillSignal));
        using var patience = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(patience.Token);
    }

    /// <summary>Starts it again at the same address; ready when the task completes.</summary>
    public async Task RestartAsync()
    {
        _process.Dispose();
        (_process, _) = await StartAsync([.. _arguments, "--url", Url.ToString()]);
    }

    public void Freeze() => Assert.Equal(0, Kill(_process.Id, Stop));

    public void Thaw() => Assert.Equal(0, Kill(_process.Id, Continue));

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private static async Task<(Process Process, Uri Url)> StartAsync(string[] arguments)
    {
        var start = new ProcessStartInfo(
            Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet")
        {
            RedirectStandardOutput = true,
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "recall.dll"));
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        Process process = Process.Start(start) ?? throw new InvalidOperationException("The program could not be started.");
        using var patience = new CancellationTokenSource(Patience);
        string text = "";
        while (await process.StandardOutput.ReadLineAsync(patience.Token) is { } line)
        {
            text += line + "\n";
            if (line == "}")
                return (process, new Uri(JsonDocument.Parse(text).RootElement.GetProperty("url").GetString()!));
        }
        throw new InvalidDataException($"The program ended after saying: {text}");
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);
}
