using System.Collections.Concurrent;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Shards;
using RecallCluster.Grains.Tests.Hosting;

namespace RecallCluster.Grains.Tests.Shards;

public sealed class IndexFollowerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly IndexState First = new(1, null, null, 1), Second = First with { Place = 2 };

    private readonly ConcurrentQueue<string?> _said = new();
    private readonly TaskCompletionSource _opened = new();
    private string? _opening;
    private Task<IndexState?> _unheard = null!;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_gateway_speaks_while_it_opens_a_version_and_an_index_that_does_not_hear_it_is_told_again(bool hangs)
    {
        _unheard = hangs
            ? new TaskCompletionSource<IndexState?>().Task
            : Task.FromException<IndexState?>(new TimeoutException("the index moves"));
        IIndexGrain index = GrainsProxy.Of<IIndexGrain>((_, args) => Answer((long)args![0]!, (GatewayReport)args[1]!));
        var follower = new IndexFollower(index, First, FollowAsync, Report, new QuickTime());

        await follower.FollowAsync(default).WaitAsync(Patience);

        Assert.Equal([null, "v2", "v2", "v2"], _said);
    }

    private Task<IndexState?> Answer(long place, GatewayReport report)
    {
        _said.Enqueue(report.Opening);
        // Only what it heard three times ends the opening: who never spoke would open for ever.
        if (_said.Count == 4)
            _opened.SetResult();
        return _said.Count == 2
            ? _unheard
            : Task.FromResult<IndexState?>(place < Second.Place ? Second : null);
    }

    private Task FollowAsync(IndexState state)
    {
        if (state != Second)
            return Task.CompletedTask;
        _opening = "v2";
        return _opened.Task;
    }

    private GatewayReport Report() => new("g", "v1", null, null, null) { Opening = _opening };

    /// <summary>A clock whose timers ring at once.</summary>
    private sealed class QuickTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, TimeSpan.FromMilliseconds(1), period);
    }
}
