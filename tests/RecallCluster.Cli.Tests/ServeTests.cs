using System.Diagnostics;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace RecallCluster.Cli.Tests;

/// <summary>The built program itself, as a process.</summary>
public partial class ServeTests(TrainedWorld world) : IClassFixture<TrainedWorld>
{
    // Not an interrupt: a shell that runs a job in the background has it ignored.
    private const int Terminate = 15;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [UnixFact]
    public async Task Serve_answers_requests_and_stops_cleanly_when_told_to_terminate()
    {
        using Process serve = Start(
            "serve", "--model", world.Models, "--index", world.IndexDirectory, "--data", world.Data, "--urls", "http://127.0.0.1:0",
            "--json");
        try
        {
            JsonElement ready = await Documents.ReadAsync(serve.StandardOutput);
            using var client = new HttpClient { BaseAddress = new Uri(ready.GetProperty("urls")[0].GetString()!) };

            JsonElement answer = await PostAsync(client, """{"user":{"id":"no such user","sequence":["no such ad"]},"k":7}""");

            Assert.Equal(1000, ready.GetProperty("ads").GetInt32());
            Assert.Equal(7, answer.GetProperty("ads").GetArrayLength());
            Assert.Equal(1, answer.GetProperty("coverage").GetDouble());
            Assert.Equal(1, answer.GetProperty("user").GetProperty("unknownSequenceItems").GetInt32());
            Assert.Equal(ready.GetProperty("version").GetString(), answer.GetProperty("version").GetString());

            Assert.Equal(0, Kill(serve.Id, Terminate));
            using var patience = new CancellationTokenSource(Patience);
            await serve.WaitForExitAsync(patience.Token);
            Assert.Equal(0, serve.ExitCode);
        }
        finally
        {
            if (!serve.HasExited)
                serve.Kill(entireProcessTree: true);
        }
    }

    [UnixFact]
    public async Task Serve_answers_from_a_shard_of_another_process()
    {
        using ShardProcess shard = await ShardProcess.StartAsync(world, 1);
        string map = Path.Combine(Path.GetDirectoryName(world.Data)!, "shards.json");
        await File.WriteAllTextAsync(map, $$"""{"shards":[["local"],["{{shard.Url}}"]]}""");
        using Process serve = Start(
            "serve", "--model", world.Models, "--index", world.IndexDirectory, "--shards", map, "--urls", "http://127.0.0.1:0", "--json");
        try
        {
            JsonElement ready = await Documents.ReadAsync(serve.StandardOutput);
            using var client = new HttpClient { BaseAddress = new Uri(ready.GetProperty("urls")[0].GetString()!) };

            JsonElement whole = await PostAsync(client, """{"user":{"sequence":[]},"k":50}""");
            await shard.KillAsync();
            JsonElement partial = await PostAsync(client, """{"user":{"sequence":[]},"k":50}""");

            Assert.Equal(1, whole.GetProperty("coverage").GetDouble());
            Assert.Equal(50, whole.GetProperty("ads").GetArrayLength());
            Assert.InRange(partial.GetProperty("coverage").GetDouble(), 0.3, 0.7);
        }
        finally
        {
            if (!serve.HasExited)
                serve.Kill(entireProcessTree: true);
        }
    }

    [Fact]
    public async Task The_program_fails_with_an_exit_code_and_nothing_on_stdout()
    {
        using Process run = Start("index", "verify", "--index", world["nowhere"], "--json");
        Task<string> output = run.StandardOutput.ReadToEndAsync(), error = run.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(Patience);
        await run.WaitForExitAsync(patience.Token);

        Assert.Equal(1, run.ExitCode);
        Assert.Equal("", await output);
        Assert.StartsWith("error: ", await error);
    }

    private static Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(
            Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "recall.dll"));
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        return Process.Start(start) ?? throw new InvalidOperationException("The program could not be started.");
    }

    private static async Task<JsonElement> PostAsync(HttpClient client, string body)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await client.PostAsync(new Uri("v1/candidates", UriKind.Relative), content);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);

    private sealed class UnixFactAttribute : FactAttribute
    {
        public UnixFactAttribute()
        {
            if (OperatingSystem.IsWindows())
                Skip = "Windows has no signal by which one process asks another to terminate (the test sends SIGTERM).";
        }
    }
}
