using RecallCluster.Data;

namespace RecallCluster.Cli.Tests;

public class DataCommandTests
{
    private const string Events = "user,item,time\nu1,a,1\nu1,b,2\nu1,c,3\nu2,a,4\nu2,c,5\nu2,b,6\n";

    [Fact]
    public async Task A_csv_becomes_a_data_set_and_the_result_is_one_json_document()
    {
        using var scratch = new Scratch();

        Recall run = await Recall.RunAsync(
            "data", "import", "csv", "--from", scratch.Write("e.csv", Events), "--out", scratch["d"], "--json");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal((3, 2), (run.Json.GetProperty("items").GetInt32(), run.Json.GetProperty("users").GetInt32()));
        Assert.Equal(2, run.Json.GetProperty("events").GetProperty("test").GetInt32());
        Assert.Equal(3, DatasetDirectory.Read(scratch["d"]).Items.Count);
    }

    [Fact]
    public async Task Without_json_the_same_is_a_table_and_progress_stays_on_stderr()
    {
        using var scratch = new Scratch();

        Recall run = await Recall.RunAsync(
            "data", "import", "csv", "--from", scratch.Write("e.csv", Events), "--out", scratch["d"], "--name", "tiny [a]");

        Assert.Contains("tiny [a]", run.Output);
        Assert.Contains("leave-last-out", run.Output);
        Assert.DoesNotContain("\u001b", run.Output);
        Assert.Contains("Read and check", run.Error);
        Assert.DoesNotContain("Read and check", run.Output);
    }

    [Fact]
    public async Task A_malformed_line_is_named()
    {
        using var scratch = new Scratch();

        Recall run = await Recall.RunAsync(
            "data", "import", "csv", "--from", scratch.Write("e.csv", Events + "u3\n"), "--out", scratch["d"]);

        Assert.Equal(1, run.ExitCode);
        Assert.Matches("error: .*e.csv.*8", run.Error);
        Assert.False(Directory.Exists(scratch["d"]));
    }

    [Fact]
    public async Task A_data_set_that_stands_is_replaced_only_when_told()
    {
        using var scratch = new Scratch();
        string[] import = ["data", "import", "csv", "--from", scratch.Write("e.csv", Events), "--out", scratch["d"]];
        Assert.Equal(0, (await Recall.RunAsync(import)).ExitCode);

        Assert.Equal(1, (await Recall.RunAsync(import)).ExitCode);
        Assert.Equal(0, (await Recall.RunAsync([.. import, "--overwrite"])).ExitCode);
    }
}
