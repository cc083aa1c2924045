using System.Text;
using System.Text.Json;
using RecallCluster.Calibration.Maps;
using RecallCluster.Numerics;

namespace RecallCluster.Cli.Tests;

public class CalibrateCommandTests
{
    private static string Log(int rows = 3000, bool columns = true)
    {
        var random = new SeededRandom(1);
        var text = new StringBuilder(columns ? "time,p,y,group,extra\n" : "p,y\n");
        for (int i = 0; i < rows; i++)
        {
            double truth = 0.3 * random.NextDouble();
            int y = random.NextDouble() < truth ? 1 : 0;
            text.Append(columns ? $"{60 * i},{1.4 * truth},{y},adv/{i % 4},x\n" : $"{1.4 * truth},{y}\n");
        }
        return text.ToString();
    }

    [Fact]
    public async Task Eval_scores_every_method_that_the_columns_allow()
    {
        using var scratch = new Scratch();

        Recall run = await Recall.RunAsync(
            "calibrate", "eval", "--log", scratch.Write("l.csv", Log()), "--plots", scratch["plots"], "--json");

        Assert.Equal(0, run.ExitCode);
        JsonElement[] rows = [.. run.Json.GetProperty("rows").EnumerateArray()];
        Assert.Equal(
            ["none", "platt", "temperature", "beta", "binning", "isotonic", "sir", "sir-per-context", "bayes-sir", "rtw-bsir"],
            rows.Select(row => row.GetProperty("method").GetString()!));
        Assert.Equal(900, rows[0].GetProperty("n").GetInt32());
        Assert.InRange(rows[0].GetProperty("pcoc").GetProperty("value").GetDouble(), 1.2, 1.7);
        foreach (JsonElement row in rows[1..])
        {
            foreach (string figure in new[] { "pcoc", "calN", "gcN", "ece", "brier", "logLoss", "auc" })
                Assert.True(
                    row.GetProperty(figure).GetProperty("low").GetDouble() <= row.GetProperty(figure).GetProperty("high").GetDouble());
            Assert.True(row.GetProperty("fitMs").GetDouble() > 0 && row.GetProperty("applyNs").GetDouble() > 0);
        }
        JsonElement sir = rows.Single(row => row.GetProperty("method").GetString() == "sir");
        Assert.InRange(sir.GetProperty("pcoc").GetProperty("value").GetDouble(), 0.8, 1.2);
        Assert.All(
            run.Json.GetProperty("plots").EnumerateArray(),
            plot => Assert.StartsWith("<svg", File.ReadAllText(plot.GetString()!), StringComparison.Ordinal));
        Assert.Equal(2, run.Json.GetProperty("plots").GetArrayLength());
    }

    [Fact]
    public async Task Without_groups_and_times_what_needs_them_is_left_out_and_said()
    {
        using var scratch = new Scratch();

        Recall run = await Recall.RunAsync(
            "calibrate", "eval", "--log", scratch.Write("l.csv", Log(columns: false)), "--split", "random", "--test-share", "0.5",
            "--json");

        Assert.Equal(0, run.ExitCode);
        Assert.DoesNotContain(
            run.Json.GetProperty("rows").EnumerateArray(), row => row.GetProperty("method").GetString() is "rtw-bsir" or "sir-per-context");
        Assert.Equal(JsonValueKind.Null, run.Json.GetProperty("rows")[0].GetProperty("gcN").ValueKind);
        Assert.Contains("no column 'group'", run.Json.GetProperty("remarks").ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("p,y\n0.1,0\nx,1\n", "line 3: column 'p': 'x' is not a number")]
    [InlineData("p,y\n0.1,0\n1.5,1\n", "line 3: column 'p': 1.5 is not in [0, 1]")]
    [InlineData("p,y\nNaN,0\n", "line 2: column 'p'")]
    [InlineData("p,y\n0.1,2\n", "line 2: column 'y': 2 is neither 0 nor 1")]
    [InlineData("p,y,weight\n0.1,1,-1\n", "line 2: column 'weight': -1")]
    [InlineData("p,y,time\n0.1,1,noon\n", "line 2: column 'time': 'noon'")]
    [InlineData("p,y,group\n0.1,1,a//b\n", "line 2: column 'group': 'a//b'")]
    [InlineData("p,y\n0.1\n", "line 2: column 'y' is missing")]
    [InlineData("p,y\n\"0.1,1\n", "line 2: a quoted field does not end")]
    [InlineData("q,y\n0.1,1\n", "line 1: the header needs the columns p and y")]
    [InlineData("p,y\n", "has no rows")]
    [InlineData("", "is empty")]
    [InlineData("p,y\n0.1,1\n", "leaves nothing to fit")]
    public async Task A_bad_log_is_refused_by_line(string text, string message)
    {
        using var scratch = new Scratch();

        Recall run = await Recall.RunAsync("calibrate", "eval", "--log", scratch.Write("l.csv", text), "--json");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task A_log_without_positives_has_defined_figures()
    {
        using var scratch = new Scratch();
        string log = "p,y,time,group\n" + string.Concat(Enumerable.Range(0, 50).Select(i => $"0.{i + 10},0,{i},g\n"));

        Recall run = await Recall.RunAsync("calibrate", "eval", "--log", scratch.Write("l.csv", log), "--json");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(JsonValueKind.Null, run.Json.GetProperty("rows")[0].GetProperty("pcoc").GetProperty("value").ValueKind);
    }

    [Theory]
    [InlineData("map.json")]
    [InlineData("map.rccm")]
    public async Task Fit_writes_a_map_that_repairs_the_log(string name)
    {
        using var scratch = new Scratch();

        Recall run = await Recall.RunAsync(
            "calibrate", "fit", "--log", scratch.Write("l.csv", Log()), "--method", "bayes-sir", "--out", scratch[name], "--json");

        Assert.Equal(0, run.ExitCode);
        byte[] bytes = File.ReadAllBytes(scratch[name]);
        CalibrationModel model = name.EndsWith(".json", StringComparison.Ordinal)
            ? ModelFormat.FromJson(bytes)
            : ModelFormat.FromBytes(bytes);
        Assert.Equal("bayes-sir", model.Method);
        Assert.Equal(5, model.Contexts.Count);
        Assert.InRange(model.Apply(0.28, "adv/2") / 0.2, 0.75, 1.25);
        Assert.InRange(run.Json.GetProperty("pcocBefore").GetDouble(), 1.2, 1.6);
    }

    [Fact]
    public async Task Ipinyou_and_open_bandit_logs_are_read_as_they_are()
    {
        using var scratch = new Scratch();
        string ipinyou = string.Concat(Enumerable.Range(0, 400).Select(i => $"{(i % 20 == 0 ? 1 : 0)}\t80\t0.0{i % 9 + 1}\t{i / 50}\n"));
        string Obd(int seed) => ",timestamp,item_id,position,click\n" + string.Concat(Enumerable.Range(0, 300).Select(i =>
            $"{i},2019-11-24 0{i / 60}:00:01.5+00:00,{(i * seed) % 7},{(i % 3) + 1},{(i % 11 == 0 ? 1 : 0)}\n"));

        Recall one = await Recall.RunAsync("calibrate", "eval", "--log", scratch.Write("i.txt", ipinyou), "--format", "ipinyou", "--json");
        Recall two = await Recall.RunAsync(
            "calibrate", "eval", "--log", scratch.Write("o.csv", Obd(1)),
            "--format", "obd", "--prior-log", scratch.Write("r.csv", Obd(2)), "--json");
        Recall three = await Recall.RunAsync("calibrate", "eval", "--log", scratch["o.csv"], "--format", "obd", "--json");

        Assert.Equal((0, 0, 2), (one.ExitCode, two.ExitCode, three.ExitCode));
        Assert.Contains("are few", one.Json.GetProperty("remarks").ToString(), StringComparison.Ordinal);
        Assert.Equal(90, two.Json.GetProperty("testRows").GetInt32());
        Assert.Contains("--prior-log", three.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("overestimated-campaign")]
    [InlineData("young-campaigns")]
    [InlineData("hourly-drift")]
    [InlineData("delayed-conversions")]
    public async Task A_scenario_reports_distances_to_the_truth_and_repeats_itself(string scenario)
    {
        string[] arguments = ["calibrate", "eval", "--simulated", scenario, "--seeds", "2", "--scale", "0.03", "--json"];

        Recall run = await Recall.RunAsync(arguments);
        Recall again = await Recall.RunAsync(arguments);

        Assert.Equal(0, run.ExitCode);
        Assert.All(
            run.Json.GetProperty("rows").EnumerateArray(),
            row => Assert.Equal(
                row.GetProperty("method").GetString() != "truth", row.GetProperty("distanceToTruth").GetProperty("value").GetDouble() > 0));
        Assert.NotEqual(0, run.Json.GetProperty("findings").GetArrayLength());
        Assert.Equal(run.Json.GetProperty("findings").ToString(), again.Json.GetProperty("findings").ToString());
    }

    [Fact]
    public async Task The_sweep_draws_its_plots()
    {
        using var scratch = new Scratch();

        Recall run = await Recall.RunAsync("calibrate", "sweep", "--seeds", "1", "--scale", "0.02", "--plots", scratch["p"], "--json");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(4, Directory.GetFiles(scratch["p"], "*.svg").Length);
    }

    [Fact]
    public async Task The_bench_compares_with_a_sort_and_lives_without_its_peer()
    {
        Recall run = await Recall.RunAsync("bench", "calibrate", "--samples", "100000", "--pav-samples", "2000", "--rounds", "1", "--json");

        Assert.Equal(0, run.ExitCode);
        Assert.True(run.Json.GetProperty("sortMs").GetDouble() > 0);
        JsonElement pav = run.Json.GetProperty("pav")[0];
        bool hasPeer = run.Json.GetProperty("peer").ValueKind == JsonValueKind.String;
        Assert.Equal(hasPeer, pav.GetProperty("peerMs").ValueKind == JsonValueKind.Number);
        if (hasPeer)
            Assert.InRange(run.Json.GetProperty("largestDifference").GetDouble(), 0, 1e-9);
    }

    [Theory]
    [InlineData("calibrate", "eval")]
    [InlineData("calibrate", "eval", "--log", "a.csv", "--simulated", "hourly-drift")]
    public async Task Eval_wants_one_source(params string[] arguments)
    {
        Recall run = await Recall.RunAsync(arguments);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("either --log", run.Error, StringComparison.Ordinal);
    }
}
