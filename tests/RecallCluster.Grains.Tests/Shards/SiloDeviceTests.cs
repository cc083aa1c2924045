using Microsoft.Extensions.Logging.Abstractions;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Shards;
using RecallCluster.Serving.Devices;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.Tests;

namespace RecallCluster.Grains.Tests.Shards;

/// <summary>
/// What a silo does with its device when it opens a shard. Trials that nothing can pass end each load before the market is asked.
/// </summary>
public sealed class SiloDeviceTests : IDisposable
{
    private readonly HandMadeModel _model = new(200);
    private readonly HostAsDevice _devices = new();

    public void Dispose() => _model.Dispose();

    [Fact]
    public async Task A_shard_that_is_refused_is_taken_off_the_device()
    {
        InvalidDataException error = await Assert.ThrowsAsync<InvalidDataException>(() => LoadAsync());

        Assert.Contains("is the least", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, _devices.Opened);
        Assert.Equal(1, _devices.Closed);
    }

    [Fact]
    public async Task Shapes_of_batches_are_those_of_the_versions_own_model()
    {
        await File.WriteAllTextAsync(Path.Combine(_model.ModelPath, DeviceBatches.FileName), """{ "requests": [1, 3], "queue": 7 }""");
        await Assert.ThrowsAsync<InvalidDataException>(() => LoadAsync());
        Assert.Equal([1, 3], _devices.Options!.Batches.Requests);
        Assert.Equal(7, _devices.Options.Batches.Queue);
    }

    [Fact]
    public async Task A_silo_whose_device_was_lost_a_moment_ago_leaves_it_alone()
    {
        var mark = new DeviceLossMark(Path.Combine(_model.ModelPath, "lost"), TimeSpan.FromHours(1));
        Assert.True(mark.Mark(TimeProvider.System));
        InvalidDataException error = await Assert.ThrowsAsync<InvalidDataException>(() => LoadAsync(mark));
        Assert.Contains("is the least", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, _devices.Opened);
    }

    private async Task LoadAsync(DeviceLossMark? mark = null)
    {
        var node = new SiloNode
        {
            Name = "one",
            Cluster = "test",
            Roles = new HashSet<string> { SiloRoles.Retrieval, SiloRoles.Gpu },
            ShardMemory = 1L << 30,
            Device = new DeviceOptions { Scorer = ScorerChoice.TryParse("torch-cpu")!, Loss = mark },
        };
        var options = new RolloutOptions { Trial = new ShardTrialOptions { LeastRecall = 2 } };
        using var shards = new SiloShards(
            market: null!, node, known: null!, options, TimeProvider.System, NullLogger<SiloShards>.Instance, _devices);
        var version = new IndexVersion("v1", _model.ModelPath, _model.Index(1), 1, 1 << 20);
        await shards.LoadAsync(version, 0, isNew: true, CancellationToken.None);
    }
}
