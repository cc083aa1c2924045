using System.Text.Json;
using RecallCluster.Grains.Feedback;
using RecallCluster.Silo.Tests.Support;
using RecallCluster.Testing;
using StackExchange.Redis;

namespace RecallCluster.Silo.Tests;

/// <summary>Feedback while campaigns, readers and Redis are killed.</summary>
public sealed class FeedbackTests
{
    private const string Impatient = "--grains:feedbackSeconds=0.3", Patient = "--grains:feedbackSeconds=60";

    [RedisFact]
    public async Task What_was_accepted_is_counted_once_whoever_is_killed()
    {
        await using RedisServer redis = await RedisServer.StartedAsync();
        using var market = new ServedMarket();
        using var door = new DoorCaller();
        SiloSeat front = SiloSeat.Of("front", redis.Address, "gateway,retrieval"), keeper = SiloSeat.Of("keeper", redis.Address, "control");
        string[] settings = [.. market.Settings, .. door.Settings];
        string[] tokens, outcomes;
        // Where no silo has the role yet, campaigns settle on any: their keeper is there first.
        await using (RunningSilo second = RunningSilo.Start(keeper, market.Clock))
        {
            await second.UntilReadyAsync(1);
            await using RunningSilo first = RunningSilo.Start(front, [.. settings, Impatient]);
            await Task.WhenAll(first.UntilReadyAsync(2), second.UntilReadyAsync(2));
            tokens = await door.WinAsync(100);
            await second.KillAsync();

            outcomes = await door.TellAsync(tokens, "pending", "applied");

            await Task.WhenAll(first.KillAsync(), redis.KillAsync());
        }
        await redis.StartAsync();
        await using RunningSilo front2 = RunningSilo.Start(front, [.. settings, Patient]);
        await using RunningSilo keeper2 = RunningSilo.Start(keeper, market.Clock);
        await Task.WhenAll(front2.UntilReadyAsync(2), keeper2.UntilReadyAsync(2));
        await front2.UntilAsync(
            async () => await FeedbackOf(front2) is (0, _) && await door.CountsAsync() == (tokens.Length / 2, tokens.Length / 2),
            "through with the stream");

        Assert.Contains("pending", outcomes);
        Assert.Equal((tokens.Length / 2, tokens.Length / 2), await door.CountsAsync());
        Assert.Equal((0, 0), await FeedbackOf(front2));
        await door.TellAsync(tokens, "duplicate");
        Assert.Contains("recall_feedback_stream_waiting", await front2.GetAsync("metrics"), StringComparison.Ordinal);
    }

    [RedisFact]
    public async Task A_state_is_exported_once_no_accepted_event_waits_for_its_campaign()
    {
        await using RedisServer redis = await RedisServer.StartedAsync();
        await using ConnectionMultiplexer connection = await redis.ConnectAsync();
        using var scratch = new Scratch();
        SiloSeat keeper = SiloSeat.Of("keeper", redis.Address, "control");
        var stream = new RedisFeedbackStore(connection, "recall", new FeedbackStoreOptions());
        await stream.AppendAsync(1, new byte[] { 1 }, default);

        await using RunningSilo early = RunningSilo.Export(keeper, scratch["early.db"]);
        Assert.Equal(1, await early.UntilExitedAsync());
        await stream.SettleAsync(await stream.TakeAsync("reader", 9, default), default);
        await using RunningSilo later = RunningSilo.Export(keeper, scratch["later.db"]);
        Assert.Equal(0, await later.UntilExitedAsync());

        Assert.Contains("1 accepted event(s) wait in the stream for their campaigns", early.Output, StringComparison.Ordinal);
        Assert.Equal((false, true), (File.Exists(scratch["early.db"]), File.Exists(scratch["later.db"])));
    }

    /// <summary>Events that wait, and that are parked.</summary>
    private static async Task<(long Waiting, long Parked)?> FeedbackOf(RunningSilo silo) =>
        await silo.ReadAsync() is { } told && told.TryGetProperty("feedback", out JsonElement feedback)
            ? (feedback.GetProperty("waiting").GetInt64(), feedback.GetProperty("parked").GetInt64())
            : null;
}
