using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using RecallCluster.Cli.Tests.Faults;

namespace RecallCluster.Cli.Tests;

/// <summary>The loop of training, building and publishing beside a server in a process of its own.</summary>
[Collection(ProcessSuite.Name)]
public class RetrainTests(TrainedWorld world) : IClassFixture<TrainedWorld>
{
    private const string Older = "2020-01-01T000000", Old = "2020-01-02T000000", ByHand = "by-hand";

    [Fact]
    public async Task Each_round_is_a_version_of_its_own_that_the_server_answers_from_and_can_go_back_to()
    {
        string versions = world["rounds"];
        foreach (string left in (string[])[Older, Old, ByHand])
        {
            Directory.CreateDirectory(Path.Combine(versions, left, "model"));
            Directory.CreateDirectory(Path.Combine(versions, left, "index"));
        }
        using Served served = await Served.StartAsync(world, versions);
        string began = await served.AnswerVersionAsync();

        JsonElement first = (await RoundAsync(served, versions, "--shards", "2", "--keep", "1")).Json;

        Assert.Equal(("switched", 1000), (first.GetProperty("outcome").GetString(), first.GetProperty("ads").GetInt32()));
        Assert.Equal(2, await served.ShardsOfRunningAsync());
        await RunsAsync(served, NameOf(first), previous: "index");
        string afterFirst = await served.AnswerVersionAsync();
        Assert.NotEqual(began, afterFirst);
        // Of those that it made itself in earlier rounds it keeps one; what somebody else put there is not its own.
        Assert.Equal([Old, NameOf(first), ByHand], FoldersIn(versions));

        // From the same data comes another version all the same: what is new in the data is for those to know who write it.
        JsonElement second = (await RoundAsync(served, versions, "--keep", "1")).Json;

        Assert.NotEqual(NameOf(first), NameOf(second));
        Assert.Equal(1, await served.ShardsOfRunningAsync());
        await RunsAsync(served, NameOf(second), previous: NameOf(first));
        Assert.Equal([Old, NameOf(first), NameOf(second), ByHand], FoldersIn(versions));

        await served.PostAsync("v1/indexes/rollback");

        await RunsAsync(served, NameOf(first), previous: NameOf(second));
        Assert.StartsWith(FingerprintOf(afterFirst), await served.AnswerVersionAsync(), StringComparison.Ordinal);
        Assert.Equal(2, await served.ShardsOfRunningAsync());
    }

    [Fact]
    public async Task A_version_that_the_server_refuses_is_told_with_the_reason_and_the_old_one_goes_on()
    {
        string versions = world["refused"], data = await ImportAsync("others", "plan0", "plan1", "plan2");
        using Served served = await Served.StartAsync(world, versions);
        string began = await served.AnswerVersionAsync();

        Recall run = await Recall.RunAsync(
            "retrain", "--data", data, "--versions", versions, "--url", served.Url, "--once", "--epochs", "1", "--json");

        Assert.Equal(("refused", 1), (run.Json.GetProperty("outcome").GetString(), run.ExitCode));
        Assert.Matches($"error: Version {NameOf(run.Json)} was refused: .*profile field 'plan'", run.Error);
        Assert.Equal(began, await served.AnswerVersionAsync());
        await RunsAsync(served, "index", previous: null);
    }

    [Fact]
    public async Task A_label_that_is_new_is_learned_while_the_server_goes_on_and_knows_its_users_by_the_old_ones()
    {
        string versions = world["labels"], models = world["plans-models"], index = world["plans-index"];
        string data = await ImportAsync("plans", "plan0", "plan1", "plan2");
        Assert.Equal(0, (await Recall.RunAsync("train", "--data", data, "--out", models, "--epochs", "1")).ExitCode);
        Assert.Equal(0, (await Recall.RunAsync("index", "build", "--data", data, "--model", models, "--out", index)).ExitCode);
        using Served served = await Served.StartAsync(world, versions, model: models, index: index, data: data);
        // Numbered as they come: every label has another code than before.
        await ImportAsync("plans", "plan3", "plan0", "plan1", "plan2");

        Recall run = await Recall.RunAsync(
            "retrain", "--data", data, "--versions", versions, "--url", served.Url, "--once", "--epochs", "1", "--json");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal("switched", run.Json.GetProperty("outcome").GetString());
        foreach ((string label, int code) in new[] { ("plan3", 1), ("plan0", 2), ("plan2", 4) })
        {
            Assert.Equal(
                await served.AskAsync(new { profile = new { plan = label } }), await served.AskAsync(new { profile = new { plan = code } }));
        }
        string known = await served.AskAsync(new { id = "u1" });
        Assert.Equal(await served.AskAsync(new { id = "u1", profile = new { plan = "plan1" } }), known);
        Assert.NotEqual(await served.AskAsync(new { id = "u1", profile = new { plan = "plan0" } }), known);
    }

    [Fact]
    public async Task What_a_server_cannot_do_is_its_words_and_rounds_that_come_to_nothing_leave_no_more_folders_than_others()
    {
        string versions = world["unable"];
        Directory.CreateDirectory(Path.Combine(versions, Older, "model"));
        Directory.CreateDirectory(Path.Combine(versions, Older, "index"));
        Directory.CreateDirectory(Path.Combine(versions, Old, "model"));
        Directory.CreateDirectory(Path.Combine(versions, Old, "index"));
        using Served served = await Served.StartAsync(world, versions);
        string began = await served.AnswerVersionAsync();

        Recall run = await RoundAsync(served, versions, "--requests", "5", "--keep", "1");

        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.Matches("error: .*v1/indexes answers 400: .*one process compares no versions", run.Error);
        Assert.Equal(began, await served.AnswerVersionAsync());
        string made = Assert.Single(FoldersIn(versions), folder => folder is not (Older or Old));
        Assert.Equal([Old, made], FoldersIn(versions));
    }

    [Fact]
    public async Task A_server_that_is_away_is_told_before_anything_is_trained()
    {
        Uri nobody = RecallProcess.FreeAddress();

        Recall run = await Recall.RunAsync(
            "retrain", "--data", world.Data, "--versions", world["nobody"], "--url", nobody.ToString(), "--once", "--json");

        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        string line = Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("error: ", line, StringComparison.Ordinal);
        Assert.Contains($"127.0.0.1:{nobody.Port}", line);
        Assert.False(Directory.Exists(world["nobody"]));
    }

    [UnixFact]
    public async Task A_loop_outlives_a_server_that_is_away_and_ends_when_told_to()
    {
        string versions = world["loop"];
        Uri address = RecallProcess.FreeAddress();
        using RecallProcess loop = RecallProcess.Start(
            "retrain", "--data", world.Data, "--versions", versions, "--url", address.ToString(), "--every", "0.02", "--epochs", "1",
            "--json");
        await Until.TrueAsync(() => Task.FromResult(loop.Errors.Contains("This round came to nothing", StringComparison.Ordinal)));

        using Served served = await Served.StartAsync(world, versions, address);
        JsonElement made = await loop.ReadDocumentAsync();
        Assert.Equal("switched", made.GetProperty("outcome").GetString());

        loop.Signal(RecallProcess.Terminate);
        await loop.UntilExitedAsync();
        // 130: it was in the middle of a round, of which nothing is left.
        Assert.Contains(loop.ExitCode, (int[])[0, 130]);
        Assert.DoesNotContain(Directory.GetDirectories(versions), folder => Path.GetFileName(folder).StartsWith('.'));
    }

    [Fact]
    public async Task A_server_that_begins_with_a_version_of_the_directory_calls_it_by_its_name_there()
    {
        string versions = world["begun"];
        (string model, string index) = (Path.Combine(versions, Older, "model"), Path.Combine(versions, Older, "index"));
        Copy(Path.Combine(world.Models, "deep"), model);
        Copy(world.IndexDirectory, index);

        using Served served = await Served.StartAsync(world, versions, model: model, index: index);

        // By another name its folder would be taken for that of an old round, and deleted.
        await RunsAsync(served, Older, previous: null);
        Assert.Single((await served.GetAsync("v1/indexes")).GetProperty("indexes").EnumerateArray());
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }

    private static string NameOf(JsonElement made) => made.GetProperty("name").GetString()!;

    // A version is the model's fingerprint and the number of its loading.
    private static string FingerprintOf(string version) => version[..(version.IndexOf('.', StringComparison.Ordinal) + 1)];

    private static string[] FoldersIn(string versions) =>
        [.. Directory.GetDirectories(versions).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)];

    private Task<Recall> RoundAsync(Served served, string versions, params string[] further) => Recall.RunAsync(
        ["retrain", "--data", world.Data, "--versions", versions, "--url", served.Url, "--once", "--epochs", "1", "--json", .. further]);

    private static async Task RunsAsync(Served served, string name, string? previous)
    {
        JsonElement view = await served.GetAsync("v1/indexes"), rollout = view.GetProperty("rollout");
        Assert.Equal(name, rollout.GetProperty("running").GetProperty("name").GetString());
        Assert.Equal(
            previous,
            rollout.TryGetProperty("previous", out JsonElement before) && before.ValueKind == JsonValueKind.Object
                ? before.GetProperty("name").GetString() : null);
        JsonElement running = Assert.Single(view.GetProperty("indexes").EnumerateArray(), one => one.GetProperty("isRunning").GetBoolean());
        Assert.Equal(name, running.GetProperty("name").GetString());
    }

    /// <summary>A data set whose users have one of these plans each.</summary>
    private async Task<string> ImportAsync(string name, params string[] plans)
    {
        const int Users = 60, Ads = 200, Clicks = 6;
        var events = new StringBuilder("user,item,time\n");
        var users = new StringBuilder("user,plan\n");
        for (int user = 0; user < Users; user++)
        {
            users.Append($"u{user},{plans[user % plans.Length]}\n");
            for (int click = 0; click < Clicks; click++)
                events.Append($"u{user},ad{((user * 7) + (click * 31)) % Ads},{click}\n");
        }
        await File.WriteAllTextAsync(world["clicks.csv"], events.ToString());
        await File.WriteAllTextAsync(world["users.csv"], users.ToString());
        Recall import = await Recall.RunAsync(
            "data", "import", "csv", "--from", world["clicks.csv"], "--users", world["users.csv"], "--out", world[name], "--overwrite");
        Assert.Equal(0, import.ExitCode);
        return world[name];
    }

    /// <summary>A <c>recall serve</c> that looks at a directory of versions.</summary>
    private sealed class Served : IDisposable
    {
        private readonly RecallProcess _process;
        private readonly HttpClient _http;

        private Served(RecallProcess process, Uri address) =>
            (_process, _http) = (process, new HttpClient { BaseAddress = address });

        public string Url => _http.BaseAddress!.ToString();

        public static async Task<Served> StartAsync(
            TrainedWorld world, string versions, Uri? address = null, string? model = null, string? index = null, string? data = null)
        {
            address ??= RecallProcess.FreeAddress();
            RecallProcess process = RecallProcess.Start(
                "serve", "--model", model ?? world.Models, "--index", index ?? world.IndexDirectory, "--data", data ?? world.Data,
                "--versions", versions, "--urls", address.GetLeftPart(UriPartial.Authority), "--threads", "1", "--json");
            var served = new Served(process, address);
            try
            {
                await process.ReadDocumentAsync();
                return served;
            }
            catch
            {
                served.Dispose();
                throw;
            }
        }

        /// <summary>The version that a request is answered with, in full.</summary>
        public async Task<string> AnswerVersionAsync()
        {
            using HttpResponseMessage response = await _http.PostAsJsonAsync(
                "v1/candidates", new { user = new { sequence = (string[])["ad1", "ad2"] }, k = 7, deadlineMs = 20_000 });
            response.EnsureSuccessStatusCode();
            JsonElement answer = await response.Content.ReadFromJsonAsync<JsonElement>();
            Assert.Equal((7, 1.0), (answer.GetProperty("ads").GetArrayLength(), answer.GetProperty("coverage").GetDouble()));
            return answer.GetProperty("version").GetString()!;
        }

        /// <summary>What a user is answered: the ads and their scores.</summary>
        public async Task<string> AskAsync(object user)
        {
            using HttpResponseMessage response = await _http.PostAsJsonAsync("v1/candidates", new { user, k = 50, deadlineMs = 20_000 });
            response.EnsureSuccessStatusCode();
            return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("ads").GetRawText();
        }

        public async Task<int> ShardsOfRunningAsync() => (await GetAsync("v1/indexes")).GetProperty("indexes").EnumerateArray()
            .Single(one => one.GetProperty("isRunning").GetBoolean()).GetProperty("shards").GetInt32();

        public Task<JsonElement> GetAsync(string path) => _http.GetFromJsonAsync<JsonElement>(path);

        public async Task PostAsync(string path)
        {
            using HttpResponseMessage response = await _http.PostAsync(new Uri(path, UriKind.Relative), null);
            response.EnsureSuccessStatusCode();
        }

        public void Dispose()
        {
            _http.Dispose();
            _process.Dispose();
        }
    }
}
