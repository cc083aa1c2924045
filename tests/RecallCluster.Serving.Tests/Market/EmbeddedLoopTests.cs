using System.Collections.Concurrent;
using System.Diagnostics;
using RecallCluster.Bidding.Money;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Gateway;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.Live;

namespace RecallCluster.Serving.Tests.Market;

/// <summary>The embedded host with model, shards and market: the loop's ads are those that a plain look at every ad would choose.</summary>
public sealed class EmbeddedLoopTests : IDisposable
{
    private static readonly GuidedSearchParameters Everything = new() { Layers = [new LayerBudget(1_000, 1_000)] };
    private static readonly string[] Stages = ["user", "user.prepare", "rank", "bid", "auction"];
    private static readonly double[] ClickPrices = [0.2, 0.9, 0.5, 0.7];

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("recall-embedded-");
    private readonly BusinessTime _clock = new(LoopWorld.Start);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task The_ads_of_highest_value_win_also_with_few_candidates(int shards)
    {
        using var made = new HandMadeModel(300);
        await using EmbeddedHost host = Host(made, made.Index(shards));
        ClosedLoop loop = await host.OpenLoopAsync(Options(300, candidates: 8));

        AdAnswer answer = await loop.Gateway.AnswerAsync(LoopWorld.Request("r", "ann"), default);

        // Eight candidates of three hundred: ranked by interest, the ad that is worth most would not be among them.
        Assert.Equal((await BestAsync(host, 300))[0], Assert.Single(answer.Ads).Ad.Id);
    }

    [Fact]
    public async Task With_candidates_enough_every_position_goes_to_the_next_best_campaign()
    {
        using var made = new HandMadeModel(300);
        await using EmbeddedHost host = Host(made, made.Index(2));
        ClosedLoop loop = await host.OpenLoopAsync(Options(300, candidates: 300));

        AdAnswer answer = await loop.Gateway.AnswerAsync(LoopWorld.Request("r", "ann", new SlotRequest("s") { Count = 4 }), default);

        Assert.Equal(await BestAsync(host, 300), answer.Ads.Select(a => a.Ad.Id));
    }

    [Fact]
    public async Task A_version_is_swapped_under_the_loop_and_live_changes_reach_the_new_one()
    {
        using var made = new HandMadeModel(300);
        string index = made.Index(2);
        await using EmbeddedHost host = Host(made, index);
        ClosedLoop loop = await host.OpenLoopAsync(Options(300, candidates: 8));
        string[] best = await BestAsync(host, 300);

        host.Load(new EmbeddedHostOptions { ModelDirectory = made.ModelPath, IndexDirectory = index, Parameters = Everything });
        await loop.Catalogue.RemoveAsync(best[0], default);
        AdAnswer answer = await loop.Gateway.AnswerAsync(LoopWorld.Request("r", "ann"), default);

        Assert.NotEqual(best[0], Assert.Single(answer.Ads).Ad.Id);
        Assert.Equal(answer.Version, host.Retriever.Summary!.Version);
        Assert.Equal([0, 1], (await loop.Live.SnapshotAsync(default)).Shards.Select(s => s.Number).Order());
    }

    [Fact]
    public async Task An_answer_that_comes_after_the_deadline_sells_nothing()
    {
        using var made = new HandMadeModel(60);
        var time = new SteppedTime();
        await using EmbeddedHost host = Host(made, made.Index(1), time);
        ClosedLoop loop = await host.OpenLoopAsync(Options(60, candidates: 50) with { Ranker = new SlowRanker(time) });
        AdRequest hasty = LoopWorld.Request("r", "ann") with { Deadline = TimeSpan.FromSeconds(30) };

        await loop.WarmUpAsync();
        AdAnswer late = await loop.Gateway.AnswerAsync(hasty, default);
        AdAnswer early = await loop.Gateway.AnswerAsync(hasty with { Deadline = TimeSpan.FromHours(3) }, default);

        Assert.Equal((NoAdReason.Deadline, 0), (late.NoAd, late.Ads.Count));
        Assert.True(late.Scorings > 0);
        Assert.Single(early.Ads);
        // Trials of the warm-up are no traffic.
        Assert.Equal(Micros.Zero, (await loop.Campaigns.FindAsync(early.Ads[0].Ad.CampaignId, default))!.TotalSpent);
    }

    [Fact]
    public async Task The_loop_runs_by_its_clock_and_stops_gracefully()
    {
        using var made = new HandMadeModel(60);
        EmbeddedHost host = Host(made, made.Index(1));
        ClosedLoop loop = await host.OpenLoopAsync(Options(60, candidates: 50));
        loop.Run();
        PlacedAd ad = Assert.Single((await loop.Gateway.AnswerAsync(LoopWorld.Request("r", "ann"), default)).Ads);
        await loop.Feedback.AcceptAsync([new AdEvent(AdEventKind.Click, ad.Win)], default);

        await host.DisposeAsync();
        await using EmbeddedHost again = Host(made, made.Index(1));
        ClosedLoop next = await again.OpenLoopAsync(Options(60, candidates: 50));

        Assert.Empty(loop.State.Background.Parts);
        Assert.Equal(ad.Price, (await next.Campaigns.FindAsync(ad.Ad.CampaignId, default))!.TotalSpent);
    }

    [Fact]
    public async Task One_trace_shows_every_stage_and_every_shard()
    {
        using var made = new HandMadeModel(300);
        await using EmbeddedHost host = Host(made, made.Index(2));
        ClosedLoop loop = await host.OpenLoopAsync(Options(300, candidates: 8));
        using var traced = new Traced();

        PlacedAd ad = Assert.Single((await loop.Gateway.AnswerAsync(LoopWorld.Request("r", "ann"), default)).Ads);
        await loop.Feedback.AcceptAsync([new AdEvent(AdEventKind.Click, ad.Win)], default);

        ILookup<string, Activity> spans = traced.Stop().ToLookup(span => span.OperationName);
        Activity answer = Assert.Single(spans["gateway.answer"]);
        Assert.All(Stages, name => Assert.Equal(answer.SpanId, Assert.Single(spans[name]).ParentSpanId));
        Assert.Equal([0, 1], spans["shard"].Select(span => (int)span.GetTagItem("recall.shard")!).Order());
        Assert.Equal(
            spans["shard"].Select(span => span.SpanId.ToString()).Order(),
            spans["shard.search"].Select(s => s.ParentSpanId.ToString()).Order());
        Assert.All(spans["shard.search"], span => Assert.True((int)span.GetTagItem("recall.scorings")! > 0));
        Assert.All(spans["shard.search"], span => Assert.True((int)span.GetTagItem("recall.hops")! > 0));
        Assert.NotEmpty(spans["journal.append"]);
    }

    [Fact]
    public async Task A_search_that_scores_every_ad_finds_all_of_the_value_and_the_live_view_says_so()
    {
        using var made = new HandMadeModel(300);
        await using EmbeddedHost host = Host(made, made.Index(2));
        ClosedLoop loop = await host.OpenLoopAsync(Options(300, candidates: 8) with { ValueRecallShare = 1 });
        Assert.Null((await loop.Live.SnapshotAsync(default)).Retrieval.ValueRecall);

        await loop.Gateway.AnswerAsync(LoopWorld.Request("r", "ann"), default);
        await loop.Sampler!.Running;
        LiveSnapshot snapshot = await loop.Live.SnapshotAsync(default);

        Assert.Empty(loop.State.Background.Parts);
        Assert.Equal(1, snapshot.Retrieval.ValueRecall);
        Assert.Equal(made.Fingerprint, snapshot.Versions["model"]);
        Assert.All(snapshot.Shards, shard => Assert.Equal("healthy", Assert.Single(shard.Replicas).State));
    }

    [Fact]
    public void Value_recall_is_that_of_the_best_campaigns_for_the_places()
    {
        var values = new CampaignValues(places: 2);
        values.Add(campaign: 1, value: 10, isFound: false);
        values.Add(campaign: 1, value: 8, isFound: true);
        values.Add(campaign: 2, value: 4, isFound: true);
        values.Add(campaign: 3, value: 6, isFound: false);
        values.Add(campaign: 4, value: 1, isFound: true);

        Assert.Equal((8 + 4, 10 + 6), (values.Found, values.Best));
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private static EmbeddedHost Host(HandMadeModel made, string index, TimeProvider? time = null)
    {
        var host = new EmbeddedHost(threads: 2, time);
        host.Load(new EmbeddedHostOptions { ModelDirectory = made.ModelPath, IndexDirectory = index, Parameters = Everything });
        return host;
    }

    private ClosedLoopOptions Options(int ads, int candidates)
    {
        AdsDirectory.WriteCampaigns(_directory.FullName, ClickPrices.Select((price, i) => LoopWorld.Campaign(i + 1, price)));
        AdsDirectory.WriteAds(_directory.FullName, Enumerable.Range(0, ads).Select(i => LoopWorld.Ad($"ad{i}",
            (i % ClickPrices.Length) + 1)));
        return new ClosedLoopOptions
        {
            MarketDirectory = _directory.FullName,
            StateFile = Path.Combine(_directory.FullName, "state.db"),
            BusinessClock = _clock,
            Gateway = new() { Candidates = candidates },
        };
    }

    /// <summary>The best ad of each campaign by click price times click probability, best first.</summary>
    private static async Task<string[]> BestAsync(EmbeddedHost host, int ads)
    {
        RetrievalAnswer all = await host.Retriever.AnswerAsync(new RetrievalRequest(new UserFeatures { Id = "ann" }, ads), default);
        return [.. all.Ads
            .Select(ad => (ad.Id, Campaign: int.Parse(ad.Id[2..]) % ClickPrices.Length, ad.Score))
            .GroupBy(ad => ad.Campaign)
            .Select(group => group.MaxBy(ad => ad.Score))
            .OrderByDescending(ad => ClickPrices[ad.Campaign] * all.Clicks.Scale.Probability(ad.Score))
            .Select(ad => ad.Id)];
    }

    /// <summary>A trace of what this test does, and of nothing that runs beside it.</summary>
    private sealed class Traced : IDisposable
    {
        private readonly ConcurrentQueue<Activity> _spans = new();
        private readonly Activity _root = new("test");
        private readonly ActivityListener _listener;

        public Traced()
        {
            _root.Start();
            _listener = new ActivityListener
            {
                ShouldListenTo = source => source.Name == Telemetry.Name,
                Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                    options.Parent.TraceId == _root.TraceId ? ActivitySamplingResult.AllData : ActivitySamplingResult.None,
                ActivityStopped = _spans.Enqueue,
            };
            ActivitySource.AddActivityListener(_listener);
        }

        public ConcurrentQueue<Activity> Stop()
        {
            _root.Stop();
            return _spans;
        }

        public void Dispose()
        {
            _listener.Dispose();
            _root.Dispose();
        }
    }

    private sealed class SteppedTime : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Read(ref _now);

        public void Pass(TimeSpan time) => Interlocked.Add(ref _now, time.Ticks);
    }

    /// <summary>Takes a minute for whatever it is asked.</summary>
    private sealed class SlowRanker(SteppedTime time) : IRanker
    {
        public void Score(UserFeatures user, ReadOnlySpan<string> ads, Span<float> scores) => time.Pass(TimeSpan.FromMinutes(1));
    }
}
