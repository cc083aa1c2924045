using System.Text;
using System.Text.Json;
using RecallCluster.Numerics;

namespace RecallCluster.Cli.Tests;

public class BidCommandTests
{
    private static string Log(int rows = 3000)
    {
        var random = new SeededRandom(1);
        var text = new StringBuilder();
        for (int i = 0; i < rows; i++)
        {
            double quality = random.NextGaussian();
            double price = Math.Round(60 * Math.Exp((0.3 * quality) + (0.6 * random.NextGaussian())));
            text.Append(FormattableString.Invariant($"0\t{price}\t{0.001 * Math.Exp(quality):F6}\t{24 * i / rows}\n"));
        }
        return text.ToString();
    }

    [Fact]
    public async Task Solve_finds_the_optimum_and_the_rest_of_a_day()
    {
        using var scratch = new Scratch();
        string log = scratch.Write("log.txt", Log());

        Recall whole = await Recall.RunAsync("bid", "solve", "--log", log, "--budget-share", "0.1", "--json");
        Recall rest = await Recall.RunAsync(
            "bid", "solve", "--log", log, "--budget", "1", "--product", "click-cpc", "--cpc", "90", "--spent", "0.5", "--value", "2",
            "--kpi-sums", "0.5,0.01", "--json");
        Recall general = await Recall.RunAsync(
            "bid", "solve", "--log", log, "--budget-share", "0.1", "--objective", "1", "--kpi", "ctr,500,pctr,1", "--json");

        Assert.Equal(0, whole.ExitCode);
        Assert.Equal("optimal", whole.Json.GetProperty("status").GetString());
        Assert.True(whole.Json.GetProperty("relativeGap").GetDouble() < 1e-9);
        Assert.True(rest.Json.GetProperty("value").GetDouble() > 2);
        Assert.True(rest.Json.GetProperty("kpi")[0].GetProperty("value").GetDouble() <= 90.0001);
        Assert.True(general.Json.GetProperty("kpi")[0].GetProperty("value").GetDouble() <= 500.001);
    }

    [Fact]
    public async Task Replay_runs_every_controller()
    {
        using var scratch = new Scratch();

        Recall run = await Recall.RunAsync(
            "bid", "replay", "--log", scratch.Write("log.txt", Log()), "--format", "rlb", "--product", "click-cpc", "--cpc", "80",
            "--budget-share", "0.125",
            "--controllers", "all", "--rounds", "1", "--known-share", "0.5", "--plots", scratch["plots"], "--json");

        Assert.Equal(0, run.ExitCode);
        // What was learned from is not replayed; the optimum of the whole log stands beside.
        Assert.Equal(1500, run.Json.GetProperty("auctions").GetInt32());
        JsonElement[] rows = [.. run.Json.GetProperty("rows").EnumerateArray()];
        JsonElement whole = Assert.Single(run.Json.GetProperty("wholeLog").EnumerateArray());
        Assert.InRange(
            whole.GetProperty("value").GetDouble() / rows[0].GetProperty("valueOptimal").GetDouble(), 1.7, 2.3);
        Assert.Equal(
            ["fb", "pid", "m-pid", "dual", "replan", "drlb", "uscb"], rows.Select(row => row.GetProperty("controller").GetString()!));
        foreach (JsonElement row in rows)
        {
            Assert.True(row.GetProperty("spend").GetDouble() <= row.GetProperty("budget").GetDouble() * 1.0001);
            Assert.Equal(48, row.GetProperty("ticks").GetInt32());
            Assert.InRange(row.GetProperty("ratio").GetDouble(), 0, 1.5);
            Assert.True(row.GetProperty("penalizedScore").GetDouble() <= row.GetProperty("value").GetDouble() * 1.0001);
            Assert.Equal("cpc", row.GetProperty("kpi")[0].GetProperty("name").GetString());
            Assert.True(row.GetProperty("bidNs").GetDouble() > 0);
        }
        Assert.All(
            run.Json.GetProperty("plots").EnumerateArray(),
            plot => Assert.StartsWith("<svg", File.ReadAllText(plot.GetString()!), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Training_goes_on_where_it_was_and_its_actors_serve()
    {
        using var scratch = new Scratch();
        string log = scratch.Write("log.txt", Log());
        string[] train = ["bid", "train", "--log", log, "--out", scratch["models"], "--ticks", "12", "--json", "--rounds"];

        Recall first = await Recall.RunAsync([.. train, "1"]);
        Recall second = await Recall.RunAsync([.. train, "2"]);
        Recall replay = await Recall.RunAsync(
            "bid", "replay", "--log", log, "--models", scratch["models"], "--controllers", "uscb,drlb", "--by", "hour", "--json");

        Assert.Equal(0, first.ExitCode);
        Assert.All(
            second.Json.GetProperty("trainings").EnumerateArray(),
            training => Assert.Equal(1, training.GetProperty("resumedAtRound").GetInt32()));
        Assert.Equal(0, replay.ExitCode);
        // The first tenth of the log, which is known, ends in hour 2.
        Assert.Equal(22, replay.Json.GetProperty("rows")[0].GetProperty("ticks").GetInt32());
    }

    [Fact]
    public async Task Simulate_compares_controllers_over_campaigns()
    {
        Recall run = await Recall.RunAsync(
            "bid", "simulate", "--products", "click,click-ctr", "--campaigns", "3", "--auctions", "1000", "--controllers", "fb,dual,replan",
            "--json");

        Assert.Equal(0, run.ExitCode);
        JsonElement[] rows = [.. run.Json.GetProperty("rows").EnumerateArray()];
        Assert.Equal(2 * 3 * 3, rows.Length);
        Assert.All(rows, row => Assert.InRange(row.GetProperty("penalizedRatio").GetProperty("value").GetDouble(), 0.05, 1.0001));
    }

    [Fact]
    public async Task What_cannot_be_trained_is_said_to_be_so()
    {
        using var scratch = new Scratch();

        Recall run = await Recall.RunAsync("bid", "train", "--out", scratch["models"], "--controllers", "fb,dual");

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("drlb and uscb", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--product", "click-cpc")]
    [InlineData("--product", "conversion-cpc", "--cpc", "3")]
    [InlineData("--controllers", "none")]
    [InlineData("--product", "click-cpc", "--cpc", "-3")]
    public async Task Replay_says_what_it_lacks(params string[] arguments)
    {
        using var scratch = new Scratch();

        Recall run = await Recall.RunAsync(["bid", "replay", "--log", scratch.Write("log.txt", Log(100)), .. arguments]);

        Assert.NotEqual(0, run.ExitCode);
        Assert.NotEqual("", run.Error);
        Assert.Equal("", run.Output);
    }

    [Fact]
    public async Task A_broken_log_is_refused_by_line()
    {
        using var scratch = new Scratch();

        Recall run = await Recall.RunAsync("bid", "solve", "--log", scratch.Write("log.txt", "0\t1\t0.1\n0\tx\t0.1\n"), "--budget", "1");

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("line 2, column 'price'", run.Error, StringComparison.Ordinal);
    }
}
