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

        Assert.Equal((200, 100, 50, 50, "500 InternalServerError"),
            (run.Sent, run.Accepted.Length, run.Rejected.Length, run.Errors, run.FirstError));
        Assert.Equal(run.Accepted.Order(), run.Accepted);
        Assert.Equal(200, run.Lags.Length);
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
    public async Task Every_caller_is_answered_and_bodies_come_back_whole()
    {
        string text = new('a', 100_000);
        await using WebApplication app = WebApplication.CreateSlimBuilder().Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.MapPost("/v1/ads", async (HttpContext context) =>
        {
            // Without a length the server sends chunks, one for each flush.
            for (int part = 0; part < 4; part++)
            {
                await context.Response.WriteAsync(text[..25_000]);
                await context.Response.Body.FlushAsync();
            }
        });
        await app.StartAsync();
        using var load = new HttpLoadGenerator(FrontDoor.AddressesOf(app)[0], "v1/ads", ["{}"u8.ToArray()]);

        LoadRun run = await load.RunClosedAsync(3, TimeSpan.FromMilliseconds(200), default);

        Assert.InRange(run.Sent, 3, int.MaxValue);
        Assert.Equal((run.Sent, 0), (run.Accepted.Length, run.Errors));
        Assert.Equal(text, System.Text.Encoding.ASCII.GetString(load.Ask(0)!));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", 200, "ab", false)]
    [InlineData("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n", 204, "", true)]
    [InlineData("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nCONTENT-LENGTH: 1\r\n\r\nx", 503, "x", false)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, "", false)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n3\r\nabc\r\n0\r\n\r\n", 200, "0123456789abc",
        false)]
    public void An_answer_is_known_when_its_last_byte_is_there_and_not_before(string text, int status, string body, bool closes)
    {
        byte[] bytes = System.Text.Encoding.ASCII.GetBytes(text);

        for (int length = 0; length < bytes.Length; length++)
            Assert.Null(LoadAnswer.Parse(bytes.AsMemory(0, length)));
        LoadAnswer answer = LoadAnswer.Parse(bytes)!.Value;

        Assert.Equal((status, body, closes), (answer.Status, System.Text.Encoding.ASCII.GetString(answer.Body.Span), answer.Closes));
    }

    [Theory]
    [InlineData("220 smtp.example ready\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")]
    public void What_is_no_answer_is_said_to_be_none(string text) =>
        Assert.Throws<InvalidDataException>(() => LoadAnswer.Parse(System.Text.Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void Bodies_are_what_the_doors_take()
    {
        var traffic = new TrafficWorld(
            new SyntheticWorld(SyntheticWorldOptions.Tiny), new TrafficOptions { Campaigns = 3, RequestsPerDay = 5 });
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
