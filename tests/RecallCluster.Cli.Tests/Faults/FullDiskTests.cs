using System.Net;
using System.Net.Http.Json;
using RecallCluster.Client;
using RecallCluster.Testing;

namespace RecallCluster.Cli.Tests.Faults;

/// <summary>A front door whose state file cannot grow any more.</summary>
[Collection(FaultSuite.Name)]
public class FullDiskTests(FaultWorld world)
{
    [LinuxProcessFact]
    public async Task With_a_full_disk_events_are_refused_ads_flow_on_and_nothing_acknowledged_is_lost()
    {
        await using var door = new DoorProcess(world);
        await door.StartAsync();
        var books = new AdServerBooks(door);
        for (int i = 0; i < 10; i++)
            await books.ShowAsync((await door.AskAsync()).Ads);
        AdsPlaced ad = (await door.AskAsync()).Ads[0];

        door.LimitFiles(0);
        AdFeedback shown = AdFeedback.Impression(ad);
        using HttpResponseMessage refused = await door.Http.PostAsJsonAsync("v1/events", new { token = shown.Token });
        using HttpResponseMessage pixel = await door.Http.GetAsync(new Uri(ad.Tracking!.Impression));
        using HttpResponseMessage click = await door.Http.GetAsync(new Uri(ad.Tracking.Click));
        Assert.All([refused, pixel], answer => Assert.Equal(
            (HttpStatusCode.ServiceUnavailable, true), (answer.StatusCode, answer.Headers.RetryAfter is not null)));
        Assert.Equal(HttpStatusCode.Redirect, click.StatusCode);
        // Not so many that a lease, which cannot be renewed now, would end meanwhile.
        for (int i = 0; i < 5; i++)
        {
            AdsAnswer answer = await door.AskAsync();
            Assert.NotEmpty(answer.Ads);
            await books.ShowAsync(answer.Ads);
        }
        Assert.True(books.InDoubt > 0);
        using HttpResponseMessage notReady = await door.Http.GetAsync(new Uri("readyz", UriKind.Relative));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, notReady.StatusCode);
        Assert.Contains("journal cannot be written", await notReady.Content.ReadAsStringAsync());

        door.LimitFiles(null);
        // By itself: a balancer would send nothing that could show it.
        await Until.TrueAsync(async () =>
        {
            using HttpResponseMessage ready = await door.Http.GetAsync(new Uri("readyz", UriKind.Relative));
            return ready.IsSuccessStatusCode;
        });
        Assert.Equal("applied", (await door.Client.SendEventAsync(shown)).Outcome);
        Assert.Equal("applied", (await door.Client.SendEventAsync(AdFeedback.Click(ad))).Outcome);
        await books.CatchUpAsync();
        AdsPlaced next = (await door.AskAsync()).Ads[0];

        // Killed while the disk is full: what was refused was not taken, what was taken before is there.
        door.LimitFiles(0);
        RecallException full = await Assert.ThrowsAsync<RecallException>(() => door.Client.SendEventAsync(AdFeedback.Impression(next)));
        Assert.Equal(503, full.Status);
        await door.RestartAsync();
        Assert.Equal("duplicate", (await door.Client.SendEventAsync(shown)).Outcome);
        Assert.Equal("applied", (await door.Client.SendEventAsync(AdFeedback.Impression(next))).Outcome);
        await books.TellAgainAsync();
    }
}
