using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;

namespace RecallCluster.Serving.Tests;

public sealed class ShardTests : IDisposable
{
    private static readonly string[] Ids = [.. Enumerable.Range(0, 300).Select(i => $"ad{i}")];
    private static readonly float[] User = [1, -0.5f, 0.25f, 0, 0.3f, -1, 0.8f, 0.1f];

    private readonly TinyIndex _files = new();
    private readonly Shard _shard = new(TimeProvider.System);

    public void Dispose()
    {
        _shard.Dispose();
        _files.Dispose();
    }

    [Fact]
    public async Task A_shard_answers_external_ids_best_first_with_their_scores()
    {
        _shard.Add(Version("v1", Ids));

        ShardAnswer answer = await _shard.SearchAsync(new ShardQuery("v1", User, 10), default);

        Assert.Equal(_files.Best(User, 10, Ids), answer.Ads.Select(a => a.Id));
        Assert.All(answer.Ads, ad => Assert.Equal(_files.Vectors[ad.Id].Zip(User, (a, b) => a * b).Sum(), ad.Score, 1e-4));
        Assert.InRange(answer.Scorings, 10, Ids.Length);
        Assert.Equal(SearchLimits.None, answer.Limits);
    }

    [Fact]
    public async Task Excluded_ads_are_replaced_by_the_next_best()
    {
        _shard.Add(Version("v1", Ids));
        string[] best = _files.Best(User, 3, Ids);

        ShardAnswer answer = await _shard.SearchAsync(new ShardQuery("v1", User, 10) { Exclude = [.. best, "unknown"] }, default);

        Assert.Equal(_files.Best(User, 10, Ids.Except(best)), answer.Ads.Select(a => a.Id));
    }

    [Fact]
    public async Task A_limit_of_scorings_is_kept_and_said()
    {
        _shard.Add(Version("v1", Ids));

        ShardAnswer answer = await _shard.SearchAsync(new ShardQuery("v1", User, 5) { MaxScorings = 40 }, default);

        Assert.InRange(answer.Scorings, 5, 40);
        Assert.Equal(SearchLimits.Scorings, answer.Limits);
    }

    [Fact]
    public async Task Out_of_time_it_answers_what_it_has_and_says_so()
    {
        _shard.Add(Version("v1", Ids));

        ShardAnswer answer = await _shard.SearchAsync(new ShardQuery("v1", User, 5) { TimeLeft = TimeSpan.FromTicks(1) }, default);

        Assert.Equal(SearchLimits.Deadline, answer.Limits);
        Assert.True(answer.Scorings < Ids.Length);
    }

    [Fact]
    public async Task Seeds_are_scored_first_and_those_of_other_shards_are_passed_over()
    {
        _shard.Add(Version("v1", Ids));

        ShardAnswer answer = await _shard.SearchAsync(
            new ShardQuery("v1", User, 3) { MaxScorings = 3, Seeds = ["ad7", "elsewhere", "ad250", "ad7", "ad31"] }, default);

        Assert.Equal(_files.Best(User, 3, ["ad7", "ad31", "ad250"]), answer.Ads.Select(a => a.Id));
        Assert.Equal(3, answer.Scorings);
    }

    [Fact]
    public async Task All_the_time_there_is_is_no_limit()
    {
        _shard.Add(Version("v1", Ids));

        ShardAnswer answer = await _shard.SearchAsync(new ShardQuery("v1", User, 5) { TimeLeft = TimeSpan.MaxValue }, default);

        Assert.Equal(SearchLimits.None, answer.Limits);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_shard_may_hold_hardly_any_ads_and_K_may_exceed_them(int ads)
    {
        _shard.Add(Version("v1", Ids[..ads]));

        ShardAnswer answer = await _shard.SearchAsync(new ShardQuery("v1", User, 10), default);

        Assert.Equal(Ids[..ads], answer.Ads.Select(a => a.Id));
    }

    [Fact]
    public async Task A_version_that_it_does_not_hold_is_an_error_that_names_both()
    {
        _shard.Add(Version("v1", Ids));

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => _shard.SearchAsync(new ShardQuery("v2", User, 10), default));

        Assert.Contains("v2", error.Message);
        Assert.Contains("v1", error.Message);
    }

    [Fact]
    public async Task Two_versions_stand_side_by_side_until_the_old_one_is_removed()
    {
        _shard.Add(Version("v1", Ids[..100]));
        _shard.Add(Version("v2", Ids[100..]));

        Assert.Equal(
            _files.Best(User, 5, Ids[..100]), (await _shard.SearchAsync(new ShardQuery("v1", User, 5), default)).Ads.Select(a => a.Id));
        Assert.Equal(
            _files.Best(User, 5, Ids[100..]), (await _shard.SearchAsync(new ShardQuery("v2", User, 5), default)).Ads.Select(a => a.Id));
        Assert.True(_shard.Remove("v1"));
        Assert.False(_shard.Remove("v1"));
        Assert.Equal(["v2"], _shard.Versions);
        await Assert.ThrowsAsync<InvalidOperationException>(() => _shard.SearchAsync(new ShardQuery("v1", User, 5), default));
    }

    [Fact]
    public void A_name_is_given_once()
    {
        _shard.Add(Version("v1", Ids));
        using ShardVersion again = Version("v1", Ids[..10]);

        Assert.Throws<ArgumentException>(() => _shard.Add(again));
    }

    [Fact]
    public async Task A_version_removed_during_a_search_is_closed_only_after_it()
    {
        AdIndex index = AdIndex.Open(_files.Write(Ids));
        using var scorer = new Gate(new InnerProductScorer(index.Vectors, index.Count, TinyIndex.Dim));
        _shard.Add(new ShardVersion("v1", index, scorer, Wide, null, TimeProvider.System));

        Task<ShardAnswer> search = _shard.SearchAsync(new ShardQuery("v1", User, 5), default);
        await scorer.Entered;
        _shard.Remove("v1");
        Assert.False(scorer.Disposed);
        scorer.Open();

        Assert.Equal(_files.Best(User, 5, Ids), (await search).Ads.Select(a => a.Id));
        Assert.True(scorer.Disposed);
    }

    [Fact]
    public async Task Swapping_versions_under_load_never_fails_a_request_nor_mixes_versions()
    {
        string[][] parts = [Ids[..150], Ids[150..]];
        using var retriever = new AdRetriever(TimeProvider.System);
        Publish(0);
        using var done = new CancellationTokenSource();
        TaskCompletionSource[] begun = [.. Enumerable.Range(0, 3).Select(_ => new TaskCompletionSource())];
        Task[] clients = [.. begun.Select(first => Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                RetrievalAnswer answer = await retriever.AnswerAsync(new RetrievalRequest(new UserFeatures(), 5), default);
                int version = int.Parse(answer.Version[1..]);
                Assert.Equal(1, answer.Coverage);
                Assert.Equal(_files.Best(User, 5, parts[version % 2]), answer.Ads.Select(a => a.Id));
                first.TrySetResult();
            }
        }))];
        // A client that failed never gets so far; it is told of below.
        await Task.WhenAll(begun.Zip(clients, (first, client) => Task.WhenAny(first.Task, client)));

        for (int version = 1; version <= 20; version++)
        {
            Publish(version);
            await retriever.AnswerAsync(new RetrievalRequest(new UserFeatures(), 5), default);
        }
        await done.CancelAsync();

        await Task.WhenAll(clients);
        Assert.All(begun, first => Assert.True(first.Task.IsCompletedSuccessfully));
        Assert.Equal(["v20"], _shard.Versions);

        void Publish(int version)
        {
            string name = $"v{version}";
            _shard.Add(Version(name, parts[version % 2]));
            retriever.Publish(
                new RetrieverVersion(name, new FixedUser(), [new ShardSlot(_shard, parts[version % 2].Length)], () => _shard.Remove(name)));
        }
    }

    private static GuidedSearchParameters Wide => new() { Layers = [new LayerBudget(100, 20)] };

    private ShardVersion Version(string name, string[] ids)
    {
        AdIndex index = AdIndex.Open(_files.Write(ids));
        return new ShardVersion(
            name, index, new InnerProductScorer(index.Vectors, index.Count, TinyIndex.Dim), Wide, null, TimeProvider.System);
    }

    private sealed class FixedUser : IUserStatePreparer
    {
        public PreparedUser Prepare(UserFeatures user) => new(User, [], default);
    }

    /// <summary>Holds the first batch until it is opened.</summary>
    private sealed class Gate(IScorer inner) : IScorer, IDisposable
    {
        private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _open = new();

        public Task Entered => _entered.Task;

        public bool Disposed { get; private set; }

        public int ItemCount => inner.ItemCount;

        public int UserStateLength => inner.UserStateLength;

        public void Open() => _open.Set();

        public void Score(ReadOnlySpan<float> userState, ReadOnlySpan<int> ordinals, Span<float> scores)
        {
            _entered.TrySetResult();
            _open.Wait();
            inner.Score(userState, ordinals, scores);
        }

        public void Dispose()
        {
            Disposed = true;
            _open.Dispose();
        }
    }
}
