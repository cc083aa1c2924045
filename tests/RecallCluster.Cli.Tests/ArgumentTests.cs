namespace RecallCluster.Cli.Tests;

public class ArgumentTests
{
    [Theory]
    [InlineData("no-such-command")]
    [InlineData("data", "import", "taobao")]
    [InlineData("data", "import", "taobao", "--from", "x", "--out")]
    [InlineData("data", "import", "movielens", "--from", "x", "--out", "y", "--min-rating", "9")]
    [InlineData("data", "import", "csv", "--from", "x", "--out", "y", "--split", "sometimes")]
    [InlineData("bench", "score", "--batch", "0")]
    [InlineData("bench", "score", "--batch", "8,many")]
    [InlineData("bench", "score", "--batch", ",")]
    [InlineData("bench", "ann", "--recall", "0.9,1.5")]
    [InlineData("eval", "retrieval", "--data", "d", "--model", "m", "--index", "i", "--k", "0")]
    [InlineData("test", "--seed", "-1")]
    [InlineData("test", "--seed", "many")]
    [InlineData("test", "--no-such-option")]
    [InlineData("data")]
    [InlineData("demo", "--cluster", "--silos", "1")]
    [InlineData("bench", "cluster", "--silos", "3")]
    public async Task Wrong_usage_is_a_line_on_stderr_and_exit_code_2(params string[] arguments)
    {
        Recall run = await Recall.RunAsync(arguments);

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith("error: ", run.Error);
        Assert.Contains("--help", run.Error);
        Assert.Equal("", run.Output);
    }

    [Fact]
    public async Task An_option_outside_its_range_is_named_with_the_range()
    {
        Recall run = await Recall.RunAsync("data", "import", "movielens", "--from", "x", "--out", "y", "--min-rating", "9");

        Assert.Contains("--min-rating wants a value from 0.5 to 5, not 9", run.Error);
    }

    [Fact]
    public async Task A_failure_is_one_line_on_stderr_and_exit_code_1()
    {
        using var scratch = new Scratch();

        Recall run = await Recall.RunAsync("data", "import", "csv", "--from", scratch["none.csv"], "--out", scratch["d"], "--json");

        Assert.Equal(1, run.ExitCode);
        string line = Assert.Single(
            run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries), l => l.StartsWith("error: ", StringComparison.Ordinal));
        Assert.Contains("none.csv", line);
        Assert.DoesNotContain("   at ", run.Error);
        Assert.Equal("", run.Output);
        Assert.False(Directory.Exists(scratch["d"]));
    }

    [Fact]
    public async Task Every_command_explains_itself()
    {
        string[][] commands =
        [
            [], ["demo"], ["data"], ["data", "synth"], ["data", "import"], ["data", "import", "taobao"],
            ["data", "import", "amazon"], ["data", "import", "movielens"], ["data", "import", "csv"], ["train"], ["index"],
            ["index", "build"], ["index", "verify"], ["tune"], ["eval"], ["eval", "retrieval"], ["serve"], ["retrain"], ["keys"],
            ["keys", "new"], ["keys", "list"], ["keys", "revoke"], ["bench"],
            ["bench", "ann"], ["bench", "score"], ["bench", "retrieval"], ["bench", "serve"], ["bench", "cluster"], ["top"], ["test"],
        ];
        foreach (string[] command in commands)
        {
            Recall run = await Recall.RunAsync([.. command, "--help"]);

            Assert.Equal(0, run.ExitCode);
            Assert.Matches($@"Usage:\s+\S+ {string.Join(' ', command)}", run.Output);
            Assert.Contains("--json", run.Output);
            Assert.Contains("--seed", run.Output);
            Assert.Equal("", run.Error);
        }
    }

    [Fact]
    public async Task Tests_are_the_scripts_to_run_and_the_program_says_so()
    {
        Recall run = await Recall.RunAsync("test");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("./recall test", run.Error);
    }
}
