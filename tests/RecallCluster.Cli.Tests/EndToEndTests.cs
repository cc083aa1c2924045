using System.Text.Json;
using System.Xml.Linq;

namespace RecallCluster.Cli.Tests;

/// <summary>Data set, training, index, tuning, evaluation: the commands one after the other on a tiny world.</summary>
public class EndToEndTests(TrainedWorld world) : IClassFixture<TrainedWorld>
{
    [Fact]
    public void A_world_is_drawn_as_large_as_asked_for()
    {
        Succeeded(world.Synth);
        Assert.Equal((1000, 400), (world.Synth.Json.GetProperty("items").GetInt32(), world.Synth.Json.GetProperty("users").GetInt32()));
    }

    [Fact]
    public void Three_models_are_trained_side_by_side()
    {
        Succeeded(world.Train);
        Assert.Equal(
            ["deep", "two-tower", "no-side-information"], world.Train.Json.EnumerateArray().Select(m => m.GetProperty("name").GetString()));
        Assert.All(world.Train.Json.EnumerateArray(), m => Assert.InRange(m.GetProperty("validationRecall").GetDouble(), 0, 1));
        Assert.All(
            world.Train.Json.EnumerateArray(),
            m => Assert.True(File.Exists(Path.Combine(m.GetProperty("directory").GetString()!, "model.safetensors"))));
    }

    [Fact]
    public async Task The_index_holds_every_ad_and_verifies()
    {
        Succeeded(world.Index);
        Assert.Equal(1000, world.Index.Json.GetProperty("shards").EnumerateArray().Sum(s => s.GetInt32()));

        Recall verify = await Recall.RunAsync("index", "verify", "--index", world.IndexDirectory, "--json");

        Succeeded(verify);
        Assert.Equal(1000, verify.Json.GetProperty("items").GetInt32());
    }

    [Fact]
    public void Tuning_keeps_what_it_found_beside_the_shards()
    {
        Succeeded(world.Tune);
        Assert.True(world.Tune.Json.GetProperty("reached").GetDouble() >= 0.5);
        Assert.NotEmpty(world.Tune.Json.GetProperty("frontier").EnumerateArray());
        Assert.True(File.Exists(Path.Combine(world.IndexDirectory, "tuned.json")));
    }

    [Fact]
    public async Task By_value_the_value_aware_search_beats_interest_at_the_same_scorings()
    {
        Recall eval = await Recall.RunAsync(
            "eval", "retrieval", "--objective", "value", "--data", world.Data, "--model", world.Models, "--index", world.IndexDirectory,
            "--k", "20", "--users", "60", "--scorings", "300", "--campaigns", "50", "--json");

        Succeeded(eval);
        JsonElement[] rows = [.. eval.Json.GetProperty("rows").EnumerateArray()];
        Assert.Equal(
            ["exhaustive", "interest, then re-ranked", "interest, then re-ranked", "value-aware"],
            rows.Select(r => r.GetProperty("method").GetString()));
        Assert.Equal(1, rows[0].GetProperty("valueRecall").GetProperty("mean").GetDouble());
        Assert.True(rows[3].GetProperty("versusInterest").GetProperty("low").GetDouble() > 0, eval.Output);
        Assert.InRange(rows[3].GetProperty("scorings").GetDouble(), 1, 300);
        Assert.All(rows, r => Assert.InRange(r.GetProperty("slotRecall").GetProperty("mean").GetDouble(), 0, 1.001));
    }

    [Fact]
    public async Task An_evaluation_is_an_array_of_methods_with_exhaustive_scoring_as_the_measure()
    {
        string plot = world["recall.svg"];

        Recall eval = await Recall.RunAsync(
            "eval", "retrieval", "--data", world.Data, "--model", world.Models, "--index", world.IndexDirectory,
            "--k", "20", "--plot", plot, "--json");

        Succeeded(eval);
        JsonElement[] rows = [.. eval.Json.EnumerateArray()];
        Assert.Equal(
            ["deep-without-side-information", "exhaustive", "guided", "two-tower"], rows.Select(
                r => r.GetProperty("method").GetString()).Distinct().Order());
        JsonElement exhaustive = rows.Single(r => r.GetProperty("method").GetString() == "exhaustive");
        Assert.Equal(
            (1, 1, 1), (Number(exhaustive, "scoredFraction"), Number(exhaustive, "relativeRecall"), Number(exhaustive, "topKOverlap")));
        foreach (JsonElement row in rows)
        {
            Assert.Equal(20, row.GetProperty("k").GetInt32());
            Assert.InRange(Number(row, "recall"), Number(row, "recallLow"), Number(row, "recallHigh"));
            Assert.InRange(Number(row, "scoredFraction"), 0, 1);
            Assert.True(Number(row, "msPerRequest") > 0);
        }
        JsonElement[] guided = [.. rows.Where(r => r.GetProperty("method").GetString() == "guided")];
        Assert.All(
            guided, g => Assert.True(Number(g, "scorings") <= 2 * g.GetProperty("parameters").GetProperty("maxScorings").GetInt32()));
        Assert.Contains(guided, g => g.GetProperty("versusTwoTower").ValueKind == JsonValueKind.Object);
        Assert.Equal("svg", XDocument.Load(plot).Root!.Name.LocalName);
    }

    [Fact]
    public async Task With_a_budget_of_every_ad_the_guided_search_finds_what_exhaustive_scoring_finds()
    {
        Recall eval = await Recall.RunAsync(
            "eval", "retrieval", "--data", world.Data, "--model", world.Models, "--index", world.IndexDirectory,
            "--k", "20", "--scorings", "2000,200", "--json");

        JsonElement[] guided = [.. eval.Json.EnumerateArray().Where(r => r.GetProperty("method").GetString() == "guided")];
        Assert.Equal(2, guided.Length);
        Assert.True(Number(guided[0], "scorings") <= 200);
        Assert.True(Number(guided[1], "topKOverlap") >= Number(guided[0], "topKOverlap"));
    }

    [Fact]
    public async Task An_index_of_another_model_is_refused()
    {
        Recall eval = await Recall.RunAsync(
            "eval", "retrieval", "--data", world.Data, "--model", Path.Combine(
                world.Models, "no-side-information"), "--index", world.IndexDirectory);

        Assert.Equal(1, eval.ExitCode);
        Assert.Contains("Build the index again", eval.Error);
    }

    [Fact]
    public async Task A_vector_model_cannot_walk_an_index()
    {
        Recall build = await Recall.RunAsync(
            "index", "build", "--data", world.Data, "--model", Path.Combine(world.Models, "two-tower"), "--out", world["no-index"]);

        Assert.Equal(1, build.ExitCode);
        Assert.Contains("a deep one is wanted", build.Error);
    }

    [Fact]
    public async Task A_flipped_bit_in_an_index_is_found()
    {
        string copy = world["damaged"];
        Directory.CreateDirectory(copy);
        foreach (string file in Directory.EnumerateFiles(world.IndexDirectory))
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)), overwrite: true);
        string shard = Path.Combine(copy, "shard-1.index");
        byte[] bytes = await File.ReadAllBytesAsync(shard);
        bytes[bytes.Length / 2] ^= 4;
        await File.WriteAllBytesAsync(shard, bytes);

        Recall verify = await Recall.RunAsync("index", "verify", "--index", copy);

        Assert.Equal(1, verify.ExitCode);
        Assert.Contains("shard-1.index", verify.Error);
    }

    [Fact]
    public async Task A_missing_model_or_index_is_one_clear_line()
    {
        Recall noModel = await Recall.RunAsync(
            "index", "build", "--data", world.Data, "--model", world["nowhere"], "--out", world["no-index"]);
        Recall noIndex = await Recall.RunAsync(
            "serve", "--model", world.Models, "--index", world["nowhere"], "--urls", "http://127.0.0.1:0");

        Assert.Equal((1, 1), (noModel.ExitCode, noIndex.ExitCode));
        Assert.Contains("nowhere", noModel.Error);
        Assert.Contains("nowhere", noIndex.Error);
    }

    private static double Number(JsonElement row, string name) => row.GetProperty(name).GetDouble();

    private static void Succeeded(Recall run) => Assert.True(run.ExitCode == 0, run.Error);
}
