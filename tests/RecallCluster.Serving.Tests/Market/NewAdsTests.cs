using RecallCluster.Data;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.NewAds;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Tests.Market;

/// <summary>Ads that the index does not know are found by their features, as long as the catalogue has them.</summary>
public sealed class NewAdsTests : IDisposable
{
    private const int Ads = 300;
    private static readonly GuidedSearchParameters Everything = new() { Layers = [new LayerBudget(1_000, 1_000)] };

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("recall-newads-");
    private readonly BusinessTime _clock = new(LoopWorld.Start);
    private readonly HandMadeModel _made = new(Ads);

    [Theory]
    [InlineData(1, AttentionKind.Linear)]
    [InlineData(3, AttentionKind.Linear)]
    [InlineData(2, AttentionKind.Softmax)]
    public async Task It_is_found_by_interest_and_by_value_with_the_score_that_the_model_gives_it(int shards, AttentionKind attention)
    {
        using var made = new HandMadeModel(Ads, attention: attention);
        await using EmbeddedHost host = Host(made, made.Index(shards));
        ClosedLoop loop = await host.OpenLoopAsync(Options());

        int category = BestCategory(made);
        await loop.Catalogue.PutAsync(New("new1", campaign: 2, category), default);

        RetrievalAnswer all = await EveryAdAsync(host);
        Assert.Equal(Ads + 1, all.Ads.Count);
        Assert.Equal(ScoreOfNew(made, category), all.Ads.Single(ad => ad.Id == "new1").Score, 1e-4f);
        Assert.Equal(AdStanding.Added, loop.Catalogue.StandingOf("new1"));
        // Campaign 2 pays ten thousand times what campaign 1 does, which has all the others.
        PlacedAd sold = Assert.Single((await loop.Gateway.AnswerAsync(LoopWorld.Request("r", "ann"), default)).Ads);
        Assert.Equal("new1", sold.Ad.Id);
    }

    [Fact]
    public async Task Without_features_it_waits_for_an_index_that_knows_it()
    {
        await using EmbeddedHost host = Host(_made, _made.Index(2));
        ClosedLoop loop = await host.OpenLoopAsync(Options());

        await loop.Catalogue.PutAsync(LoopWorld.Ad("new1", 2), default);

        Assert.Equal(AdStanding.Unknown, loop.Catalogue.StandingOf("new1"));
        Assert.Equal(Ads, (await EveryAdAsync(host)).Ads.Count);
    }

    [Fact]
    public async Task A_start_puts_all_of_them_in_again_whatever_became_of_the_process()
    {
        await using (EmbeddedHost host = Host(_made, _made.Index(2)))
        {
            ClosedLoop loop = await host.OpenLoopAsync(Options());
            for (int i = 0; i < 20; i++)
                await loop.Catalogue.PutAsync(New($"new{i}", campaign: 1, category: i % 8), default);
            await loop.Catalogue.RemoveAsync("new3", default);
            await loop.Catalogue.PutAsync(New("new4", campaign: 1, category: 7), default);
        }

        // Either order of opening, as hosts do.
        await using (EmbeddedHost first = Host(_made, _made.Index(2)))
            await AssertAsync(await first.OpenLoopAsync(Options()), first);
        await using var second = new EmbeddedHost(threads: 2);
        ClosedLoop third = await second.OpenLoopAsync(Options());
        second.Load(OptionsOf(_made, _made.Index(2)));
        await AssertAsync(third, second);

        async Task AssertAsync(ClosedLoop loop, EmbeddedHost host)
        {
            RetrievalAnswer all = await EveryAdAsync(host);
            Assert.Equal(
                Enumerable.Range(0, 20).Where(i => i != 3).Select(i => $"new{i}").Order(),
                all.Ads.Select(ad => ad.Id).Where(id => id.StartsWith("new", StringComparison.Ordinal)).Order());
            Assert.Equal(ScoreOfNew(_made, category: 7), all.Ads.Single(ad => ad.Id == "new4").Score, 1e-4f);
            Assert.Equal(AdStanding.Unknown, loop.Catalogue.StandingOf("new3"));
        }
    }

    [Fact]
    public async Task One_that_is_taken_away_is_no_longer_found_and_can_come_back()
    {
        await using EmbeddedHost host = Host(_made, _made.Index(2));
        ClosedLoop loop = await host.OpenLoopAsync(Options());
        await loop.Catalogue.PutAsync(New("new1", campaign: 2, category: 5), default);

        Assert.True(await loop.Catalogue.RemoveAsync("new1", default));
        Assert.DoesNotContain("new1", (await EveryAdAsync(host)).Ads.Select(ad => ad.Id));
        Assert.NotEqual("new1", Assert.Single((await loop.Gateway.AnswerAsync(LoopWorld.Request("r1", "ann"), default)).Ads).Ad.Id);

        await loop.Catalogue.PutAsync(New("new1", campaign: 2, BestCategory(_made)), default);
        Assert.Single((await EveryAdAsync(host)).Ads, ad => ad.Id == "new1");
        Assert.Equal("new1", Assert.Single((await loop.Gateway.AnswerAsync(LoopWorld.Request("r2", "ann"), default)).Ads).Ad.Id);
    }

    [Fact]
    public async Task Pausing_it_takes_it_out_of_auctions_and_other_edits_put_nothing_in_anew()
    {
        await using EmbeddedHost host = Host(_made, _made.Index(1));
        ClosedLoop loop = await host.OpenLoopAsync(Options());
        Ad ad = New("new1", campaign: 2, BestCategory(_made));
        await loop.Catalogue.PutAsync(ad, default);
        await loop.Catalogue.PutAsync(ad, default);
        await loop.Catalogue.PutAsync(ad with { IsPaused = true }, default);

        Assert.Equal(1, ChangesOf(loop));
        Assert.NotEqual("new1", Assert.Single((await loop.Gateway.AnswerAsync(LoopWorld.Request("r1", "ann"), default)).Ads).Ad.Id);
        await loop.Catalogue.PutAsync(ad with { IsPaused = false }, default);
        Assert.Equal(1, ChangesOf(loop));
        Assert.Equal("new1", Assert.Single((await loop.Gateway.AnswerAsync(LoopWorld.Request("r2", "ann"), default)).Ads).Ad.Id);
    }

    [Fact]
    public async Task Other_features_change_its_score_and_it_is_there_once()
    {
        await using EmbeddedHost host = Host(_made, _made.Index(1));
        ClosedLoop loop = await host.OpenLoopAsync(Options() with { ValueRecallShare = 1 });
        await loop.Catalogue.PutAsync(New("new1", campaign: 2, category: 5), default);

        await loop.Catalogue.PutAsync(New("new1", campaign: 2, category: 2), default);

        Assert.Equal(
            ScoreOfNew(_made, category: 2), Assert.Single((await EveryAdAsync(host)).Ads, ad => ad.Id == "new1").Score, 1e-4f);
        Assert.Equal(2, ChangesOf(loop));
        // What it was before earns nothing, for whoever looks at every ad either.
        await loop.Gateway.AnswerAsync(LoopWorld.Request("r", "ann"), default);
        await loop.Sampler!.Running;
        Assert.Empty(loop.State.Background.Parts);
        Assert.Equal(1, (await loop.Live.SnapshotAsync(default)).Retrieval.ValueRecall);
    }

    [Fact]
    public async Task Another_version_keeps_what_it_does_not_know_and_absorbs_what_it_does()
    {
        await using EmbeddedHost host = Host(_made, _made.Index(2));
        ClosedLoop loop = await host.OpenLoopAsync(Options());
        await loop.Catalogue.PutAsync(New("new1", campaign: 1, category: 5), default);
        // The next model's data set has it.
        await loop.Catalogue.PutAsync(New($"ad{Ads}", campaign: 1, category: 4), default);
        using var next = new HandMadeModel(Ads + 1, seed: 2);

        host.Load(OptionsOf(next, next.Index(3)));

        RetrievalAnswer all = await EveryAdAsync(host);
        Assert.Equal(Ads + 2, all.Ads.Count);
        Assert.Equal(ScoreOfNew(next, category: 5), all.Ads.Single(ad => ad.Id == "new1").Score, 1e-4f);
        Assert.Equal(AdStanding.Indexed, loop.Catalogue.StandingOf($"ad{Ads}"));
        Assert.Equal(AdStanding.Added, loop.Catalogue.StandingOf("new1"));

        host.Load(OptionsOf(_made, _made.Index(2)));
        Assert.Equal(Ads + 2, (await EveryAdAsync(host)).Ads.Count);
        Assert.Equal(AdStanding.Added, loop.Catalogue.StandingOf($"ad{Ads}"));
    }

    [Theory]
    [InlineData("colour", 1, null, "features.colour")]
    [InlineData("category", 8, null, "0 (unknown) to 7")]
    [InlineData("category", 0, "shoes", "no labels")]
    [InlineData("category", -1, null, "features.category")]
    public async Task Features_that_are_not_the_models_are_refused_by_name(string name, int code, string? label, string wanted)
    {
        await using EmbeddedHost host = Host(_made, _made.Index(1));
        ClosedLoop loop = await host.OpenLoopAsync(Options());
        Ad ad = LoopWorld.Ad("new1", 1) with
        {
            Features = new Dictionary<string, ProfileValue> { [name] = new ProfileValue(code, label) },
        };

        var error = await Assert.ThrowsAsync<InvalidRequestException>(() => loop.Catalogue.PutAsync(ad, default));

        Assert.Contains(wanted, $"{error.Field} {error.Message}");
        Assert.False(loop.Catalogue.TryGet("new1", out _));
    }

    [Fact]
    public async Task Labels_have_a_meaning_where_the_model_knows_them()
    {
        using var made = new HandMadeModel(HandMadeModel.Ids(Ads), categories: ["", "a", "b", "c", "d", "shoes", "f", "g"]);
        await using EmbeddedHost host = Host(made, made.Index(1));
        ClosedLoop loop = await host.OpenLoopAsync(Options());

        foreach ((string id, string label) in new[] { ("new1", "shoes"), ("new2", "never seen") })
        {
            await loop.Catalogue.PutAsync(LoopWorld.Ad(id, 1) with
            {
                Features = new Dictionary<string, ProfileValue> { ["category"] = ProfileValue.OfLabel(label) },
            }, default);
        }

        RetrievalAnswer all = await EveryAdAsync(host);
        Assert.Equal(ScoreOfNew(made, category: 5), all.Ads.Single(ad => ad.Id == "new1").Score, 1e-4f);
        Assert.Equal(ScoreOfNew(made, category: 0), all.Ads.Single(ad => ad.Id == "new2").Score, 1e-4f);
    }

    [Fact]
    public async Task No_more_come_in_than_there_may_be_and_what_finds_no_room_at_a_start_is_reported()
    {
        await using (EmbeddedHost host = Host(_made, _made.Index(2), most: 3))
        {
            ClosedLoop loop = await host.OpenLoopAsync(Options());
            for (int i = 0; i < 3; i++)
                await loop.Catalogue.PutAsync(New($"new{i}", campaign: 1, category: 1), default);

            await Assert.ThrowsAsync<NewAdsFullException>(() => loop.Catalogue.PutAsync(New("new3", 1, 1), default));
            Assert.False(loop.Catalogue.TryGet("new3", out _));
            // Edits of those that are in, and ads of the index, need no room.
            await loop.Catalogue.PutAsync(New("new1", campaign: 1, category: 2), default);
            await loop.Catalogue.PutAsync(New("ad1", campaign: 1, category: 2), default);
            await loop.Catalogue.RemoveAsync("new0", default);
            await loop.Catalogue.PutAsync(New("new3", campaign: 1, category: 1), default);
        }
        await using EmbeddedHost smaller = Host(_made, _made.Index(2), most: 2);
        ClosedLoop again = await smaller.OpenLoopAsync(Options());

        Assert.Equal(Ads + 2, (await EveryAdAsync(smaller)).Ads.Count);
        BackgroundState trouble = Assert.Single(again.State.Background.Parts);
        Assert.Equal(("newAds", true), (trouble.Part, trouble.IsFailing));
        Assert.Contains("1 ads", trouble.LastFailure.Message);
    }

    [Fact]
    public async Task A_shard_that_was_changed_too_often_wants_to_be_loaded_again()
    {
        await using var host = new EmbeddedHost(threads: 2);
        EmbeddedHostOptions options = OptionsOf(_made, _made.Index(1)) with { NewAds = new NewAdOptions { MaxChanges = 2 } };
        host.Load(options);
        ClosedLoop loop = await host.OpenLoopAsync(Options());
        await loop.Catalogue.PutAsync(New("new1", 1, 1), default);
        await loop.Catalogue.PutAsync(New("new1", 1, 2), default);
        await Assert.ThrowsAsync<NewAdsFullException>(() => loop.Catalogue.PutAsync(New("new1", 1, 3), default));

        host.Load(options);
        await loop.Catalogue.PutAsync(New("new1", 1, 3), default);

        Assert.Equal(ScoreOfNew(_made, 3), (await EveryAdAsync(host)).Ads.Single(ad => ad.Id == "new1").Score, 1e-4f);
    }

    [Fact]
    public async Task Whoever_acted_on_it_is_known_to_have()
    {
        await using EmbeddedHost host = Host(_made, _made.Index(2));
        ClosedLoop loop = await host.OpenLoopAsync(Options());
        var request = new RetrievalRequest(new UserFeatures { Sequence = ["ad1", "new1"] }, 5);
        RetrievalAnswer before = await host.Retriever.AnswerAsync(request, default);

        await loop.Catalogue.PutAsync(New("new1", campaign: 1, category: 5), default);
        RetrievalAnswer after = await host.Retriever.AnswerAsync(request, default);

        Assert.Equal((1, 1), (before.User.SequenceLength, before.User.UnknownSequenceItems));
        Assert.Equal((2, 0), (after.User.SequenceLength, after.User.UnknownSequenceItems));
        Assert.NotEqual(before.Ads[0].Score, after.Ads[0].Score);
        await loop.Catalogue.RemoveAsync("new1", default);
        Assert.Equal(before.Ads, (await host.Retriever.AnswerAsync(request, default)).Ads);
    }

    [Fact]
    public async Task Ads_of_the_markets_file_may_have_features_too()
    {
        ClosedLoopOptions options = Options();
        AdsDirectory.WriteAds(_directory.FullName, [LoopWorld.Ad("ad1", 1), New("new1", campaign: 2, category: 5)]);
        await using EmbeddedHost host = Host(_made, _made.Index(2));
        ClosedLoop loop = await host.OpenLoopAsync(options);

        Assert.True(loop.Catalogue.TryGet("new1", out Ad? ad));
        Assert.Equal(5, ad!.Features!["category"].Code);
        Assert.Equal("new1", Assert.Single((await loop.Gateway.AnswerAsync(LoopWorld.Request("r", "ann"), default)).Ads).Ad.Id);
    }

    [Fact]
    public async Task Under_load_no_request_fails_and_none_sees_an_ad_twice()
    {
        await using EmbeddedHost host = Host(_made, _made.Index(2));
        ClosedLoop loop = await host.OpenLoopAsync(Options());
        using var done = new CancellationTokenSource();
        TaskCompletionSource[] begun = [.. Enumerable.Range(0, 2).Select(_ => new TaskCompletionSource())];
        Task[] clients = [.. begun.Select((first, client) => Task.Run(async () =>
        {
            for (int requests = 0; !done.IsCancellationRequested; requests++)
            {
                RetrievalAnswer all = await EveryAdAsync(host);
                Assert.Equal(1, all.Coverage);
                Assert.Equal(all.Ads.Count, all.Ads.Select(ad => ad.Id).Distinct().Count());
                Assert.InRange(all.Ads.Count, Ads, Ads + 40);
                AdRequest request = LoopWorld.Request($"r{client}-{requests}", "ann") with { Explain = true };
                AdAnswer answer = await loop.Gateway.AnswerAsync(request, default);
                ExplainedAd won = Assert.Single(
                    answer.Explanation!.Candidates, ad => ad.Fate.StartsWith("won", StringComparison.Ordinal));
                // One that was taken away after its auction is not in the answer.
                Assert.True(
                    answer.Ads.Count == 1 ? answer.Ads[0].Ad.Id == won.AdId : won.AdId.StartsWith("new", StringComparison.Ordinal),
                    $"{won.AdId} won and {answer.Ads.Count} ads are in the answer");
                first.TrySetResult();
            }
        }))];
        // A client that failed never gets so far; it is told of below.
        await Task.WhenAll(begun.Zip(clients, (first, client) => Task.WhenAny(first.Task, client)));

        await Task.WhenAll(Enumerable.Range(0, 4).Select(writer => Task.Run(async () =>
        {
            for (int i = 0; i < 60; i++)
            {
                string id = $"new{writer}-{i % 10}";
                if (i % 3 == 2)
                    await loop.Catalogue.RemoveAsync(id, default);
                else
                    await loop.Catalogue.PutAsync(New(id, campaign: 1 + (i % 2), category: i % 8), default);
                if (writer == 0 && i == 30)
                    host.Load(OptionsOf(_made, _made.Index(3)));
            }
        })));
        await done.CancelAsync();

        await Task.WhenAll(clients);
        Assert.All(begun, first => Assert.True(first.Task.IsCompletedSuccessfully));
        Assert.Empty(loop.State.Background.Parts);
        Assert.Equal(
            Enumerable.Range(0, 4).SelectMany(w => Enumerable.Range(0, 10).Select(i => $"new{w}-{i}"))
                .Where(id => loop.Catalogue.TryGet(id, out _)).Order(),
            (await EveryAdAsync(host)).Ads.Select(ad => ad.Id).Where(id => id.StartsWith("new", StringComparison.Ordinal)).Order());
    }

    [Fact]
    public async Task An_edit_that_cannot_be_made_durable_puts_nothing_in_and_keeps_no_room()
    {
        await using EmbeddedHost host = Host(_made, _made.Index(1), most: 1);
        ClosedLoop loop = await host.OpenLoopAsync(Options());
        var journal = (SqliteJournal)loop.State.Journal;
        await journal.LimitPagesAsync(1);
        string[] many = [.. Enumerable.Repeat(new string('c', 60), 60)];

        await Assert.ThrowsAsync<IOException>(async () =>
        {
            while (true)
                await loop.Catalogue.PutAsync(LoopWorld.Ad("ad1", 1) with { Categories = many }, default);
        });
        await Assert.ThrowsAsync<IOException>(() => loop.Catalogue.PutAsync(New("new1", 1, 1) with { Categories = many }, default));
        await journal.LimitPagesAsync(1_000_000);
        await loop.Catalogue.PutAsync(New("new2", 1, 1), default);

        Assert.Equal(
            (AdStanding.Unknown, AdStanding.Added), (loop.Catalogue.StandingOf("new1"), loop.Catalogue.StandingOf("new2")));
    }

    public void Dispose()
    {
        _made.Dispose();
        _directory.Delete(recursive: true);
    }

    private static Ad New(string id, long campaign, int category) => LoopWorld.Ad(id, campaign) with
    {
        Features = new Dictionary<string, ProfileValue> { ["category"] = ProfileValue.OfCode(category) },
    };

    private static Task<RetrievalAnswer> EveryAdAsync(EmbeddedHost host) =>
        host.Retriever.AnswerAsync(new RetrievalRequest(new UserFeatures { Id = "ann" }, 2 * Ads), default);

    /// <summary>What the model says of an ad that it knows the category of, to a user it knows nothing of.</summary>
    private static float ScoreOfNew(HandMadeModel made, int category)
    {
        using TargetVectors targets = TargetVectors.OfNewAds(
            made.Model, new FeatureTable(["new"], made.Dataset.Items.Fields, [[category]]));
        using PreparedModel prepared = PreparedModel.Of(made.Model, targets);
        var state = new float[prepared.Encoder.UserStateLength];
        prepared.Encoder.Encode([0, 0], [], state);
        var scores = new float[1];
        prepared.Scorer.Score(state, [0], scores);
        return scores[0];
    }

    private static int BestCategory(HandMadeModel made) => Enumerable.Range(1, 7).MaxBy(category => ScoreOfNew(made, category));

    private static int ChangesOf(ClosedLoop loop) => loop.ShardsNow.Sum(shard => shard.Local!.AdditionsOf(shard.Version));

    private static EmbeddedHostOptions OptionsOf(HandMadeModel made, string index, int most = 1_000) => new()
    {
        ModelDirectory = made.ModelPath, IndexDirectory = index, Parameters = Everything, NewAds = new NewAdOptions { MaxAds = most },
    };

    private static EmbeddedHost Host(HandMadeModel made, string index, int most = 1_000)
    {
        var host = new EmbeddedHost(threads: 2);
        host.Load(OptionsOf(made, index, most));
        return host;
    }

    private ClosedLoopOptions Options()
    {
        AdsDirectory.WriteCampaigns(_directory.FullName, [LoopWorld.Campaign(1, 0.0001), LoopWorld.Campaign(2, 1)]);
        AdsDirectory.WriteAds(_directory.FullName, Enumerable.Range(0, Ads).Select(i => LoopWorld.Ad($"ad{i}", 1)));
        return new ClosedLoopOptions
        {
            MarketDirectory = _directory.FullName,
            StateFile = Path.Combine(_directory.FullName, "state.db"),
            BusinessClock = _clock,
            Gateway = new() { Candidates = 8 },
            ValueRecallShare = 0,
        };
    }
}
