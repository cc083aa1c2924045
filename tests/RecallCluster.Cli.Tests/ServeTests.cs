using System.Net.Http.Json;
using System.Text.Json;
using RecallCluster.Cli.Tests.Faults;

namespace RecallCluster.Cli.Tests;

/// <summary>The built program itself, as a process.</summary>
[Collection(ProcessSuite.Name)]
public class ServeTests(TrainedWorld world) : IClassFixture<TrainedWorld>
{
    [UnixFact]
    public async Task Serve_answers_requests_and_stops_cleanly_when_told_to_terminate()
    {
        using RecallProcess serve = RecallProcess.Start(
            "serve", "--model", world.Models, "--index", world.IndexDirectory, "--data", world.Data, "--urls", "http://127.0.0.1:0",
            "--json");
        JsonElement ready = await serve.ReadDocumentAsync();
        using var client = new HttpClient { BaseAddress = new Uri(ready.GetProperty("urls")[0].GetString()!) };

        JsonElement answer = await PostAsync(client, """{"user":{"id":"no such user","sequence":["no such ad"]},"k":7}""");

        Assert.Equal(1000, ready.GetProperty("ads").GetInt32());
        Assert.Equal(7, answer.GetProperty("ads").GetArrayLength());
        Assert.Equal(1, answer.GetProperty("coverage").GetDouble());
        Assert.Equal(1, answer.GetProperty("user").GetProperty("unknownSequenceItems").GetInt32());
        Assert.Equal(ready.GetProperty("version").GetString(), answer.GetProperty("version").GetString());

        // Not an interrupt: a shell that runs a job in the background has it ignored.
        serve.Signal(RecallProcess.Terminate);
        await serve.UntilExitedAsync();
        Assert.Equal(0, serve.ExitCode);
    }

    [UnixFact]
    public async Task Serve_answers_from_a_shard_of_another_process()
    {
        using ShardProcess shard = await ShardProcess.StartAsync(world, 1);
        string map = Path.Combine(Path.GetDirectoryName(world.Data)!, "shards.json");
        await File.WriteAllTextAsync(map, $$"""{"shards":[["local"],["{{shard.Url}}"]]}""");
        using RecallProcess serve = RecallProcess.Start(
            "serve", "--model", world.Models, "--index", world.IndexDirectory, "--shards", map, "--urls", "http://127.0.0.1:0", "--json");
        JsonElement ready = await serve.ReadDocumentAsync();
        using var client = new HttpClient { BaseAddress = new Uri(ready.GetProperty("urls")[0].GetString()!) };

        const string Body = """{"user":{"sequence":[]},"k":50,"deadlineMs":20000}""";
        // On a busy machine connecting to the other process may take longer than a door waits for it.
        JsonElement whole = await PostAsync(client, Body);
        await Until.TrueAsync(async () => (whole = await PostAsync(client, Body)).GetProperty("coverage").GetDouble() == 1);
        await shard.KillAsync();
        JsonElement partial = await PostAsync(client, Body);

        Assert.Equal(50, whole.GetProperty("ads").GetArrayLength());
        Assert.InRange(partial.GetProperty("coverage").GetDouble(), 0.3, 0.7);
    }

    [Fact]
    public async Task The_program_fails_with_an_exit_code_and_nothing_on_stdout()
    {
        using RecallProcess run = RecallProcess.Start("index", "verify", "--index", world["nowhere"], "--json");
        string output = await run.Output.ReadToEndAsync();
        await run.UntilExitedAsync();

        Assert.Equal((1, ""), (run.ExitCode, output));
        Assert.StartsWith("error: ", run.Errors);
    }

    private static async Task<JsonElement> PostAsync(HttpClient client, string body)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await client.PostAsync(new Uri("v1/candidates", UriKind.Relative), content);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }
}
