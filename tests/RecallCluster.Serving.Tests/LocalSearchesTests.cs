namespace RecallCluster.Serving.Tests;

public class LocalSearchesTests
{
    [Fact]
    public void Lanes_are_shared_among_requests_and_everybody_has_one()
    {
        var lanes = new SearchLanes(4);

        Assert.Equal(3, lanes.Enter(3));
        Assert.Equal(1, lanes.Enter(3));
        Assert.Equal(1, lanes.Enter(3));
        lanes.Leave(3);
        Assert.Equal(2, lanes.Enter(3));
        lanes.Leave(2);
        lanes.Leave(1);
        lanes.Leave(1);
        Assert.Equal(4, lanes.Enter(9));
    }

    [Fact]
    public void With_all_processors_busy_the_shards_are_searched_in_order_on_the_callers_thread()
    {
        var lanes = new SearchLanes(2);
        lanes.Enter(2);
        var order = new List<(int Place, double Part)>();
        var threads = new HashSet<int>();
        var searches = new LocalSearches(4, (place, part) =>
        {
            order.Add((place, part));
            threads.Add(Environment.CurrentManagedThreadId);
            return Outcome.Failed($"{place}");
        });

        Task ended = searches.Run(lanes);

        Assert.True(ended.IsCompletedSuccessfully);
        Assert.Equal([(0, 1 / 4.0), (1, 1 / 3.0), (2, 1 / 2.0), (3, 1.0)], order);
        Assert.Equal([Environment.CurrentManagedThreadId], threads);
        Assert.Equal(["0", "1", "2", "3"], Enumerable.Range(0, 4).Select(place => searches.OutcomeOf(place)!.Failure));
        Assert.Equal(1, lanes.Enter(1));
    }

    [Fact]
    public async Task With_processors_idle_they_are_searched_side_by_side()
    {
        using var both = new Barrier(2);
        var searches = new LocalSearches(2, (place, _) =>
        {
            Assert.True(both.SignalAndWait(TimeSpan.FromMinutes(1)), "the other shard was not searched meanwhile");
            return Outcome.Failed($"{place}");
        });

        await searches.Run(new SearchLanes(2));

        Assert.Equal(["0", "1"], Enumerable.Range(0, 2).Select(place => searches.OutcomeOf(place)!.Failure));
    }

    [Fact]
    public async Task Every_shard_is_searched_once_however_many_requests_compete()
    {
        var lanes = new SearchLanes(3);
        await Parallel.ForAsync(0, 2_000, async (request, _) =>
        {
            var times = new int[5];
            await new LocalSearches(times.Length, (place, _) =>
            {
                Interlocked.Increment(ref times[place]);
                return Outcome.Late;
            }).Run(lanes);
            Assert.All(times, n => Assert.Equal(1, n));
        });

        Assert.Equal(3, lanes.Enter(9));
    }
}
