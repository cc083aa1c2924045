using System.Globalization;
using StackExchange.Redis;

namespace RecallCluster.Grains.Feedback;

/// <summary>
/// The stream as one of Redis', read by a consumer group: what a reader has taken stays in the group's list of pending entries until it is
/// settled, and goes to another reader when it is not. As durable as Redis is told to be: with <c>appendfsync always</c> what was answered
/// survives a power failure. Both keys share a hash slot. Thread-safe.
/// </summary>
public sealed class RedisFeedbackStore : IFeedbackStore
{
    private const string Group = "campaigns", CampaignField = "campaign", EventField = "event", ReasonField = "reason", Beginning = "0-0";

    private const string AppendScript = """
        if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
        redis.call('XADD', KEYS[1], '*', 'campaign', ARGV[2], 'event', ARGV[3])
        return 1
        """;

    private const string SettleScript = """
        redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, 2))
        return redis.call('XDEL', KEYS[1], unpack(ARGV, 2))
        """;

    // Two readers may have it: only the one that deletes it parks it.
    private const string ParkScript = """
        redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
        if redis.call('XDEL', KEYS[1], ARGV[2]) == 0 then return 0 end
        redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', 'campaign', ARGV[4], 'event', ARGV[5], 'reason', ARGV[6])
        return 1
        """;

    private const string RetryScript = """
        local parked = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', ARGV[1])
        for _, entry in ipairs(parked) do
          local fields = {}
          for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
          redis.call('XADD', KEYS[1], '*', 'campaign', fields['campaign'] or '0', 'event', fields['event'] or '')
          redis.call('XDEL', KEYS[2], entry[1])
        end
        return #parked
        """;

    private readonly IConnectionMultiplexer _redis;
    private readonly FeedbackStoreOptions _options;
    private readonly RedisKey _waiting, _parked;

    // Two who look at the same time may look twice in the same place: what one claims the other does not.
    private volatile string _searched = Beginning;

    /// <summary>The stream of a service, over a connection that stays with the caller.</summary>
    /// <param name="redis">The connection.</param>
    /// <param name="service">The service that it belongs to, which its keys begin with.</param>
    /// <param name="options">How it is kept.</param>
    public RedisFeedbackStore(IConnectionMultiplexer redis, string service, FeedbackStoreOptions options)
    {
        ArgumentNullException.ThrowIfNull(redis);
        ArgumentException.ThrowIfNullOrEmpty(service);
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        (_redis, _options) = (redis, options);
        (_waiting, _parked) = ($"{service}/stream/{{feedback}}", $"{service}/stream/{{feedback}}/parked");
    }

    private IDatabase Database => _redis.GetDatabase();

    /// <inheritdoc/>
    public async Task AppendAsync(long campaign, ReadOnlyMemory<byte> payload, CancellationToken cancellation)
    {
        RedisResult appended = await AskAsync(
            () => Database.ScriptEvaluateAsync(AppendScript, [_waiting], [_options.MaxWaiting, campaign, payload]), cancellation)
            .ConfigureAwait(false);
        if ((int)appended == 0)
            throw new IOException($"Redis, {_waiting}: holds {_options.MaxWaiting} events already; send it again later.");
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<StreamedEvent>> TakeAsync(string reader, int most, CancellationToken cancellation)
    {
        try
        {
            return await TryTakeAsync(reader, most, cancellation).ConfigureAwait(false);
        }
        catch (IOException e) when (e.InnerException is RedisServerException { Message: var said }
            && said.StartsWith("NOGROUP", StringComparison.Ordinal))
        {
            await MakeGroupAsync(cancellation).ConfigureAwait(false);
            return await TryTakeAsync(reader, most, cancellation).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public Task SettleAsync(IReadOnlyList<StreamedEvent> delivered, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(delivered);
        return delivered.Count == 0
            ? Task.CompletedTask
            : AskAsync(
                () => Database.ScriptEvaluateAsync(
                    SettleScript, [_waiting], [Group, .. delivered.Select(one => (RedisValue)one.Id)]),
                cancellation);
    }

    /// <inheritdoc/>
    public Task ParkAsync(StreamedEvent poison, string reason, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(poison);
        return AskAsync(
            () => Database.ScriptEvaluateAsync(
                ParkScript, [_waiting, _parked], [Group, poison.Id, _options.MaxParked, poison.Campaign, poison.Payload, reason]),
            cancellation);
    }

    /// <inheritdoc/>
    public async Task<FeedbackStoreStatus> StatusAsync(CancellationToken cancellation)
    {
        Task<long> waiting = AskAsync(() => Database.StreamLengthAsync(_waiting), cancellation);
        Task<long> parked = AskAsync(() => Database.StreamLengthAsync(_parked), cancellation);
        return new FeedbackStoreStatus(await waiting.ConfigureAwait(false), await parked.ConfigureAwait(false));
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ParkedEvent>> ParkedAsync(int most, CancellationToken cancellation)
    {
        StreamEntry[] entries = await AskAsync(
            () => Database.StreamRangeAsync(_parked, count: most, messageOrder: Order.Descending), cancellation).ConfigureAwait(false);
        return [.. entries.Select(entry => new ParkedEvent(entry.Id!, CampaignOf(entry), (string?)entry[ReasonField] ?? ""))];
    }

    /// <inheritdoc/>
    public async Task<int> RetryParkedAsync(int most, CancellationToken cancellation) => (int)await AskAsync(
        () => Database.ScriptEvaluateAsync(RetryScript, [_waiting, _parked], [most]), cancellation).ConfigureAwait(false);

    private static StreamedEvent EventOf(StreamEntry entry) => new(entry.Id!, CampaignOf(entry), (byte[]?)entry[EventField]);

    private static long CampaignOf(StreamEntry entry) =>
        long.TryParse((string?)entry[CampaignField], NumberStyles.None, CultureInfo.InvariantCulture, out long campaign) ? campaign : 0;

    /// <summary>
    /// First what readers have had for too long, from where the last look ended, then what is new, which at least half of the room is for.
    /// </summary>
    private async Task<IReadOnlyList<StreamedEvent>> TryTakeAsync(string reader, int most, CancellationToken cancellation)
    {
        StreamEntry[] left = most < 2 ? [] : await ClaimAsync(reader, most / 2, cancellation).ConfigureAwait(false);
        StreamEntry[] fresh = await AskAsync(
            () => Database.StreamReadGroupAsync(_waiting, Group, reader, StreamPosition.NewMessages, most - left.Length), cancellation)
            .ConfigureAwait(false);
        return [.. left.Concat(fresh).Where(entry => !entry.IsNull).Select(EventOf)];
    }

    private async Task<StreamEntry[]> ClaimAsync(string reader, int most, CancellationToken cancellation)
    {
        long tooLong = (long)_options.Redeliver.TotalMilliseconds;
        StreamAutoClaimResult left = await AskAsync(
            () => Database.StreamAutoClaimAsync(_waiting, Group, reader, tooLong, _searched, most), cancellation).ConfigureAwait(false);
        _searched = (string?)left.NextStartId ?? Beginning;
        return left.ClaimedEntries;
    }

    private async Task MakeGroupAsync(CancellationToken cancellation)
    {
        try
        {
            await AskAsync(
                () => Database.StreamCreateConsumerGroupAsync(_waiting, Group, StreamPosition.Beginning, createStream: true), cancellation)
                .ConfigureAwait(false);
        }
        catch (IOException e) when (e.InnerException is RedisServerException { Message: var said }
            && said.StartsWith("BUSYGROUP", StringComparison.Ordinal))
        {
            // Another reader was quicker.
            return;
        }
    }

    private async Task<T> AskAsync<T>(Func<Task<T>> ask, CancellationToken cancellation)
    {
        try
        {
            return await ask().WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            throw new IOException($"Redis, {_waiting}: {e.Message}", e);
        }
    }
}
