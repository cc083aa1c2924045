using System.Text.Json;
using RecallCluster.Silo.Tests.Support;
using RecallCluster.Testing;

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
        await using (RunningSilo first = RunningSilo.Start(front, [.. settings, Impatient]))
        await using (RunningSilo second = RunningSilo.Start(keeper, market.Clock))
        {
            await Task.WhenAll(first.UntilReadyAsync(2), second.UntilReadyAsync(2));
            tokens = await door.WinAsync(100);
            await second.KillAsync();

            outcomes = await door.TellAsync(tokens, "pending", "applied");

            await Task.WhenAll(first.KillAsync(), redis.KillAsync());
        }
        await redis.StartAsync();
        await using RunningSilo export = RunningSilo.Export(keeper, Path.Combine(AppContext.BaseDirectory, "never-written.db"));
        Assert.Equal(1, await export.UntilExitedAsync());
        Assert.Contains("wait in the stream for their campaigns", export.Output, StringComparison.Ordinal);

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

    /// <summary>Events that wait, and that are parked.</summary>
    private static async Task<(long Waiting, long Parked)?> FeedbackOf(RunningSilo silo) =>
        await silo.ReadAsync() is { } told && told.TryGetProperty("feedback", out JsonElement feedback)
            ? (feedback.GetProperty("waiting").GetInt64(), feedback.GetProperty("parked").GetInt64())
            : null;
}
