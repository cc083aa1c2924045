using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using RecallCluster.Grains.Machines;
using RecallCluster.Silo.Storage;
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

    [RedisFact]
    public async Task What_is_torn_is_refused_by_name_until_whoever_holds_all_of_it_writes_it_again()
    {
        // What an eviction or a partial restore may leave of five records, of which a snapshot holds the first two.
        const string Head = "test/machine/{a}", Tail = $"{Head}/tail";
        const string Three = $"{Head} says that its log goes from record 3 to 5, but {Tail} holds";
        (string Tear, bool KnowsItsEnd, string Missing)[] shapes =
        [
            ($"DEL {Tail}", true, $"{Three} 0 record(s)"),
            ($"LTRIM {Tail} 1 -1", true, $"{Three} 2 record(s)"),
            ($"RPUSH {Tail} stray", true, $"{Three} 4 record(s)"),
            ($"DEL {Head}", false, $"{Tail} holds 3 record(s), but {Head}, which says from where they count, is missing"),
            ($"HDEL {Head} last", false, $"{Head} does not say where its log ends"),
            ($"HDEL {Head} at", true, $"{Head} does not say which record its snapshot was taken at"),
            ($"HDEL {Head} snapshot", true, $"{Head} misses the snapshot that was taken at record 2"),
            ($"HDEL {Head} at snapshot", true, $"{Head} says that its log goes from record 1 to 5, but {Tail} holds 3 record(s)"),
        ];
        await using RedisServer server = await RedisServer.StartedAsync();
        await using ConnectionMultiplexer redis = await server.ConnectAsync();
        var store = new RedisMachineStore(redis, "test");
        foreach ((string tear, bool knowsItsEnd, string missing) in shapes)
        {
            await redis.GetServers()[0].FlushDatabaseAsync();
            await store.AppendAsync("a", 0, Records("one", "two", "three", "four", "five"), default);
            await store.SnapshotAsync("a", 2, Bytes("at two"), default);
            string[] command = tear.Split(' ');
            await redis.GetDatabase().ExecuteAsync(command[0], [.. command[1..]]);

            for (int attempt = 0; attempt < 2; attempt++)
            {
                InvalidDataException refused = await Assert.ThrowsAsync<InvalidDataException>(() => store.LoadAsync("a", default));
                Assert.Equal($"a: its state in Redis is torn: {missing}.", refused.Message);
                // Nobody goes on with it, and who knows less changes nothing.
                Assert.Equal(StoreOutcome.Lost, await store.AppendAsync("a", 5, Records("six"), default));
                if (knowsItsEnd)
                    Assert.Equal(StoreOutcome.Conflict, await store.SnapshotAsync("a", 4, Bytes("at four"), default));
            }
            // A part of it makes a machine all the same: whoever asks for all of them is told of it.
            Assert.Equal(["a"], await store.KeysAsync(default).ToListAsync());
            Assert.Equal(StoreOutcome.Done, await store.SnapshotAsync("a", 5, Bytes("at five"), default));
            Assert.Equal(StoreOutcome.Done, await store.AppendAsync("a", 5, Records("six"), default));
            StoredMachine stored = await store.LoadAsync("a", default);
            Assert.Equal((5L, "at five"), (stored.SnapshotAt, Encoding.UTF8.GetString(stored.Snapshot.Span)));
            Assert.Equal(["six"], Texts(stored));
        }
    }

    [RedisFact]
    public async Task What_Redis_is_configured_to_is_said_where_it_may_cost_state()
    {
        await using RedisServer server = await RedisServer.StartedAsync();
        await using ConnectionMultiplexer admin = await server.ConnectAsync();
        // As a silo connects, which is no administrator.
        await using ConnectionMultiplexer redis = await ConnectionMultiplexer.ConnectAsync(server.Address);
        Assert.Empty((await RedisDurability.ReadAsync(redis, NullLogger.Instance, default)).Warnings);
        // Without a limit nothing is evicted, whatever the policy.
        await SetAsync(admin, "maxmemory-policy", "allkeys-lru");
        Assert.Empty((await RedisDurability.ReadAsync(redis, NullLogger.Instance, default)).Warnings);

        await SetAsync(admin, "maxmemory", "100mb");
        await SetAsync(admin, "appendfsync", "everysec");
        IReadOnlyList<string> warnings = (await RedisDurability.ReadAsync(redis, NullLogger.Instance, default)).Warnings;

        Assert.Collection(
            warnings,
            evicts => Assert.Contains("maxmemory-policy is allkeys-lru, maxmemory 104857600", evicts, StringComparison.Ordinal),
            late => Assert.Contains("appendfsync is everysec", late, StringComparison.Ordinal));
        await SetAsync(admin, "maxmemory-policy", "noeviction");
        await SetAsync(admin, "appendonly", "no");
        Assert.Contains(
            "appendonly is no", Assert.Single((await RedisDurability.ReadAsync(redis, NullLogger.Instance, default)).Warnings),
            StringComparison.Ordinal);
    }

    [RedisFact]
    public async Task A_Redis_that_does_not_tell_how_it_is_configured_is_not_complained_of()
    {
        await using RedisServer server = await RedisServer.StartedAsync();
        await using ConnectionMultiplexer admin = await server.ConnectAsync();
        await SetAsync(admin, "appendfsync", "everysec");
        await admin.GetDatabase().ExecuteAsync("ACL", "SETUSER", "silo", "on", "nopass", "~*", "&*", "+@all", "-config");
        await using ConnectionMultiplexer redis = await ConnectionMultiplexer.ConnectAsync($"{server.Address},user=silo,password=any");

        Assert.Empty((await RedisDurability.ReadAsync(redis, NullLogger.Instance, default)).Warnings);
    }

    private static Task SetAsync(ConnectionMultiplexer redis, string name, string value) =>
        redis.GetServers()[0].ConfigSetAsync(name, value);

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
