using System.Net;
using System.Text.Json;

namespace RecallCluster.Client.Tests;

public class FeedbackSenderTests
{
    [Fact]
    public async Task What_gathers_while_a_call_is_under_way_goes_into_one()
    {
        AdsPlaced ad = await RecallClientTests.PlacedAsync();
        using var gate = new ManualResetEventSlim();
        using var transport = new FakeTransport((call, _, body) =>
        {
            if (call == 1)
                gate.Wait();
            return Applied(body);
        });
        using RecallClient client = transport.Client();
        Task<FeedbackResult>[] sent;
        await using (FeedbackSender sender = client.OpenFeedback(new FeedbackSenderOptions { Parallel = 1 }))
        {
            Task<FeedbackResult> first = sender.SendAsync(AdFeedback.Impression(ad));
            while (transport.Seen.IsEmpty)
                await Task.Yield();
            sent = [.. Enumerable.Range(0, 100).Select(_ => sender.SendAsync(AdFeedback.Click(ad)))];
            gate.Set();
            await first;
        }

        Assert.All(await Task.WhenAll(sent), result => Assert.True(result.IsApplied));
        Assert.Equal([1, 100], transport.Seen.Select(call => EventsOf(call.Body)));
    }

    [Fact]
    public async Task A_batch_is_sent_until_the_door_has_it()
    {
        AdsPlaced ad = await RecallClientTests.PlacedAsync();
        using var transport = new FakeTransport((call, _, body) => call switch
        {
            1 => throw new HttpRequestException(HttpRequestError.ConnectionError),
            2 => new HttpResponseMessage(HttpStatusCode.ServiceUnavailable),
            _ => Applied(body),
        });
        using RecallClient client = transport.Client(new RetryOptions { MaxAttempts = 1 });
        await using FeedbackSender sender = client.OpenFeedback();

        FeedbackResult result = await sender.SendAsync(AdFeedback.Click(ad));

        Assert.True(result.IsApplied);
        Assert.Single(transport.Seen.Select(call => call.Body).Distinct());
    }

    [Fact]
    public async Task A_failure_of_any_kind_is_told_and_the_sender_goes_on()
    {
        AdsPlaced ad = await RecallClientTests.PlacedAsync();
        using var transport = new FakeTransport((call, _, body) =>
            call == 1 ? throw new NotSupportedException("This transport cannot do that.") : Applied(body));
        using RecallClient client = transport.Client();
        await using FeedbackSender sender = client.OpenFeedback(new FeedbackSenderOptions { Parallel = 1 });

        await Assert.ThrowsAsync<NotSupportedException>(() => sender.SendAsync(AdFeedback.Click(ad)).WaitAsync(TimeSpan.FromMinutes(1)));
        FeedbackResult next = await sender.SendAsync(AdFeedback.Click(ad));

        Assert.True(next.IsApplied);
    }

    [Fact]
    public async Task One_bad_event_does_not_spoil_its_neighbours()
    {
        AdsPlaced good = await RecallClientTests.PlacedAsync();
        AdsPlaced bad = good with { Tracking = new AdsTracking { Impression = "x", Click = "http://d/t/bad", Conversion = "x" } };
        using var gate = new ManualResetEventSlim();
        using var transport = new FakeTransport((call, _, body) =>
        {
            if (call == 1)
                gate.Wait();
            return body.Contains("bad", StringComparison.Ordinal)
                ? FakeTransport.Json("""{"title":"No.","field":"events[1].token"}""", HttpStatusCode.BadRequest)
                : Applied(body);
        });
        using RecallClient client = transport.Client();
        await using FeedbackSender sender = client.OpenFeedback(new FeedbackSenderOptions { Parallel = 1 });
        Task<FeedbackResult> first = sender.SendAsync(AdFeedback.Impression(good));
        while (transport.Seen.IsEmpty)
            await Task.Yield();
        Task<FeedbackResult>[] sent = [sender.SendAsync(AdFeedback.Click(good)), sender.SendAsync(AdFeedback.Click(bad))];
        gate.Set();

        Assert.True((await first).IsApplied);
        Assert.True((await sent[0]).IsApplied);
        Assert.Equal(400, (await Assert.ThrowsAsync<RecallException>(() => sent[1])).Status);
    }

    [Fact]
    public async Task An_event_is_given_up_at_last()
    {
        AdsPlaced ad = await RecallClientTests.PlacedAsync();
        using var transport = new FakeTransport((_, _, _) => new HttpResponseMessage(HttpStatusCode.ServiceUnavailable));
        using RecallClient client = transport.Client(new RetryOptions { MaxAttempts = 1 });
        await using FeedbackSender sender = client.OpenFeedback(new FeedbackSenderOptions { GiveUpAfter = TimeSpan.Zero });

        await Assert.ThrowsAsync<TimeoutException>(() => sender.SendAsync(AdFeedback.Click(ad)));
    }

    private static int EventsOf(string body)
    {
        using var document = JsonDocument.Parse(body);
        return document.RootElement.GetProperty("events").GetArrayLength();
    }

    private static HttpResponseMessage Applied(string body) => FakeTransport.Json(
        $$"""{"results":[{{string.Join(',', Enumerable.Repeat("""{"outcome":"applied","charged":0,"free":0}""", EventsOf(body)))}}]}""",
        HttpStatusCode.Accepted);
}
