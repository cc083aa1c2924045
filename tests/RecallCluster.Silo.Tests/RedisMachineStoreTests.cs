using System.Text;
using RecallCluster.Grains.Machines;
using RecallCluster.Silo.Tests.Support;
using RecallCluster.Testing;
using StackExchange.Redis;

namespace RecallCluster.Silo.Tests;

public sealed class RedisMachineStoreTests
{
    [RedisFact]
    public async Task What_was_appended_is_loaded_in_order()
    {
        await using RedisServer server = await RedisServer.StartedAsync();
        await using ConnectionMultiplexer redis = await server.ConnectAsync();
        var store = new RedisMachineStore(redis, "test");
        Assert.Equal(0, (await store.LoadAsync("a", default)).Last);
        Assert.Equal(StoreOutcome.Done, await store.AppendAsync("a", 0, Records("one", "two"), default));
        Assert.Equal(StoreOutcome.Done, await store.AppendAsync("a", 2, Records("three"), default));
        StoredMachine stored = await store.LoadAsync("a", default);
        Assert.Equal((0L, 3L), (stored.SnapshotAt, stored.Last));
        Assert.Equal(["one", "two", "three"], Texts(stored));
        Assert.Equal(0, (await store.LoadAsync("b", default)).Last);
    }

    [RedisFact]
    public async Task Of_two_writers_one_is_told_of_the_conflict_and_nothing_of_its_is_there()
    {
        await using RedisServer server = await RedisServer.StartedAsync();
        await using ConnectionMultiplexer redis = await server.ConnectAsync();
        var store = new RedisMachineStore(redis, "test");
        StoreOutcome[] outcomes = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(i => store.AppendAsync("a", 0, Records($"writer {i}", "and more"), default)));
        Assert.Single(outcomes, StoreOutcome.Done);
        Assert.Equal(19, outcomes.Count(outcome => outcome == StoreOutcome.Conflict));
        Assert.Equal(2, (await store.LoadAsync("a", default)).Last);
    }

    [RedisFact]
    public async Task A_snapshot_cuts_the_log_and_an_older_one_changes_nothing()
    {
        await using RedisServer server = await RedisServer.StartedAsync();
        await using ConnectionMultiplexer redis = await server.ConnectAsync();
        var store = new RedisMachineStore(redis, "test");
        await store.AppendAsync("a", 0, Records("one", "two", "three", "four"), default);
        Assert.Equal(StoreOutcome.Conflict, await store.SnapshotAsync("a", 3, Bytes("at three"), default));
        StoredMachine stored = await store.LoadAsync("a", default);
        Assert.Equal((3L, 4L, "at three"), (stored.SnapshotAt, stored.Last, Encoding.UTF8.GetString(stored.Snapshot.Span)));
        Assert.Equal(["four"], Texts(stored));
        Assert.Equal(StoreOutcome.Conflict, await store.SnapshotAsync("a", 2, Bytes("at two"), default));
        Assert.Equal("at three", Encoding.UTF8.GetString((await store.LoadAsync("a", default)).Snapshot.Span));
        Assert.Equal(StoreOutcome.Done, await store.SnapshotAsync("a", 4, Bytes("at four"), default));
        stored = await store.LoadAsync("a", default);
        Assert.Empty(stored.Tail);
        Assert.Equal(StoreOutcome.Done, await store.AppendAsync("a", 4, Records("five"), default));
        Assert.Equal(5, (await store.LoadAsync("a", default)).Last);
    }

    [RedisFact]
    public async Task What_was_answered_is_there_after_Redis_was_killed()
    {
        await using RedisServer server = await RedisServer.StartedAsync();
        await using (ConnectionMultiplexer redis = await server.ConnectAsync())
        {
            var store = new RedisMachineStore(redis, "test");
            for (int i = 0; i < 50; i++)
                Assert.Equal(StoreOutcome.Done, await store.AppendAsync("a", i, Records($"record {i}"), default));
        }
        await server.KillAsync();
        await server.StartAsync();
        await using ConnectionMultiplexer again = await server.ConnectAsync();
        StoredMachine stored = await new RedisMachineStore(again, "test").LoadAsync("a", default);
        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"record {i}"), Texts(stored));
    }

    [RedisFact]
    public async Task A_Redis_that_restarts_empty_is_told_from_a_conflict_and_filled_by_a_snapshot()
    {
        await using RedisServer server = await RedisServer.StartedAsync();
        await using ConnectionMultiplexer redis = await server.ConnectAsync();
        var store = new RedisMachineStore(redis, "test");
        await store.AppendAsync("a", 0, Records("one", "two"), default);
        await server.KillAsync();
        server.Empty();
        await Assert.ThrowsAsync<IOException>(() => store.AppendAsync("a", 2, Records("three"), default));
        await server.StartAsync();
        Assert.Equal(StoreOutcome.Lost, await OnceConnectedAsync(() => store.AppendAsync("a", 2, Records("three"), default)));
        Assert.Equal(StoreOutcome.Done, await store.SnapshotAsync("a", 2, Bytes("at two"), default));
        Assert.Equal(StoreOutcome.Done, await store.AppendAsync("a", 2, Records("three"), default));
        StoredMachine stored = await store.LoadAsync("a", default);
        Assert.Equal((2L, 3L), (stored.SnapshotAt, stored.Last));
    }

    private static async Task<StoreOutcome> OnceConnectedAsync(Func<Task<StoreOutcome>> call)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        while (true)
        {
            try
            {
                return await call();
            }
            catch (IOException)
            {
                await Task.Delay(100, patience.Token);
            }
        }
    }

    private static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static ReadOnlyMemory<byte>[] Records(params string[] texts) => Array.ConvertAll(texts, Bytes);

    private static string[] Texts(StoredMachine stored) => [.. stored.Tail.Select(record => Encoding.UTF8.GetString(record.Span))];
}
