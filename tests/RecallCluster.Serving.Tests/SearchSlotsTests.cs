using System.Collections.Concurrent;
using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;

namespace RecallCluster.Serving.Tests;

public sealed class SearchSlotsTests : IDisposable
{
    private static readonly string[] Ids = [.. Enumerable.Range(0, 50).Select(i => $"ad{i}")];
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5), Time = TimeSpan.FromSeconds(1);

    private readonly TinyIndex _files = new();
    private readonly ManualTime _time = new();
    private readonly Held _held = new();

    public void Dispose()
    {
        _held.Open();
        _held.Dispose();
        _files.Dispose();
    }

    [Fact]
    public async Task Beyond_the_bound_searches_of_all_shards_wait_and_go_on_in_order_when_others_end()
    {
        var slots = new SearchSlots(2);
        using Shard one = Shard(slots), other = Shard(slots);
        Task<ShardAnswer>[] running = [Search(one, 1), Search(other, 2)];
        await _held.UntilAsync(2);

        Task<ShardAnswer>[] waiting = [Search(one, 3), Search(other, 4), Search(one, 5)];

        Assert.Equal((2, 3), (slots.Most, slots.Waiting));
        Assert.Equal([1, 2], _held.Users.Order());
        Assert.All([.. running, .. waiting], search => Assert.False(search.IsCompleted));
        _held.Open();
        Assert.All(await Task.WhenAll([.. running, .. waiting]).WaitAsync(Patience), answer => Assert.Equal(5, answer.Ads.Count));
        Assert.Equal(0, slots.Waiting);
    }

    [Fact]
    public async Task With_one_slot_they_go_on_one_after_the_other_as_they_came()
    {
        using Shard shard = Shard(new SearchSlots(1));
        Task<ShardAnswer>[] searches = [.. Enumerable.Range(1, 9).Select(user => Search(shard, user))];
        await _held.UntilAsync(1);

        _held.Open();
        await Task.WhenAll(searches).WaitAsync(Patience);

        Assert.Equal(Enumerable.Range(1, 9), _held.Users);
    }

    [Fact]
    public async Task One_that_waits_gives_up_when_its_time_is_over_or_nobody_wants_it_and_those_behind_it_go_on()
    {
        var slots = new SearchSlots(1);
        using Shard shard = Shard(slots);
        Task<ShardAnswer> running = Search(shard, 1);
        await _held.UntilAsync(1);
        using var unwanted = new CancellationTokenSource();
        Task<ShardAnswer> late = Search(shard, 2, Time), left = Search(shard, 3, cancellation: unwanted.Token);
        Task<ShardAnswer> patient = Search(shard, 4, 2 * Time);

        await unwanted.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left.WaitAsync(Patience));
        Assert.False(late.IsCompleted);
        _time.Advance(Time);
        TimeoutException over = await Assert.ThrowsAsync<TimeoutException>(() => late.WaitAsync(Patience));

        Assert.Contains("1 others ran", over.Message, StringComparison.Ordinal);
        Assert.Equal(1, slots.Waiting);
        _held.Open();
        Assert.Equal([5, 5], (await Task.WhenAll(running, patient).WaitAsync(Patience)).Select(answer => answer.Ads.Count));
        Assert.Equal([1, 4], _held.Users);
        Assert.Equal((0, 0), (slots.Waiting, _time.Waiting));
        // What gave up has left no slot behind it taken.
        await Search(shard, 6).WaitAsync(Patience);
    }

    [Fact]
    public async Task A_search_that_fails_or_is_cancelled_as_it_begins_leaves_its_slot()
    {
        using Shard shard = Shard(new SearchSlots(1));
        _held.Open();

        await Assert.ThrowsAsync<InvalidOperationException>(() => shard.SearchAsync(new ShardQuery("v2", User(1), 5), default));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Search(shard, 2, cancellation: new CancellationToken(true)));

        Assert.Equal(5, (await Search(shard, 3).WaitAsync(Patience)).Ads.Count);
        Assert.Equal([3], _held.Users);
    }

    [Fact]
    public async Task A_version_whose_searches_wait_for_a_device_makes_room_for_those_that_wait()
    {
        var slots = new SearchSlots(1);
        using Shard shard = Shard(slots);
        Task<ShardAnswer>[] searches = [.. Enumerable.Range(1, 4).Select(user => Search(shard, user))];
        await _held.UntilAsync(1);
        Assert.Equal(3, slots.Waiting);

        shard.Add(Version("v2", searchesAtOnce: 3));

        await _held.UntilAsync(3);
        Assert.Equal((3, 1), (slots.Most, slots.Waiting));
        _held.Open();
        await Task.WhenAll(searches).WaitAsync(Patience);
    }

    [Fact]
    public void A_bound_of_nothing_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => new SearchSlots(0));

    private static float[] User(int number) => [number, .. new float[TinyIndex.Dim - 1]];

    private static Task<ShardAnswer> Search(Shard shard, int user, TimeSpan? left = null, CancellationToken cancellation = default) =>
        shard.SearchAsync(new ShardQuery("v1", User(user), 5) { TimeLeft = left }, cancellation);

    private Shard Shard(SearchSlots slots)
    {
        var shard = new Shard(_time, slots);
        shard.Add(Version("v1"));
        return shard;
    }

    private ShardVersion Version(string name, int searchesAtOnce = 0)
    {
        AdIndex index = AdIndex.Open(_files.Write(Ids));
        var scorer = new HoldingScorer(new InnerProductScorer(index.Vectors, index.Count, TinyIndex.Dim), _held);
        return new ShardVersion(name, index, scorer, new GuidedSearchParameters { Layers = [new LayerBudget(100, 20)] }, null, _time)
        {
            SearchesAtOnce = searchesAtOnce,
        };
    }

    /// <summary>Holds whoever comes until it is opened, and remembers in which order users came.</summary>
    private sealed class Held : IDisposable
    {
        private readonly ManualResetEventSlim _open = new();
        private readonly ConcurrentQueue<int> _users = new();
        private readonly SemaphoreSlim _came = new(0);
        private int _seen;

        public IEnumerable<int> Users => _users.Distinct();

        public void Open() => _open.Set();

        public void Pass(int user)
        {
            if (!_users.Contains(user))
            {
                _users.Enqueue(user);
                _came.Release();
            }
            _open.Wait();
        }

        public void Dispose()
        {
            _open.Dispose();
            _came.Dispose();
        }

        /// <summary>Completes when so many have come in all.</summary>
        public async Task UntilAsync(int users)
        {
            for (; _seen < users; _seen++)
                Assert.True(await _came.WaitAsync(Patience), $"{_seen} of {users} searches began");
        }
    }

    private sealed class HoldingScorer(IScorer inner, Held held) : IScorer
    {
        public int ItemCount => inner.ItemCount;

        public int UserStateLength => inner.UserStateLength;

        public void Score(ReadOnlySpan<float> userState, ReadOnlySpan<int> ordinals, Span<float> scores)
        {
            held.Pass((int)userState[0]);
            inner.Score(userState, ordinals, scores);
        }
    }
}
