using System.Text;
using RecallCluster.Grains.Feedback;

namespace RecallCluster.Grains.Tests.Feedback;

/// <summary>What every stream of feedback does: a stream's tests derive from this and say how one is made.</summary>
public abstract class FeedbackStoreContract
{
    /// <summary>An empty stream.</summary>
    protected abstract Task<IFeedbackStore> OpenAsync(FeedbackStoreOptions options);

    [Fact]
    public virtual async Task What_is_appended_is_taken_once_in_order_and_gone_when_it_is_settled()
    {
        IFeedbackStore stream = await OpenAsync(Patient);
        for (int i = 0; i < 5; i++)
            await AppendAsync(stream, campaign: i % 2, $"event {i}");

        IReadOnlyList<StreamedEvent> first = await stream.TakeAsync("a", 3, default), second = await stream.TakeAsync("b", 9, default);
        await stream.SettleAsync([.. first, second[0]], default);

        Assert.Equal(["event 0", "event 1", "event 2", "event 3", "event 4"], first.Concat(second).Select(TextOf));
        Assert.Equal([0, 1, 0, 1, 0], first.Concat(second).Select(one => one.Campaign));
        Assert.Empty(await stream.TakeAsync("a", 9, default));
        Assert.Equal(new FeedbackStoreStatus(1, 0), await stream.StatusAsync(default));
    }

    [Fact]
    public virtual async Task What_a_reader_does_not_settle_goes_to_another()
    {
        IFeedbackStore stream = await OpenAsync(Patient with { Redeliver = TimeSpan.FromMilliseconds(1) });
        await AppendAsync(stream, 7, "lost");
        Assert.Equal("lost", TextOf(Assert.Single(await stream.TakeAsync("dead", 9, default))));

        StreamedEvent again = Assert.Single(await UntilAnyAsync(stream, "alive"));

        Assert.Equal(("lost", 7), (TextOf(again), again.Campaign));
        await stream.SettleAsync([again], default);
        Assert.Equal(0, (await stream.StatusAsync(default)).Waiting);
    }

    [Fact]
    public virtual async Task What_is_parked_comes_no_more_until_it_is_tried_again()
    {
        IFeedbackStore stream = await OpenAsync(Patient);
        await AppendAsync(stream, 3, "poison");
        StreamedEvent poison = Assert.Single(await stream.TakeAsync("a", 9, default));

        await stream.ParkAsync(poison, "nobody wants it", default);
        await stream.ParkAsync(poison, "told twice", default);

        Assert.Equal(new FeedbackStoreStatus(0, 1), await stream.StatusAsync(default));
        Assert.Empty(await stream.TakeAsync("a", 9, default));
        ParkedEvent parked = Assert.Single(await stream.ParkedAsync(9, default));
        Assert.Equal((3, "nobody wants it"), (parked.Campaign, parked.Reason));
        Assert.Equal(1, await stream.RetryParkedAsync(9, default));
        StreamedEvent again = Assert.Single(await stream.TakeAsync("a", 9, default));
        Assert.Equal(("poison", 3), (TextOf(again), again.Campaign));
        Assert.Equal(new FeedbackStoreStatus(1, 0), await stream.StatusAsync(default));
    }

    [Fact]
    public virtual async Task A_full_stream_takes_no_more_and_drops_nothing()
    {
        IFeedbackStore stream = await OpenAsync(Patient with { MaxWaiting = 2 });
        await AppendAsync(stream, 1, "one");
        await AppendAsync(stream, 1, "two");

        await Assert.ThrowsAsync<IOException>(() => AppendAsync(stream, 1, "three"));

        Assert.Equal(["one", "two"], (await stream.TakeAsync("a", 9, default)).Select(TextOf));
    }

    [Fact]
    public virtual async Task Thousands_that_nobody_can_settle_hold_up_neither_what_is_new_nor_what_a_dead_reader_left()
    {
        const int Stuck = 5_000, Most = 64;
        IFeedbackStore stream = await OpenAsync(Patient with { Redeliver = TimeSpan.FromMilliseconds(1) });
        await Task.WhenAll(Enumerable.Range(0, Stuck).Select(i => AppendAsync(stream, campaign: 1, $"stuck {i}")));
        var had = new HashSet<string>();
        while (had.Count < Stuck)
            had.UnionWith((await stream.TakeAsync("dead", Stuck, default)).Select(one => one.Id));
        await AppendAsync(stream, campaign: 2, "left");
        Assert.Contains(await stream.TakeAsync("dead", Most, default), one => TextOf(one) == "left");
        for (int i = 0; i < 3; i++)
            await AppendAsync(stream, campaign: 2, $"new {i}");

        IReadOnlyList<StreamedEvent> first = await stream.TakeAsync("alive", Most, default);
        StreamedEvent left = await UntilSeenAsync(stream, "alive", Most, "left");
        await stream.SettleAsync([left, .. first.Where(one => one.Campaign == 2 && one.Id != left.Id)], default);

        Assert.Equal(["new 0", "new 1", "new 2"], first.Select(TextOf).Where(text => text.StartsWith("new", StringComparison.Ordinal)));
        Assert.Equal(new FeedbackStoreStatus(Stuck, 0), await stream.StatusAsync(default));
        // They are all still there.
        had.Clear();
        while (had.Count < Stuck)
            had.UnionWith((await stream.TakeAsync("alive", Most, default)).Select(one => one.Id));
        Assert.Equal(new FeedbackStoreStatus(Stuck, 0), await stream.StatusAsync(default));
    }

    /// <summary>Nothing comes again by itself within a test.</summary>
    protected static FeedbackStoreOptions Patient { get; } = new() { Redeliver = TimeSpan.FromHours(1) };

    protected static string TextOf(StreamedEvent one) => Encoding.UTF8.GetString(one.Payload.Span);

    protected static Task AppendAsync(IFeedbackStore stream, long campaign, string text) =>
        stream.AppendAsync(campaign, Encoding.UTF8.GetBytes(text), default);

    private static async Task<StreamedEvent> UntilSeenAsync(IFeedbackStore stream, string reader, int most, string text)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (true)
        {
            patience.Token.ThrowIfCancellationRequested();
            IReadOnlyList<StreamedEvent> taken = await stream.TakeAsync(reader, most, patience.Token);
            if (taken.FirstOrDefault(one => TextOf(one) == text) is { } seen)
                return seen;
        }
    }

    protected static async Task<IReadOnlyList<StreamedEvent>> UntilAnyAsync(IFeedbackStore stream, string reader)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (true)
        {
            IReadOnlyList<StreamedEvent> taken = await stream.TakeAsync(reader, 9, patience.Token);
            if (taken.Count > 0)
                return taken;
            await Task.Delay(5, patience.Token);
        }
    }
}
