using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using RecallCluster.Cli.Benches;
using RecallCluster.Http;
using RecallCluster.Simulation;
using RecallCluster.Simulation.Traffic;

namespace RecallCluster.Cli.Tests;

public class ServeBenchTests
{
    [Fact]
    public async Task A_load_tells_what_was_answered_what_was_turned_away_and_what_failed()
    {
        int calls = 0;
        await using WebApplication app = WebApplication.CreateSlimBuilder().Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.MapPost("/v1/ads", () => (Interlocked.Increment(ref calls) % 4) switch
        {
            0 => Results.StatusCode(StatusCodes.Status503ServiceUnavailable),
            1 => Results.StatusCode(StatusCodes.Status500InternalServerError),
            _ => Results.NoContent(),
        });
        await app.StartAsync();
        using var load = new HttpLoadGenerator(FrontDoor.AddressesOf(app)[0], "v1/ads", ["{}"u8.ToArray()]);

        LoadRun run = await load.RunOpenAsync(400, TimeSpan.FromSeconds(0.5), null, default);

        Assert.Equal((200, 100, 50, 50, "500 InternalServerError"), (run.Sent, run.Accepted.Length, run.Rejected.Length, run.Errors, run.FirstError));
        Assert.Equal(run.Accepted.Order(), run.Accepted);
        Assert.True(run.AcceptedMs(0.5) <= run.AcceptedMs(0.999));
    }

    [Fact]
    public async Task A_door_that_is_not_there_is_an_error_and_no_exception()
    {
        using var load = new HttpLoadGenerator(new Uri("http://127.0.0.1:1"), "v1/ads", ["{}"u8.ToArray()]);

        LoadRun run = await load.RunClosedAsync(2, TimeSpan.FromMilliseconds(50), default);

        Assert.Equal((run.Sent, 0, null), (run.Errors, run.Accepted.Length, run.AcceptedMs(0.5)));
        Assert.NotNull(run.FirstError);
    }

    [Fact]
    public void Bodies_are_what_the_doors_take()
    {
        var traffic = new TrafficWorld(new SyntheticWorld(SyntheticWorldOptions.Tiny), new TrafficOptions { Campaigns = 3, RequestsPerDay = 5 });
        TrafficRequest request = traffic.Day(0)[0];

        JsonElement native = JsonDocument.Parse(ServeBodies.Native([request])[0]).RootElement;
        JsonElement openRtb = JsonDocument.Parse(ServeBodies.OpenRtb([request])[0]).RootElement;

        Assert.False(native.TryGetProperty("id", out _));
        Assert.Equal($"user{request.User}", native.GetProperty("user").GetProperty("id").GetString());
        Assert.Equal(request.Slots, native.GetProperty("slots").GetArrayLength());
        Assert.Equal(request.Slots, openRtb.GetProperty("imp").GetArrayLength());
        Assert.Equal(request.Publisher, openRtb.GetProperty("site").GetProperty("domain").GetString());
    }
}
