using RecallCluster.Grains.Tests.Shards;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.Tests;

namespace RecallCluster.Grains.Tests.Rollouts;

public sealed class DeviceRoomTests
{
    private const int Seats = IndexedCluster.Shards * IndexedCluster.Replicas;

    [Fact]
    public async Task A_version_that_found_no_room_on_the_device_goes_there_when_the_one_before_is_dropped()
    {
        var device = new HostAsDevice(room: Seats);
        await using IndexedCluster cluster = await IndexedCluster.StartAsync(device: device);
        using var next = new HandMadeModel(IndexedCluster.Ads, seed: 2);
        cluster.Add("next", next);
        Assert.Equal((Seats, 0), (device.Opened, device.Refused));
        var traffic = new LiveTraffic(cluster.Gateway.Retriever, cluster.First, next);

        await cluster.Indexes.PublishAsync("next", ShadowLimits.None, default);
        await cluster.UntilAsync(view => view.Running?.Name == "next");
        Assert.Equal((Seats, Seats), (device.Opened, device.Refused));
        await cluster.DropPreviousAsync();

        await IndexedCluster.UntilAsync(() => Task.FromResult((device.Opened, device.Closed)), seats => seats == (2 * Seats, Seats));
        // It answered all the while, and does so from the device as it did from the processor.
        int answers = traffic.Answers;
        await IndexedCluster.UntilAsync(() => Task.FromResult(traffic.Answers), now => now >= answers + 20);
        await traffic.EndAsync();
        Assert.Equal([$"{cluster.First.Fingerprint}.1", $"{next.Fingerprint}.2"], traffic.Versions);
    }

    [Fact]
    public async Task With_room_for_one_the_newest_version_is_on_the_device()
    {
        var device = new HostAsDevice(room: Seats);
        await using IndexedCluster cluster = await IndexedCluster.StartAsync(device: device);
        using var second = new HandMadeModel(IndexedCluster.Ads, seed: 2);
        using var third = new HandMadeModel(IndexedCluster.Ads, seed: 3);
        foreach ((string name, HandMadeModel model) in new[] { ("second", second), ("third", third) })
        {
            cluster.Add(name, model);
            await cluster.Indexes.PublishAsync(name, ShadowLimits.None, default);
            await cluster.UntilAsync(view => view.Running?.Name == name);
        }

        // Nobody went in its way before it was there, and the one before, for which there is no room, took no place since.
        Assert.Equal((2 * Seats, Seats), (device.Opened, device.Closed));
        Assert.All(device.Files, file => Assert.StartsWith(cluster.DirectoryOf("third"), file, StringComparison.Ordinal));
    }
}
