namespace RecallCluster.Serving.Tests;

public class AdRetrieverTests
{
    private static readonly UserFeatures Anyone = new();

    [Fact]
    public async Task The_best_of_all_shards_come_back_in_order()
    {
        AdRetriever retriever = RetrieverOver(
            FakeShard.Answering(("a", 5), ("b", 1)), FakeShard.Answering(("c", 4), ("d", 3)), FakeShard.Answering(("e", 2)));

        RetrievalAnswer answer = await retriever.AnswerAsync(new RetrievalRequest(Anyone, 4), default);

        Assert.Equal(["a", "c", "d", "e"], answer.Ads.Select(a => a.Id));
        Assert.Equal(1, answer.Coverage);
        Assert.Equal(5, answer.Scorings);
        Assert.Equal("v1", answer.Version);
        Assert.Empty(answer.Failures);
    }

    [Fact]
    public async Task An_ad_on_two_shards_appears_once_with_its_best_score()
    {
        AdRetriever retriever = RetrieverOver(FakeShard.Answering(("a", 5), ("b", 2)), FakeShard.Answering(("b", 4), ("a", 3), ("c", 1)));

        RetrievalAnswer answer = await retriever.AnswerAsync(new RetrievalRequest(Anyone, 3), default);

        Assert.Equal([new ScoredAd("a", 5), new ScoredAd("b", 4), new ScoredAd("c", 1)], answer.Ads);
    }

    [Fact]
    public async Task A_score_that_is_no_number_is_left_out()
    {
        AdRetriever retriever =
            RetrieverOver(FakeShard.Answering(("a", float.NaN), ("b", 2)), FakeShard.Answering(("c", 3), ("d", float.NaN)));

        RetrievalAnswer answer = await retriever.AnswerAsync(new RetrievalRequest(Anyone, 4), default);

        Assert.Equal(["c", "b"], answer.Ads.Select(a => a.Id));
    }

    [Fact]
    public async Task The_user_is_prepared_once_and_every_shard_gets_the_state_and_its_share()
    {
        var preparer = new FakePreparer();
        var small = FakeShard.Answering(("a", 1));
        var large = FakeShard.Answering(("b", 2));
        var retriever = new AdRetriever(TimeProvider.System);
        retriever.Publish(new RetrieverVersion("v1", preparer, [new ShardSlot(small, 100), new ShardSlot(large, 300)]));

        var request = new RetrievalRequest(new UserFeatures { Sequence = ["s1", "s2"] }, 7)
        {
            MaxScorings = 40, Exclude = ["x"], Deadline = TimeSpan.FromMinutes(1),
        };
        await retriever.AnswerAsync(request, default);

        Assert.Equal(1, preparer.Calls);
        Assert.Equal(10, small.Asked!.MaxScorings);
        Assert.Equal(30, large.Asked!.MaxScorings);
        Assert.Equal(7, large.Asked!.K);
        Assert.InRange(small.Asked.K, 2, 7);
        Assert.Equal("v1", large.Asked.Version);
        Assert.Equal([1f, 2f, 3f], large.Asked.UserState.ToArray());
        Assert.Contains("x", small.Asked.Exclude);
        Assert.Equal(["s1", "s2"], small.Asked.Seeds);
        Assert.InRange(small.Asked.TimeLeft!.Value, TimeSpan.Zero, TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_deadline_that_no_timer_takes_is_refused()
    {
        AdRetriever retriever = RetrieverOver(FakeShard.Answering(("a", 5)));

        var error = await Assert.ThrowsAsync<InvalidRequestException>(
            () => retriever.AnswerAsync(new RetrievalRequest(Anyone, 1) { Deadline = TimeSpan.FromDays(60) }, default));
        RetrievalAnswer answer = await retriever.AnswerAsync(new RetrievalRequest(Anyone, 1) { Deadline = TimeSpan.FromDays(1) }, default);

        Assert.Equal("deadlineMs", error.Field);
        Assert.Equal(["a"], answer.Ads.Select(a => a.Id));
    }

    [Fact]
    public async Task A_failing_shard_lowers_the_coverage_by_its_share_of_the_ads()
    {
        var retriever = new AdRetriever(TimeProvider.System);
        retriever.Publish(new RetrieverVersion(
            "v1", new FakePreparer(), [new ShardSlot(FakeShard.Answering(("a", 1)), 300), new ShardSlot(
                FakeShard.Failing("disk on fire"), 100)]));

        RetrievalAnswer answer = await retriever.AnswerAsync(new RetrievalRequest(Anyone, 2), default);

        Assert.Equal(["a"], answer.Ads.Select(a => a.Id));
        Assert.Equal(0.75, answer.Coverage);
        Assert.Equal([new ShardFailure(1, "disk on fire")], answer.Failures);
    }

    [Fact]
    public async Task A_shard_that_throws_at_once_is_a_failing_shard_too()
    {
        AdRetriever retriever = RetrieverOver(
            new FakeShard((_, _) => throw new InvalidOperationException("not loaded")), FakeShard.Answering(("a", 1)));

        RetrievalAnswer answer = await retriever.AnswerAsync(new RetrievalRequest(Anyone, 2), default);

        Assert.Equal(0.5, answer.Coverage);
        Assert.Equal("not loaded", Assert.Single(answer.Failures).Reason);
    }

    [Fact]
    public async Task At_the_deadline_the_answer_is_what_the_shards_in_time_found()
    {
        var time = new ManualTime();
        bool told = false;
        AdRetriever retriever = RetrieverOver(time, FakeShard.Answering(("a", 1)), FakeShard.Late(() => told = true));

        Task<RetrievalAnswer> pending =
            retriever.AnswerAsync(new RetrievalRequest(Anyone, 2) { Deadline = TimeSpan.FromMilliseconds(20) }, default);
        Assert.False(pending.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(20));
        RetrievalAnswer answer = await pending;

        Assert.Equal(["a"], answer.Ads.Select(a => a.Id));
        Assert.Equal(0.5, answer.Coverage);
        Assert.Equal(1, Assert.Single(answer.Failures).Shard);
        Assert.True(told, "the late shard was not told to stop");
        Assert.Equal(TimeSpan.FromMilliseconds(20), answer.Timings.Total);
        Assert.Equal(0, time.Waiting);
    }

    [Fact]
    public async Task A_shard_that_ignores_its_cancellation_does_not_hold_up_the_answer()
    {
        var time = new ManualTime();
        var never = new TaskCompletionSource<ShardAnswer>();
        AdRetriever retriever = RetrieverOver(time, new FakeShard((_, _) => never.Task), FakeShard.Answering(("a", 1)));

        Task<RetrievalAnswer> pending =
            retriever.AnswerAsync(new RetrievalRequest(Anyone, 2) { Deadline = TimeSpan.FromMilliseconds(5) }, default);
        time.Advance(TimeSpan.FromMilliseconds(5));

        Assert.Equal(0.5, (await pending).Coverage);
    }

    [Fact]
    public async Task Limits_of_any_shard_are_said()
    {
        AdRetriever retriever =
            RetrieverOver(Limited(SearchLimits.Scorings), Limited(SearchLimits.Deadline), FakeShard.Answering(("a", 1)));

        RetrievalAnswer answer = await retriever.AnswerAsync(new RetrievalRequest(Anyone, 2), default);

        Assert.Equal(SearchLimits.Scorings | SearchLimits.Deadline, answer.Limits);

        static FakeShard Limited(SearchLimits limits) => new((_, _) => Task.FromResult(new ShardAnswer([], 9, limits)));
    }

    [Fact]
    public async Task A_caller_that_gives_up_stops_the_shards()
    {
        bool told = false;
        AdRetriever retriever = RetrieverOver(FakeShard.Late(() => told = true));
        using var caller = new CancellationTokenSource();

        Task<RetrievalAnswer> pending = retriever.AnswerAsync(new RetrievalRequest(Anyone, 2), caller.Token);
        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pending);
        Assert.True(told);
    }

    [Fact]
    public async Task A_request_finishes_with_the_version_it_began_with()
    {
        var given = new TaskCompletionSource<ShardAnswer>();
        var old = new FakeShard((_, _) => given.Task);
        AdRetriever retriever = RetrieverOver(old);
        Task<RetrievalAnswer> pending = retriever.AnswerAsync(new RetrievalRequest(Anyone, 1), default);

        retriever.Publish(new RetrieverVersion("v2", new FakePreparer(), [new ShardSlot(FakeShard.Answering(("new", 1)), 1)]));
        RetrievalAnswer after = await retriever.AnswerAsync(new RetrievalRequest(Anyone, 1), default);
        given.SetResult(new ShardAnswer([new ScoredAd("old", 1)], 1, SearchLimits.None));
        RetrievalAnswer before = await pending;

        Assert.Equal(("v1", "old"), (before.Version, before.Ads[0].Id));
        Assert.Equal(("v2", "new"), (after.Version, after.Ads[0].Id));
    }

    [Theory]
    [InlineData(0, null, null, "k")]
    [InlineData(-1, null, null, "k")]
    [InlineData(1, 0, null, "maxScorings")]
    [InlineData(1, null, 0, "deadlineMs")]
    public async Task Senseless_requests_are_refused_before_any_shard_is_asked(int k, int? maxScorings, int? deadlineMs, string field)
    {
        var shard = FakeShard.Answering(("a", 1));
        AdRetriever retriever = RetrieverOver(shard);
        var request = new RetrievalRequest(Anyone, k)
        {
            MaxScorings = maxScorings,
            Deadline = deadlineMs is { } ms ? TimeSpan.FromMilliseconds(ms) : null,
        };

        var error = await Assert.ThrowsAsync<InvalidRequestException>(() => retriever.AnswerAsync(request, default));

        Assert.Equal(field, error.Field);
        Assert.Equal(0, shard.Calls);
    }

    [Fact]
    public async Task A_gateway_without_shards_is_not_ready()
    {
        var retriever = new AdRetriever(TimeProvider.System);

        Assert.False(retriever.IsReady);
        await Assert.ThrowsAsync<InvalidOperationException>(() => retriever.AnswerAsync(new RetrievalRequest(Anyone, 1), default));
        Assert.Throws<ArgumentException>(() => new RetrieverVersion("v", new FakePreparer(), []));
    }

    [Fact]
    public async Task Shards_without_ads_still_count_as_covered()
    {
        var retriever = new AdRetriever(TimeProvider.System);
        retriever.Publish(new RetrieverVersion(
            "v1", new FakePreparer(), [new ShardSlot(FakeShard.Answering(), 0), new ShardSlot(FakeShard.Answering(), 0)]));

        RetrievalAnswer answer = await retriever.AnswerAsync(new RetrievalRequest(Anyone, 3), default);

        Assert.Empty(answer.Ads);
        Assert.Equal(1, answer.Coverage);
    }

    [Fact]
    public async Task Shards_are_asked_for_their_part_and_the_answer_is_as_if_each_were_asked_for_all()
    {
        string[] ids = [.. Enumerable.Range(0, 4_000).Select(i => $"{i}")];
        (string Id, float Score)[] ranked = [.. ids.Select((id, i) => (id, -(float)i))];
        int[][] rows = new ShardMap(4).Partition(ids);
        FakeShard[] shards = Array.ConvertAll(rows, r => FakeShard.Answering(Array.ConvertAll(r, row => ranked[row])));
        using var retriever = new AdRetriever(TimeProvider.System);
        retriever.Publish(new RetrieverVersion("v1", new FakePreparer(), [.. shards.Select((s, i) => new ShardSlot(s, rows[i].Length))]));

        RetrievalAnswer answer = await retriever.AnswerAsync(new RetrievalRequest(Anyone, 1_000), default);

        Assert.Equal(ids[..1_000], answer.Ads.Select(a => a.Id));
        Assert.All(shards, s => Assert.InRange(s.Asked!.K, 250, 350));
        Assert.All(shards, s => Assert.Equal(1, s.Calls));
    }

    [Fact]
    public async Task A_shard_that_holds_more_of_the_best_than_its_part_is_asked_again()
    {
        // All of the best stand on the first shard, against all odds.
        (string Id, float Score)[] best = [.. Enumerable.Range(0, 1_000).Select(i => ($"a{i}", 1_000f - i))];
        (string Id, float Score)[] rest = [.. Enumerable.Range(0, 1_000).Select(i => ($"b{i}", -1f - i))];
        FakeShard first = FakeShard.Answering(best), second = FakeShard.Answering(rest);
        using var retriever = new AdRetriever(TimeProvider.System);
        retriever.Publish(new RetrieverVersion("v1", new FakePreparer(), [new ShardSlot(first, 1_000), new ShardSlot(second, 1_000)]));

        RetrievalAnswer answer = await retriever.AnswerAsync(new RetrievalRequest(Anyone, 500), default);

        Assert.Equal(best[..500].Select(b => b.Id), answer.Ads.Select(a => a.Id));
        Assert.Equal((2, 1), (first.Calls, second.Calls));
        Assert.Equal(3_000, answer.Scorings);
    }

    private static AdRetriever RetrieverOver(params IShard[] shards) => RetrieverOver(TimeProvider.System, shards);

    private static AdRetriever RetrieverOver(TimeProvider time, params IShard[] shards)
    {
        var retriever = new AdRetriever(time);
        retriever.Publish(new RetrieverVersion("v1", new FakePreparer(), [.. shards.Select(s => new ShardSlot(s, 10))]));
        return retriever;
    }
}
