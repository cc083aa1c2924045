using System.Text.Json;
using System.Xml.Linq;

namespace RecallCluster.Cli.Tests;

/// <summary>The benches on tiny inputs: that they run and report, not how fast.</summary>
public class BenchTests
{
    [Fact]
    public async Task Score_has_a_row_for_every_batch_and_number_of_threads()
    {
        Recall run = await Recall.RunAsync(
            "bench", "score", "--items", "500", "--batch", "8,64", "--threads", "1", "--rounds", "1", "--json");

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal([8, 64], run.Json.GetProperty("rows").EnumerateArray().Select(r => r.GetProperty("batch").GetInt32()).Distinct());
    }

    [Fact]
    public async Task Ann_reports_every_set_at_every_recall_and_draws_them()
    {
        using var scratch = new Scratch();

        Recall run = await Recall.RunAsync(
            "bench", "ann", "--items", "1000", "--dim", "8", "--queries", "20", "--rounds", "1",
            "--recall", "0.8,0.95", "--plot", scratch["ann.svg"], "--json");

        Assert.True(run.ExitCode == 0, run.Error);
        JsonElement[] rows = [.. run.Json.GetProperty("rows").EnumerateArray()];
        Assert.True(rows.Length >= 4);
        Assert.All(rows, r => Assert.InRange(r.GetProperty("recall").GetDouble(), 0.8, 1));
        Assert.Equal("svg", XDocument.Load(scratch["ann.svg"]).Root!.Name.LocalName);
    }

    [Fact]
    public async Task Retrieval_makes_a_world_once_and_measures_it_with_either_visited_set()
    {
        using var scratch = new Scratch();
        string[] bench = ["bench", "retrieval", "--items", "1000", "--users", "300", "--k", "20",
            "--scorings", "300", "--evaluated-users", "10", "--requests", "10",
            "--train-minutes", "0.05", "--work", scratch["work"], "--plot", scratch["bench.svg"], "--json"];

        Recall first = await Recall.RunAsync(bench);
        Recall second = await Recall.RunAsync([.. bench, "--visited", "hashset"]);

        foreach (Recall run in new[] { first, second })
        {
            Assert.True(run.ExitCode == 0, run.Error);
            Assert.Equal(1000, run.Json.GetProperty("items").GetInt32());
            Assert.InRange(run.Json.GetProperty("scorings").GetDouble(), 20, 300);
            Assert.InRange(run.Json.GetProperty("topKOverlap").GetDouble(), 0, 1);
        }
        Assert.Contains("Make the world", first.Error);
        Assert.DoesNotContain("Make the world", second.Error);
        Assert.Equal(first.Json.GetProperty("topKOverlap").GetDouble(), second.Json.GetProperty("topKOverlap").GetDouble(), 6);
        Assert.Equal("svg", XDocument.Load(scratch["bench.svg"]).Root!.Name.LocalName);
    }

    [Fact]
    public async Task Auction_measures_every_kind_the_books_and_a_market()
    {
        Recall run = await Recall.RunAsync(
            "bench", "auction", "--bids", "5", "--auctions", "1000", "--events", "1000", "--day-auctions", "5000", "--campaigns", "10",
            "--threads", "2", "--rounds", "1", "--days", "1",
            "--json");

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal(12, run.Json.GetProperty("auctions").GetArrayLength());
        Assert.Equal(
            [(1, 1), (1, 2), (4, 1), (4, 2)],
            run.Json.GetProperty("market").EnumerateArray().Select(
                row => (row.GetProperty("slots").GetInt32(), row.GetProperty("threads").GetInt32())));
        Assert.All(
            run.Json.GetProperty("market").EnumerateArray(), row => Assert.InRange(row.GetProperty("wonShare").GetDouble(), 0.001, 1));
        Assert.All(run.Json.GetProperty("money").EnumerateArray(), row => Assert.True(row.GetProperty("perSecond").GetDouble() > 0));
    }
}
