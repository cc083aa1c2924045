using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using RecallCluster.Calibration.Maps;
using RecallCluster.Http.Shards;
using RecallCluster.Numerics;
using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Building;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving;
using RecallCluster.Serving.NewAds;
using RecallCluster.Serving.Replicas;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Http.Tests;

/// <summary>A shard behind a real HTTP/2 connection.</summary>
public sealed class RemoteShardTests : IDisposable
{
    private const int Ads = 300;
    private const int Dim = 8;
    private static readonly float[] User = [1, -0.5f, 0.25f, 0, 0.3f, -1, 0.8f, 0.1f];
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    // What is looked for here is what is answered, not when: a busy machine may take long to connect.
    private static readonly RemoteShardOptions Patient = new()
    {
        ConnectLimit = TimeSpan.FromMinutes(1), CallLimit = TimeSpan.FromMinutes(1), SilenceLimit = TimeSpan.FromMinutes(1),
    };

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("recall-shard-");
    private readonly AdIndex _index;
    private readonly ShardIdentity _identity;
    private ulong _instances;

    public RemoteShardTests()
    {
        using var vectors = new NativeBlock<float>(Ads * Dim);
        var random = new SeededRandom(3);
        foreach (ref float value in vectors.Span(0, Ads * Dim))
            value = (float)random.NextGaussian();
        HnswGraph graph = HnswBuilder.Build(vectors, Ads, Dim, new HnswOptions { M = 8, EfConstruction = 40 }, 1, null, default);
        string path = Path.Combine(_directory.FullName, "0.index");
        AdIndexFile.Write(path, new AdIndexContents
        {
            Graph = graph, Dim = Dim, Vectors = vectors, RecordLength = Dim, Records = vectors,
            Ids = [.. Enumerable.Range(0, Ads).Select(i => $"ad{i}")],
        });
        _index = AdIndex.Open(path);
        _identity = ShardIdentity.Of("model", path, 0, 1, Ads);
    }

    public void Dispose()
    {
        _index.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task It_answers_what_the_shard_itself_answers()
    {
        await using WebApplication server = await ServeAsync();
        using RemoteShard remote = Reach(server);
        Shard local = Open();
        var query = new ShardQuery(_identity.ToString(), User, 12)
        {
            MaxScorings = 150, Seeds = ["ad7", "ad9"], Exclude = ["ad1"], TimeLeft = TimeSpan.FromMinutes(1),
        };

        ShardAnswer wanted = await local.SearchAsync(query, default);
        // The gateway's name of the version is its own; the process knows the shard by its content.
        ShardAnswer answer = await remote.SearchAsync(query with { Version = "gateway.7" }, default);

        Assert.Equal(12, answer.Ads.Count);
        Assert.Equal(wanted.Ads, answer.Ads);
        Assert.Equal((wanted.Scorings, wanted.Limits), (answer.Scorings, answer.Limits));
    }

    [Fact]
    public async Task A_trace_goes_on_in_the_shards_process()
    {
        await using WebApplication server = await ServeAsync();
        using RemoteShard remote = Reach(server);
        var searched = new ConcurrentQueue<Activity>();
        using var root = new Activity("request");
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is Telemetry.Name or "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = searched.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        root.Start();

        await remote.SearchAsync(new ShardQuery(_identity.ToString(), User, 12), default);
        root.Stop();

        Activity search = Assert.Single(searched, span => span.OperationName == "shard.search" && span.TraceId == root.TraceId);
        Assert.True((int)search.GetTagItem("recall.scorings")! >= 12);
    }

    [Fact]
    public async Task Books_and_placements_arrive_and_rank_as_in_this_process()
    {
        await using WebApplication server = await ServeAsync();
        using RemoteShard remote = Reach(server);
        Shard local = Open();
        remote.Publish(Book(1));
        remote.Publish(Placements(1));
        local.Publish(Book(1));
        local.Publish(Placements(1));
        ShardQuery query = ByValue;
        query = query with { Value = query.Value! with { Scale = new ClickScale(0.3, -2), MostPerCampaign = 2 } };

        ShardAnswer answer = await AnsweredAsync(remote, query);

        ShardAnswer wanted = await local.SearchAsync(query, default);
        Assert.Equal(wanted.Ads, answer.Ads);
        Assert.NotEqual(answer.Ads.Select(a => a.Score), answer.Ads.Select(a => a.Value));
    }

    [Fact]
    public async Task A_process_that_was_restarted_gets_its_book_again()
    {
        WebApplication first = await ServeAsync();
        Uri address = FrontDoor.AddressesOf(first)[0];
        using var remote = new RemoteShard(address, _identity, Patient, TimeProvider.System);
        remote.Publish(Book(1));
        remote.Publish(Placements(1));
        await AnsweredAsync(remote, ByValue);
        await first.StopAsync();
        await first.DisposeAsync();
        await Assert.ThrowsAnyAsync<IOException>(() => remote.SearchAsync(ByValue, default));

        await using WebApplication second = await ServeAsync(address.ToString());
        ShardAnswer answer = await AnsweredAsync(remote, ByValue);

        Assert.Equal(5, answer.Ads.Count);
        Assert.Equal(_identity.ToString(), remote.Version);
    }

    [Fact]
    public async Task The_gateway_that_published_last_is_served_and_the_other_publishes_again()
    {
        await using WebApplication server = await ServeAsync();
        using RemoteShard one = Reach(server), other = Reach(server);
        foreach ((RemoteShard remote, double slope) in new[] { (one, 1.0), (other, 10.0), (one, 1.0) })
        {
            remote.Publish(Book(5, slope));
            remote.Publish(Placements(5));
            ShardAnswer answer = await AnsweredAsync(remote, ByValue);
            Assert.True(slope > 1 == answer.Ads[0].Value > 1, $"{answer.Ads[0].Value} is not a bid of this gateway");
        }
    }

    [Fact]
    public async Task Another_shard_is_refused_and_named()
    {
        await using WebApplication server = await ServeAsync();
        using var remote = new RemoteShard(
            FrontDoor.AddressesOf(server)[0], _identity with { Index = "other" }, Patient, TimeProvider.System);

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => remote.SearchAsync(ByInterest, default));
        Assert.Contains(_identity.ToString(), error.Message);
        using var patience = new CancellationTokenSource(Patience);
        InvalidDataException? refusal = null;
        while (refusal is null)
        {
            patience.Token.ThrowIfCancellationRequested();
            refusal = await Record.ExceptionAsync(() => remote.SearchAsync(ByInterest, default)) as InvalidDataException;
        }
        Assert.Contains("is wanted", refusal.Message);
    }

    [Fact]
    public async Task Nobody_there_is_an_error_that_names_the_address()
    {
        WebApplication server = await ServeAsync();
        Uri address = FrontDoor.AddressesOf(server)[0];
        await server.StopAsync();
        await server.DisposeAsync();
        using var remote = new RemoteShard(address, _identity, Patient, TimeProvider.System);

        var error = await Assert.ThrowsAnyAsync<IOException>(() => remote.SearchAsync(ByInterest, default));

        Assert.Contains(address.ToString(), error.Message);
    }

    [Fact]
    public async Task A_broken_frame_is_refused_with_the_check_that_failed()
    {
        await using WebApplication server = await ServeAsync();
        using var client = new HttpClient
        {
            BaseAddress = FrontDoor.AddressesOf(server)[0],
            DefaultRequestVersion = System.Net.HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        byte[] frame = Frame(ByInterest);
        frame[20] ^= 1;
        using var body = new ByteArrayContent(frame);

        using HttpResponseMessage response = await client.PostAsync(new Uri("shard/v1/search", UriKind.Relative), body);

        Assert.Equal(System.Net.HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("checksum", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public void A_frame_that_was_damaged_anywhere_is_never_taken()
    {
        byte[] whole = Frame(ByInterest with { Seeds = ["a", "b"], Value = ByValue.Value });
        (_, _, ShardQuery read) = ShardMessages.ReadQuery(whole);
        Assert.Equal(User, read.UserState.ToArray());
        Assert.Equal(["a", "b"], read.Seeds);
        Assert.Equal(ByValue.Value!.Campaigns.ToArray(), read.Value!.Campaigns.ToArray());
        Assert.False(read.Value.ByClick);
        (_, _, ShardQuery byClick) = ShardMessages.ReadQuery(Frame(ByValue with { Value = ByValue.Value with { ByClick = true } }));
        Assert.True(byClick.Value!.ByClick);
        var random = new SeededRandom(9);
        for (int round = 0; round < 5_000; round++)
        {
            byte[] damaged = [.. whole];
            damaged[random.NextInt(damaged.Length)] ^= (byte)(1 << random.NextInt(8));
            Assert.Throws<InvalidDataException>(() => ShardMessages.ReadQuery(damaged));
            int length = random.NextInt(whole.Length);
            Assert.Throws<InvalidDataException>(() => ShardMessages.ReadQuery(whole.AsSpan(0, length)));
        }
    }

    [Fact]
    public void Lengths_that_lie_are_refused_before_memory_is_taken_for_them()
    {
        var random = new SeededRandom(10);
        byte[] whole = Frame(ByInterest with { Seeds = ["a", "b"], Value = ByValue.Value });
        int refused = 0;
        for (int round = 0; round < 20_000; round++)
        {
            // A sender that lies makes the checksum itself.
            byte[] lie = [.. whole];
            int at = 12 + random.NextInt(whole.Length - 16 - sizeof(int));
            BitConverter.TryWriteBytes(lie.AsSpan(at), (int)random.NextUInt64());
            BitConverter.TryWriteBytes(lie.AsSpan(lie.Length - sizeof(uint)), Crc32C.Of(lie.AsSpan(0, lie.Length - sizeof(uint))));
            Exception? error = Record.Exception(() => ShardMessages.ReadQuery(lie));
            Assert.True(error is null or InvalidDataException, error?.ToString());
            refused += error is null ? 0 : 1;
        }
        Assert.InRange(refused, 1_000, 20_000);
    }

    [Fact]
    public async Task Ads_that_were_put_in_are_found_under_their_campaigns()
    {
        await using WebApplication server = await ServeAsync();
        using RemoteShard remote = Reach(server, parts: 3);
        Shard local = Open();
        foreach (IShard shard in new IShard[] { remote, local })
        {
            shard.Publish(Additions(20));
            shard.Publish(Placements(1, 20));
            shard.Publish(Book(1));
        }
        var query = ByValue with { K = Ads };

        ShardAnswer found = await AnsweredAsync(remote, query);

        Assert.Equal((await local.SearchAsync(query, default)).Ads, found.Ads);
        // Every fifth one was taken out again.
        Assert.Equal(Enumerable.Range(0, 20).Where(i => i % 5 != 4).Select(i => $"new{i}").Order(), NewOnes(found));
        Assert.Equal(NewOnes(found), NewOnes(await remote.SearchAsync(query with { Value = null, K = 2 * Ads }, default)));
    }

    [Fact]
    public async Task A_process_that_comes_back_without_its_ads_answers_nothing_until_it_has_the_same_again()
    {
        WebApplication server = await ServeAsync();
        string url = FrontDoor.AddressesOf(server)[0].ToString();
        using RemoteShard remote = Reach(server, parts: 7);
        var byInterest = new ShardQuery(_identity.ToString(), User, 40);
        remote.Publish(Additions(10));
        remote.Publish(Additions(60));
        remote.Publish(Placements(1, 60));
        remote.Publish(Book(1));
        ShardAnswer byValue = await AnsweredAsync(remote, ByValue);
        ShardAnswer before = await remote.SearchAsync(byInterest, default);
        await server.DisposeAsync();

        await using WebApplication again = await ServeAsync(url);
        ShardAnswer after = await AnsweredAsync(remote, byInterest);

        // The same log makes the same graph: not only the ads are equal, but the walk.
        Assert.Equal(before.Ads, after.Ads);
        Assert.Equal(before.Scorings, after.Scorings);
        Assert.NotEmpty(NewOnes(after));
        Assert.Equal(byValue.Ads, (await AnsweredAsync(remote, ByValue)).Ads);
    }

    [Fact]
    public async Task Another_gateways_ads_are_not_mixed_with_ours()
    {
        await using WebApplication server = await ServeAsync();
        using RemoteShard one = Reach(server), other = Reach(server);
        var all = new ShardQuery(_identity.ToString(), User, 2 * Ads);
        one.Publish(Additions(10));
        Assert.Equal(8, NewOnes(await AnsweredAsync(one, all, found => NewOnes(found).Length > 0)).Length);

        other.Publish(Additions(5));
        Assert.Equal(4, NewOnes(await AnsweredAsync(other, all, found => NewOnes(found).Length == 4)).Length);
        // The first one's were forgotten: it finds out, and brings them again.
        Assert.Equal(8, NewOnes(await AnsweredAsync(one, all)).Length);
    }

    [Fact]
    public async Task Additions_that_leave_something_out_or_do_not_fit_are_refused_and_change_nothing()
    {
        var served = new ServedShard(_identity, Open, 1);
        ShardChange[] changes = Additions(10).Changes.ToArray();
        served.Publish(7, new AdditionsPart(_identity.ToString(), 0, changes[..4]));

        Assert.Throws<ArgumentException>(() => served.Publish(7, new AdditionsPart(_identity.ToString(), 5, changes[5..])));
        Assert.Throws<ArgumentException>(() => served.Publish(
            7, new AdditionsPart(_identity.ToString(), 4, [new ShardChange("odd", new EmbeddedAd([1], [], []))])));
        Assert.Equal(4, served.Status.Additions);
        // What is known already is passed over.
        served.Publish(7, new AdditionsPart(_identity.ToString(), 2, changes[2..]));

        Assert.Equal(10, served.Status.Additions);
        Assert.Equal(8, NewOnes(await served.SearchAsync(7, 10, new ShardQuery(_identity.ToString(), User, 2 * Ads), default)).Length);
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => served.SearchAsync(7, 11, new ShardQuery(_identity.ToString(), User, 1), default));
    }

    [Theory]
    [InlineData("right", true)]
    [InlineData("next", true)]
    [InlineData("wrong", false)]
    [InlineData(null, false)]
    public async Task Only_those_who_show_the_secret_are_answered(string? shown, bool admitted)
    {
        string right = SecretFileOf("right", Secret('r')), both = SecretFileOf("both", Secret('n'), Secret('r'));
        SecretFileOf("next", Secret('n'));
        SecretFileOf("wrong", Secret('w'));
        await using WebApplication server = await ServeAsync(secret: ShardSecret.Load(shown == "next" ? both : right));
        using var remote = new RemoteShard(
            FrontDoor.AddressesOf(server)[0], _identity,
            Patient with { Secret = shown is null ? null : ShardSecret.Load(Path.Combine(_directory.FullName, shown)) },
            TimeProvider.System);

        if (admitted)
        {
            remote.Publish(Placements(1));
            remote.Publish(Book(1));
            Assert.Equal(5, (await AnsweredAsync(remote, ByValue)).Ads.Count);
        }
        else
        {
            var error = await Assert.ThrowsAsync<IOException>(
                () => remote.SearchAsync(new ShardQuery(_identity.ToString(), User, 5), default));
            Assert.Contains("401", error.Message);
            Assert.DoesNotContain(Secret('r'), error.Message);
        }
    }

    [Theory]
    [InlineData("GET", ShardServer.StatePath)]
    [InlineData("PUT", ShardServer.BookPath)]
    [InlineData("PUT", ShardServer.PlacementsPath)]
    [InlineData("PUT", ShardServer.AdditionsPath)]
    [InlineData("POST", ShardServer.SearchPath)]
    [InlineData("GET", "/elsewhere")]
    public async Task Every_path_wants_the_secret_but_that_of_health(string method, string path)
    {
        await using WebApplication server = await ServeAsync(secret: ShardSecret.Load(SecretFileOf("right", Secret('r'))));
        using var client = new HttpClient { BaseAddress = FrontDoor.AddressesOf(server)[0] };

        string[] shown =
        [
            "", "Bearer", $"Basic {Secret('r')}", $"Bearer {Secret('r')}x", $"Bearer {Secret('r')[..^1]}",
            $"Bearer {new string('r', 5_000)}",
        ];
        foreach (string header in shown)
            Assert.Equal(401, await StatusAsync(method, path, header));
        Assert.NotEqual(401, await StatusAsync(method, path, $"bearer {Secret('r')}"));
        Assert.Equal(200, await StatusAsync("GET", "/healthz", ""));

        async Task<int> StatusAsync(string verb, string to, string header)
        {
            using var request = new HttpRequestMessage(new HttpMethod(verb), to)
            {
                Version = System.Net.HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            if (header.Length > 0)
                request.Headers.TryAddWithoutValidation("Authorization", header);
            using HttpResponseMessage answer = await client.SendAsync(request);
            return (int)answer.StatusCode;
        }
    }

    [Fact]
    public void A_file_of_secrets_says_what_is_wrong_with_it()
    {
        string made = Path.Combine(_directory.FullName, "made");
        ShardSecret.Create(made);
        Assert.True(ShardSecret.Load(made).Admits(ShardSecret.Load(made).Header.ToString()));
        Assert.Throws<IOException>(() => ShardSecret.Create(made));
        Assert.Contains("line 1", Assert.Throws<InvalidDataException>(() => ShardSecret.Load(SecretFileOf("short", "short"))).Message);
        Assert.Contains("line 2", Assert.Throws<InvalidDataException>(
            () => ShardSecret.Load(SecretFileOf("spaces", Secret('a'), Secret('b') + " " + Secret('b')))).Message);
        Assert.Contains(
            "0 secrets", Assert.Throws<InvalidDataException>(() => ShardSecret.Load(SecretFileOf("empty", "# nothing"))).Message);
    }

    private static string Secret(char letter) => new(letter, 43);

    private string SecretFileOf(string name, params string[] lines)
    {
        string path = Path.Combine(_directory.FullName, name);
        File.WriteAllLines(path, lines);
        return path;
    }

    private static string[] NewOnes(ShardAnswer answer) =>
        [.. answer.Ads.Select(ad => ad.Id).Where(id => id.StartsWith("new", StringComparison.Ordinal)).Order()];

    /// <summary>Ads put in, of which every fifth is a change that takes the one before the last out again.</summary>
    private ShardAdditions Additions(int changes)
    {
        var random = new SeededRandom(11);
        var all = new ShardChange[changes];
        for (int i = 0; i < changes; i++)
        {
            float[] vector = [.. Enumerable.Range(0, Dim).Select(_ => (float)random.NextGaussian())];
            all[i] = new ShardChange($"new{i}", new EmbeddedAd(vector, vector, []));
        }
        for (int i = 4; i < changes; i += 5)
            all[i] = new ShardChange($"new{i}", null);
        return new ShardAdditions(_identity.ToString(), all);
    }

    private static ShardQuery ByInterest => new("v1", User, 5);

    private ShardQuery ByValue =>
        new(_identity.ToString(), User, 5) { Value = new ValueQuery(new[] { ulong.MaxValue }, new[] { ulong.MaxValue }) };

    private static byte[] Frame(ShardQuery query)
    {
        using var frame = new FrameWriter(FrameKind.Query);
        ShardMessages.Write(frame, 1, 0, query);
        return frame.End().ToArray();
    }

    private static BidBook Book(long version, double slope = 1) => new(
        version,
        [.. Enumerable.Range(0, 5).Select(c =>
            new BidBookEntry(c + 1, $"1/{c}", slope * Math.Pow(0.7, c), 0, 100) { ConversionProbability = 0.1 })],
        new CalibrationModel("test", new LogisticMap(1, 1, -0.3), new Dictionary<string, CalibrationMap>
        {
            ["1/3"] = new PiecewiseLinearMap([0, 0.4, 1], [0.01, 0.1, 0.7]),
        }));

    /// <summary>Placements of the index's ads, and of those of so many additions.</summary>
    private ShardPlacements Placements(long revision, int additions = 0)
    {
        int ads = Ads + additions - (additions / 5);
        return new ShardPlacements(_identity.ToString(), revision, Enumerable.Range(0, ads).Select(i => i % 5).ToArray(), new int[ads]);
    }

    /// <summary>The answer, as soon as what was published has arrived.</summary>
    private static async Task<ShardAnswer> AnsweredAsync(RemoteShard remote, ShardQuery query, Func<ShardAnswer, bool>? wanted = null)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            try
            {
                ShardAnswer answer = await remote.SearchAsync(query, patience.Token);
                if (wanted?.Invoke(answer) != false)
                    return answer;
                patience.Token.ThrowIfCancellationRequested();
            }
            catch (Exception e) when (e is InvalidOperationException or IOException && !patience.IsCancellationRequested)
            {
                await Task.Yield();
            }
        }
    }

    private RemoteShard Reach(WebApplication server, int parts = 500) => new(
        FrontDoor.AddressesOf(server)[0], _identity, Patient with { AdditionsAtOnce = parts }, TimeProvider.System);

    private async Task<WebApplication> ServeAsync(string url = "http://127.0.0.1:0", ShardSecret? secret = null)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            WebApplication server = ShardServer.Create(
                new ServedShard(_identity, Open, ++_instances), new ShardServerOptions { Url = url, Secret = secret });
            try
            {
                await server.StartAsync();
                return server;
            }
            // A port that was free a moment ago may serve somebody's outgoing connection for a while.
            catch (IOException e) when (e.InnerException is AddressInUseException)
            {
                await server.DisposeAsync();
                await Task.Delay(100, patience.Token);
            }
        }
    }

    private Shard Open()
    {
        var shard = new Shard(TimeProvider.System);
        shard.Add(new ShardVersion(
            _identity.ToString(), _index, new InnerProductScorer(_index.Vectors, Ads, Dim),
            new GuidedSearchParameters { Layers = [new LayerBudget(100, 20)] }, null, TimeProvider.System)
        {
            GrowingScorer = (records, count) => new InnerProductScorer(records, count, Dim),
        });
        return shard;
    }
}
