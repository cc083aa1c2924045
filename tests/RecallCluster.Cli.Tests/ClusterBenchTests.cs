using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using RecallCluster.Cli.Benches;
using RecallCluster.Cli.Commands;
using RecallCluster.Http;
using Spectre.Console;

namespace RecallCluster.Cli.Tests;

public class ClusterBenchTests
{
    [Fact]
    public async Task Requests_go_to_several_doors_in_turn()
    {
        int[] calls = [0, 0];
        await using WebApplication first = Door(0), second = Door(1);
        await Task.WhenAll(first.StartAsync(), second.StartAsync());
        using var load = new HttpLoadGenerator(
            [FrontDoor.AddressesOf(first)[0], FrontDoor.AddressesOf(second)[0]], "v1/ads", ["{}"u8.ToArray()]);

        LoadRun run = await load.RunOpenAsync(200, TimeSpan.FromSeconds(0.5), null, default);

        Assert.Equal((100, 100, 0), (run.Sent, run.Accepted.Length, run.Errors));
        Assert.Equal([50, 50], calls);

        WebApplication Door(int number)
        {
            WebApplication app = WebApplication.CreateSlimBuilder().Build();
            app.Urls.Add("http://127.0.0.1:0");
            app.MapPost("/v1/ads", () =>
            {
                Interlocked.Increment(ref calls[number]);
                return Results.NoContent();
            });
            return app;
        }
    }

    [Fact]
    public void Each_row_is_held_against_the_embedded_edition_and_everything_is_drawn()
    {
        ServeRow embedded = new("/v1/ads", "closed", 4, 400, 2, 8, 16, 0, 0, 2, 0, true);
        ClusterRow row = ClusterRow.Of(3, 2, embedded with { RequestsPerSecond = 200, P99Ms = 12, CpuMs = 5 }, embedded);
        Assert.Equal((0.5, 1.5, 2.5), (row.RequestsOverEmbedded, row.P99OverEmbedded, row.CpuOverEmbedded));
        var rate = new ClusterRate(1_000, 40, 90, 25);
        var report = new ClusterBenchReport(
            10_000, 100, 1_000, [embedded], 2, [row], [new ClusterCalls(32, rate, rate, 1.25, 1.1, 1.2)],
            new ClusterWire([new ClusterMessage("shard query", 113_580, 41_294, 0.36, null, null, null)], null),
            [new ClusterEvents(100, 128, rate, rate, 11.4)]);
        using var text = new StringWriter();

        BenchClusterCommand.Draw(
            AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(text), Ansi = AnsiSupport.No }), report);

        foreach (string wanted in new[] { "embedded", "0.50", "shard query", "41294", "1.25", "11.4" })
            Assert.Contains(wanted, text.ToString(), StringComparison.Ordinal);
    }
}
