using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Serving.Tests.Rollouts;

public sealed class ShadowCheckTests
{
    private const double HardlyAny = 1e-9;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly RetrievalRequest Request = new(new UserFeatures { Sequence = ["a"] }, 3);

    private readonly ManualTime _time = new();

    [Fact]
    public async Task A_share_of_the_requests_is_compared_where_there_are_enough_of_them() =>
        Assert.Equal(5, await ComparedAsync(share: 0.25, pace: 0, requests: 20, every: TimeSpan.FromMilliseconds(1)));

    [Fact]
    public async Task A_share_of_more_than_half_is_met_too() =>
        Assert.Equal(70, await ComparedAsync(share: 0.7, pace: 0, requests: 100, every: TimeSpan.FromMilliseconds(1)));

    [Fact]
    public async Task Where_they_are_few_as_many_are_compared_as_the_pace_wants() =>
        Assert.Equal(10, await ComparedAsync(HardlyAny, pace: 1, requests: 20, every: TimeSpan.FromSeconds(0.5)));

    [Fact]
    public async Task Where_they_are_fewer_still_all_of_them_are() =>
        Assert.Equal(20, await ComparedAsync(HardlyAny, pace: 1, requests: 20, every: TimeSpan.FromSeconds(30)));

    [Fact]
    public void The_usual_limits_are_met_within_half_the_patience_by_every_gateway_alone()
    {
        var limits = new ShadowLimits();

        Assert.Equal(limits.Requests, limits.Pace * limits.Patience.TotalSeconds / 2, 9);
        Assert.Equal(0, ShadowLimits.None.Pace);
    }

    /// <summary>Compares, and waits for each comparison that is due, so that none is left out because others are under way.</summary>
    private async Task<long> ComparedAsync(double share, double pace, int requests, TimeSpan every)
    {
        FakeShard shard = FakeShard.Answering(("a", 1), ("b", 2));
        using var running = new AdRetriever(_time);
        running.Publish(VersionOf("v1", shard));
        await using var check = new ShadowCheck(running, VersionOf("v2", shard), share, pace, _time);
        using var patience = new CancellationTokenSource(Patience);
        for (int i = 1; i <= requests; i++)
        {
            _time.Advance(every);
            await running.AnswerAsync(Request, default);
            long due = Math.Min(i, (long)Math.Floor((i * (share + (pace * every.TotalSeconds))) + 1e-6));
            while (check.Tally.Requests < due)
                await Task.Delay(1, patience.Token);
        }
        return check.Tally.Requests;
    }

    private static RetrieverVersion VersionOf(string name, FakeShard shard) => new(name, new FakePreparer(), [new ShardSlot(shard, 2)]);
}
