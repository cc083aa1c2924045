using RecallCluster.Grains.Feedback;
using RecallCluster.Grains.Tests.Feedback;
using RecallCluster.Silo.Tests.Support;
using RecallCluster.Testing;
using StackExchange.Redis;

namespace RecallCluster.Silo.Tests;

/// <summary>The stream in a real Redis.</summary>
public sealed class RedisFeedbackStoreTests : FeedbackStoreContract, IAsyncDisposable
{
    private RedisServer? _server;
    private ConnectionMultiplexer? _redis;

    public async ValueTask DisposeAsync()
    {
        if (_redis is not null)
            await _redis.DisposeAsync();
        if (_server is not null)
            await _server.DisposeAsync();
    }

    [RedisFact]
    public async Task What_was_appended_or_settled_stays_so_when_Redis_is_killed()
    {
        IFeedbackStore stream = await OpenAsync(Patient with { Redeliver = TimeSpan.FromMilliseconds(1) });
        await AppendAsync(stream, 1, "taken");
        await AppendAsync(stream, 1, "settled");
        IReadOnlyList<StreamedEvent> taken = await stream.TakeAsync("dead", 9, default);
        await stream.SettleAsync([taken[1]], default);
        await AppendAsync(stream, 2, "waiting");

        await _server!.KillAsync();
        await _server.StartAsync();
        await using ConnectionMultiplexer again = await _server.ConnectAsync();
        var reopened = new RedisFeedbackStore(again, "test", Patient with { Redeliver = TimeSpan.FromMilliseconds(1) });
        IReadOnlyList<StreamedEvent> left = await reopened.TakeAsync("alive", 9, default);

        Assert.Equal(["taken", "waiting"], left.Select(TextOf).Order());
        Assert.Equal(2, (await reopened.StatusAsync(default)).Waiting);
    }

    [RedisFact]
    public async Task An_emptied_Redis_is_a_new_stream()
    {
        IFeedbackStore stream = await OpenAsync(Patient);
        Assert.Empty(await stream.TakeAsync("a", 9, default));
        await _redis!.GetServers()[0].FlushAllDatabasesAsync();

        await AppendAsync(stream, 1, "after");

        Assert.Equal("after", TextOf(Assert.Single(await stream.TakeAsync("a", 9, default))));
    }

    [RedisFact]
    public async Task An_entry_of_nobody_s_making_is_taken_as_what_it_is()
    {
        IFeedbackStore stream = await OpenAsync(Patient);
        await _redis!.GetDatabase().StreamAddAsync("test/stream/{feedback}", "nonsense", "nonsense");

        StreamedEvent strange = Assert.Single(await stream.TakeAsync("a", 9, default));

        Assert.Equal((0, 0), (strange.Campaign, strange.Payload.Length));
        await stream.ParkAsync(strange, "no event", default);
        Assert.Equal(new FeedbackStoreStatus(0, 1), await stream.StatusAsync(default));
    }

    [RedisFact]
    public override Task What_is_appended_is_taken_once_in_order_and_gone_when_it_is_settled() =>
        base.What_is_appended_is_taken_once_in_order_and_gone_when_it_is_settled();

    [RedisFact]
    public override Task What_a_reader_does_not_settle_goes_to_another() => base.What_a_reader_does_not_settle_goes_to_another();

    [RedisFact]
    public override Task What_is_parked_comes_no_more_until_it_is_tried_again() =>
        base.What_is_parked_comes_no_more_until_it_is_tried_again();

    [RedisFact]
    public override Task A_full_stream_takes_no_more_and_drops_nothing() => base.A_full_stream_takes_no_more_and_drops_nothing();

    [RedisFact]
    public override Task Thousands_that_nobody_can_settle_hold_up_neither_what_is_new_nor_what_a_dead_reader_left() =>
        base.Thousands_that_nobody_can_settle_hold_up_neither_what_is_new_nor_what_a_dead_reader_left();

    protected override async Task<IFeedbackStore> OpenAsync(FeedbackStoreOptions options)
    {
        _server = await RedisServer.StartedAsync();
        _redis = await _server.ConnectAsync();
        return new RedisFeedbackStore(_redis, "test", options);
    }
}
