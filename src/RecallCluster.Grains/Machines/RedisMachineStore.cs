using System.Globalization;
using System.Runtime.CompilerServices;
using StackExchange.Redis;

namespace RecallCluster.Grains.Machines;

/// <summary>
/// A store in Redis: of each machine a hash (place of the last record, snapshot and its place) and a list (the records since), written by
/// scripts, so that each call is one round trip and all or nothing. As durable as Redis is told to be: with <c>appendfsync always</c> what
/// was answered survives a power failure, with <c>everysec</c> up to a second of it may not. Keys of one machine share a hash slot.
/// Thread-safe.
/// </summary>
public sealed class RedisMachineStore : IMachineStore, IStoreLife
{
    // What is torn is not gone on with: whoever holds the machine as of the last place mends it by a snapshot.
    private const string HeadScript = """
        local head = redis.call('HMGET', KEYS[1], 'last', 'at')
        local last, was = tonumber(head[1] or '0'), tonumber(head[2] or '0')
        local torn = redis.call('LLEN', KEYS[2]) ~= last - was
          or (was > 0) ~= (redis.call('HSTRLEN', KEYS[1], 'snapshot') > 0)

        """;

    private const string AppendScript = HeadScript + """
        local after = tonumber(ARGV[1])
        if last > after then return 1 end
        if last < after or torn then return 2 end
        for i = 2, #ARGV do redis.call('RPUSH', KEYS[2], ARGV[i]) end
        redis.call('HSET', KEYS[1], 'last', string.format('%d', after + #ARGV - 1))
        return 0
        """;

    private const string SnapshotScript = HeadScript + """
        local at = tonumber(ARGV[1])
        if torn and (last > at or was > at) then return 1 end
        if at > was or torn then
          if last <= at then redis.call('DEL', KEYS[2]) else redis.call('LTRIM', KEYS[2], at - was, -1) end
          redis.call('HSET', KEYS[1], 'at', ARGV[1], 'snapshot', ARGV[2])
          if last < at then redis.call('HSET', KEYS[1], 'last', ARGV[1]) end
        end
        if last > at then return 1 end
        return 0
        """;

    private const string LoadScript = """
        local head = redis.call('HMGET', KEYS[1], 'at', 'snapshot', 'last')
        return { head[1] or '0', head[2] or '', head[3] or '', redis.call('LRANGE', KEYS[2], 0, -1) }
        """;

    private readonly IConnectionMultiplexer _redis;
    private readonly string _prefix;

    /// <summary>A store over a connection that stays with the caller.</summary>
    /// <param name="redis">The connection.</param>
    /// <param name="cluster">The cluster's name, which all keys begin with.</param>
    public RedisMachineStore(IConnectionMultiplexer redis, string cluster)
    {
        ArgumentNullException.ThrowIfNull(redis);
        ArgumentException.ThrowIfNullOrEmpty(cluster);
        (_redis, _prefix) = (redis, cluster);
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">
    /// What is stored is no machine, or a part of it is missing, as after an eviction or a partial restore; the message says which.
    /// </exception>
    public async Task<StoredMachine> LoadAsync(string key, CancellationToken cancellation)
    {
        RedisResult[]? parts = (RedisResult[]?)await RunAsync(key, LoadScript, [], cancellation).ConfigureAwait(false);
        if (parts is not [var at, var snapshot, var last, var tail] || PlaceIn(at) is not { } place)
            throw new InvalidDataException($"{key}: Redis, {HeadOf(key)}: holds no machine.");
        ReadOnlyMemory<byte>[] records = [.. ((RedisResult[]?)tail ?? []).Select(record => new ReadOnlyMemory<byte>((byte[]?)record))];
        var stored = new StoredMachine(place, (byte[]?)snapshot, records);
        return Torn(key, stored, PlaceIn(last)) is { } missing
            ? throw new InvalidDataException($"{key}: its state in Redis is torn: {missing}.")
            : stored;
    }

    /// <inheritdoc/>
    public Task<StoreOutcome> AppendAsync(
        string key, long after, IReadOnlyList<ReadOnlyMemory<byte>> records, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(records);
        var values = new RedisValue[records.Count + 1];
        values[0] = after;
        for (int i = 0; i < records.Count; i++)
            values[i + 1] = records[i];
        return WriteAsync(key, AppendScript, values, cancellation);
    }

    /// <inheritdoc/>
    public Task<StoreOutcome> SnapshotAsync(string key, long at, ReadOnlyMemory<byte> snapshot, CancellationToken cancellation) =>
        WriteAsync(key, SnapshotScript, [at, snapshot], cancellation);

    /// <inheritdoc/>
    public async Task<string> CurrentAsync(CancellationToken cancellation)
    {
        string life = $"{_prefix}/machines/life", begun = Guid.NewGuid().ToString("N");
        try
        {
            RedisValue known = await _redis.GetDatabase().StringSetAndGetAsync(life, begun, expiry: null, keepTtl: false, When.NotExists)
                .WaitAsync(cancellation).ConfigureAwait(false);
            return known.IsNull ? begun : known.ToString();
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            throw new IOException($"Redis, {life}: {e.Message}", e);
        }
    }

    /// <summary>
    /// Keys of all machines, in no order, also of those of which only a part is left. It goes through all of Redis' keys, a thousand at a
    /// time.
    /// </summary>
    public async IAsyncEnumerable<string> KeysAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        const int Page = 1000;
        string before = HeadOf("")[..^1], after = TailOf("")[(before.Length + 1)..];
        // Most machines have two keys, and Redis may name one twice while it grows.
        var named = new HashSet<string>(StringComparer.Ordinal);
        foreach (IServer server in _redis.GetServers())
        {
            if (server.IsReplica)
                continue;
            IAsyncEnumerable<RedisKey> keys = server.KeysAsync(pattern: $"{before}*", pageSize: Page);
            await foreach (RedisKey key in keys.WithCancellation(cancellation).ConfigureAwait(false))
            {
                string name = key.ToString();
                name = name.EndsWith($"}}{after}", StringComparison.Ordinal) ? name[..^after.Length] : name;
                if (name.EndsWith('}') && named.Add(name))
                    yield return name[before.Length..^1];
            }
        }
    }

    private static long? PlaceIn(RedisResult place) =>
        long.TryParse((string?)place, NumberStyles.None, CultureInfo.InvariantCulture, out long found) ? found : null;

    /// <summary>What is missing of a machine; null for nothing.</summary>
    private string? Torn(string key, StoredMachine stored, long? last)
    {
        (string head, string tail, int records) = (HeadOf(key), TailOf(key), stored.Tail.Count);
        if (stored.SnapshotAt > 0 && stored.Snapshot.IsEmpty)
            return $"{head} misses the snapshot that was taken at record {stored.SnapshotAt}";
        if (stored.SnapshotAt == 0 && !stored.Snapshot.IsEmpty)
            return $"{head} does not say which record its snapshot was taken at";
        if (last is not { } end)
        {
            return stored.SnapshotAt > 0 ? $"{head} does not say where its log ends"
                : records > 0 ? $"{tail} holds {records} record(s), but {head}, which says from where they count, is missing"
                : null;
        }
        return end == stored.Last ? null : string.Create(
            CultureInfo.InvariantCulture,
            $"{head} says that its log goes from record {stored.SnapshotAt + 1} to {end}, but {tail} holds {records} record(s)");
    }

    private async Task<StoreOutcome> WriteAsync(string key, string script, RedisValue[] values, CancellationToken cancellation) =>
        (StoreOutcome)(int)await RunAsync(key, script, values, cancellation).ConfigureAwait(false);

    private async Task<RedisResult> RunAsync(string key, string script, RedisValue[] values, CancellationToken cancellation)
    {
        try
        {
            return await _redis.GetDatabase().ScriptEvaluateAsync(script, [HeadOf(key), TailOf(key)], values)
                .WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            throw new IOException($"Redis, {HeadOf(key)}: {e.Message}", e);
        }
    }

    private string HeadOf(string key) => $"{_prefix}/machine/{{{key}}}";

    private string TailOf(string key) => $"{HeadOf(key)}/tail";
}
