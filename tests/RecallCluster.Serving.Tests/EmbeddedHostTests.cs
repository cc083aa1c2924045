using System.Text.Json.Nodes;
using RecallCluster.Data;
using RecallCluster.Data.Storage;
using RecallCluster.Learning.Models;
using RecallCluster.Numerics;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.Indexes;

namespace RecallCluster.Serving.Tests;

public class EmbeddedHostTests
{
    private static readonly GuidedSearchParameters Everything = new() { Layers = [new LayerBudget(1_000, 1_000)] };

    [Theory]
    [InlineData(1, AttentionKind.Linear)]
    [InlineData(3, AttentionKind.Linear)]
    [InlineData(2, AttentionKind.Softmax)]
    public async Task With_enough_budget_a_host_answers_as_scoring_every_ad_does(int shards, AttentionKind attention)
    {
        using var made = new HandMadeModel(400, attention: attention);
        using EmbeddedHost host = Host(made, made.Index(shards));

        RetrievalAnswer answer = await host.Retriever.AnswerAsync(
            Request(12, sequence: ["ad5", "ad7", "ad399"], profile: new() { ["gender"] = ProfileValue.OfCode(1) }), default);

        Assert.Equal(made.Best([1, 0], [5, 7, 399], 12), answer.Ads.Select(a => a.Id));
        Assert.Equal((1.0, 400L), (answer.Coverage, answer.Scorings));
        Assert.Equal(new UserReading(false, 3, 0, 0), answer.User);
    }

    [Fact]
    public async Task A_known_user_brings_profile_and_sequence_and_what_the_request_says_goes_first()
    {
        using var made = new HandMadeModel(300);
        using EmbeddedHost host = Host(made, made.Index(2), new UserDirectory(made.Dataset));

        RetrievalAnswer known = await host.Retriever.AnswerAsync(new RetrievalRequest(new UserFeatures { Id = "ann" }, 10), default);
        RetrievalAnswer other =
            await host.Retriever.AnswerAsync(new RetrievalRequest(new UserFeatures { Id = "ann", Sequence = ["ad9"] }, 10), default);

        Assert.Equal(made.Best([1, 4], [0, 1, 2], 10), known.Ads.Select(a => a.Id));
        Assert.Equal(new UserReading(true, 3, 0, 0), known.User);
        Assert.Equal(made.Best([1, 4], [9], 10), other.Ads.Select(a => a.Id));
    }

    [Fact]
    public async Task An_unknown_user_has_unknown_codes_and_no_sequence()
    {
        using var made = new HandMadeModel(300);
        using EmbeddedHost host = Host(made, made.Index(1), new UserDirectory(made.Dataset));

        RetrievalAnswer answer = await host.Retriever.AnswerAsync(new RetrievalRequest(new UserFeatures { Id = "nobody" }, 10), default);

        Assert.Equal(made.Best([0, 0], [], 10), answer.Ads.Select(a => a.Id));
        Assert.Equal(new UserReading(false, 0, 0, 0), answer.User);
    }

    [Fact]
    public async Task Labels_stand_for_codes_and_an_unheard_of_label_for_unknown()
    {
        using var made = new HandMadeModel(300);
        using EmbeddedHost host = Host(made, made.Index(1), new UserDirectory(made.Dataset));

        RetrievalAnswer female =
            await host.Retriever.AnswerAsync(Request(10, profile: new() { ["gender"] = ProfileValue.OfLabel("f") }), default);
        RetrievalAnswer unheardOf = await host.Retriever.AnswerAsync(
            Request(10, profile: new() { ["gender"] = ProfileValue.OfLabel("x") }), default);

        Assert.Equal(made.Best([1, 0], [], 10), female.Ads.Select(a => a.Id));
        Assert.Equal(made.Best([0, 0], [], 10), unheardOf.Ads.Select(a => a.Id));
    }

    [Fact]
    public async Task A_model_of_later_data_knows_users_and_labels_by_its_own_codes()
    {
        // The data set was read before there was a third gender, and counted otherwise.
        using HandMadeModel data = new(300), later = new(HandMadeModel.Ids(300), genders: ["", "x", "m", "f"]);
        using EmbeddedHost host = Host(data, data.Index(1), new UserDirectory(data.Dataset));
        host.Load(Options(later, later.Index(1), new UserDirectory(data.Dataset)));

        RetrievalAnswer known = await host.Retriever.AnswerAsync(new RetrievalRequest(new UserFeatures { Id = "ann" }, 10), default);
        RetrievalAnswer third = await host.Retriever.AnswerAsync(
            Request(10, profile: new() { ["gender"] = ProfileValue.OfLabel("x") }), default);

        Assert.Equal(later.Best([3, 4], [0, 1, 2], 10), known.Ads.Select(a => a.Id));
        Assert.Equal(later.Best([1, 0], [], 10), third.Ads.Select(a => a.Id));
    }

    [Fact]
    public async Task A_model_that_was_saved_without_labels_is_read_by_those_of_the_data_set()
    {
        using var made = new HandMadeModel(300);
        string config = Path.Combine(made.ModelPath, ModelDirectory.ConfigFile);
        JsonNode json = JsonNode.Parse(await File.ReadAllTextAsync(config))!;
        Assert.True(json["userFields"]![0]!.AsObject().Remove("labelled"));
        await File.WriteAllTextAsync(config, json.ToJsonString());
        File.Delete(Path.Combine(made.ModelPath, LabelFile.FileName));
        using EmbeddedHost host = Host(made, made.Index(1), new UserDirectory(made.Dataset));

        RetrievalAnswer female =
            await host.Retriever.AnswerAsync(Request(10, profile: new() { ["gender"] = ProfileValue.OfLabel("f") }), default);

        Assert.Equal(made.Best([1, 0], [], 10), female.Ads.Select(a => a.Id));
    }

    [Fact]
    public async Task What_a_model_has_no_label_for_is_unknown_to_it()
    {
        using HandMadeModel data = new(300), other = new(HandMadeModel.Ids(300), genders: ["", "m", "x"]);
        using EmbeddedHost host = Host(other, other.Index(1), new UserDirectory(data.Dataset));

        RetrievalAnswer known = await host.Retriever.AnswerAsync(new RetrievalRequest(new UserFeatures { Id = "ann" }, 10), default);

        Assert.Equal(other.Best([0, 4], [0, 1, 2], 10), known.Ads.Select(a => a.Id));
    }

    [Fact]
    public void Users_whose_fields_mean_something_else_are_refused_and_the_field_is_named()
    {
        using var made = new HandMadeModel(50);
        FeatureTable users = made.Dataset.Users;
        string index = made.Index(1);
        UserDirectory With(params Field[] fields) => new(made.Dataset with { Users = users with { Fields = fields } });

        var renamed = Assert.Throws<InvalidDataException>(
            () => Host(made, index, With(users.Fields[0], new Field("years", 5))));
        var larger = Assert.Throws<InvalidDataException>(() => Host(made, index, With(users.Fields[0], new Field("age", 6))));
        var unlabelled = Assert.Throws<InvalidDataException>(() => Host(made, index, With(new Field("gender", 4), users.Fields[1])));

        Assert.Contains("profile field 'age', which the users' data set does not have", renamed.Message);
        Assert.Contains("'age' has 5 codes and that of the users' data set 6", larger.Message);
        Assert.Contains("'gender' has 3 codes and that of the users' data set 4", unlabelled.Message);
    }

    [Fact]
    public async Task Of_a_long_sequence_the_newest_known_ads_count_and_the_rest_is_said()
    {
        using var made = new HandMadeModel(300);
        using EmbeddedHost host = Host(made, made.Index(2));
        string[] sequence = [.. Enumerable.Range(0, 13).Select(i => $"ad{i}"), "unknown", "ad12"];

        RetrievalAnswer answer = await host.Retriever.AnswerAsync(Request(10, sequence), default);

        Assert.Equal(new UserReading(false, 10, 1, 4), answer.User);
        Assert.Equal(made.Best([0, 0], [4, 5, 6, 7, 8, 9, 10, 11, 12, 12], 10), answer.Ads.Select(a => a.Id));
    }

    [Theory]
    [InlineData("shoeSize", 1, null, "gender, age")]
    [InlineData("gender", 3, null, "0 (unknown) to 2")]
    [InlineData("gender", -1, null, "0 (unknown) to 2")]
    [InlineData("age", 0, "old", "no labels")]
    public async Task A_wrong_profile_is_refused_with_the_field(string field, int code, string? label, string reason)
    {
        using var made = new HandMadeModel(20);
        using EmbeddedHost host = Host(made, made.Index(1), new UserDirectory(made.Dataset));

        var error = await Assert.ThrowsAsync<InvalidRequestException>(
            () => host.Retriever.AnswerAsync(Request(3, profile: new() { [field] = new ProfileValue(code, label) }), default));

        Assert.Equal($"user.profile.{field}", error.Field);
        Assert.Contains(reason, error.Reason);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_host_may_have_hardly_any_ads(int ads)
    {
        using var made = new HandMadeModel(ads);
        using EmbeddedHost host = Host(made, made.Index(2));

        RetrievalAnswer answer = await host.Retriever.AnswerAsync(Request(5, sequence: ["ad0"]), default);

        Assert.Equal(made.Dataset.Items.Ids, answer.Ads.Select(a => a.Id));
        Assert.Equal(1, answer.Coverage);
    }

    [Fact]
    public async Task Another_version_is_loaded_while_requests_run()
    {
        using HandMadeModel first = new(200, seed: 1), second = new(200, seed: 2);
        string[][] best = [first.Best([0, 0], [3], 10), second.Best([0, 0], [3], 10)];
        Assert.NotEqual(best[0], best[1]);
        string[] indexes = [first.Index(2), second.Index(1)];
        using EmbeddedHost host = Host(first, indexes[0]);
        using var done = new CancellationTokenSource();
        var begun = new TaskCompletionSource();
        Task requests = Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                RetrievalAnswer answer = await host.Retriever.AnswerAsync(Request(10, ["ad3"]), default);
                int version = int.Parse(answer.Version[(answer.Version.IndexOf('.') + 1)..]);
                Assert.Equal(best[(version - 1) % 2], answer.Ads.Select(a => a.Id));
                begun.TrySetResult();
            }
        });
        // A client that failed never gets so far; it is told of below.
        await Task.WhenAny(begun.Task, requests);

        for (int load = 1; load <= 6; load++)
            host.Load(Options(load % 2 == 0 ? first : second, indexes[load % 2], null));
        await done.CancelAsync();
        await requests;
        Assert.True(begun.Task.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_load_that_fails_leaves_what_was_served()
    {
        using HandMadeModel first = new(200, seed: 1), second = new(200, seed: 2);
        using EmbeddedHost host = Host(first, first.Index(1));

        var wrongModel = Assert.Throws<InvalidDataException>(() => host.Load(Options(second, first.Index(2), null)));
        Assert.Throws<DirectoryNotFoundException>(() => host.Load(Options(first, "nowhere", null)));

        Assert.Contains("Build the index again", wrongModel.Message);
        Assert.Equal(first.Best([0, 0], [], 5), (await host.Retriever.AnswerAsync(Request(5), default)).Ads.Select(a => a.Id));
    }

    [Fact]
    public void A_truncated_shard_is_refused()
    {
        using var made = new HandMadeModel(200);
        string index = made.Index(2);
        string shard = IndexDirectory.ShardPath(index, 1);
        byte[] bytes = File.ReadAllBytes(shard);
        File.WriteAllBytes(shard, bytes[..(bytes.Length / 2)]);

        Assert.Contains("shard-1", Assert.Throws<InvalidDataException>(() => Host(made, index)).Message);
    }

    [Fact]
    public async Task A_load_that_fails_late_closes_the_files_it_opened_and_leaves_what_was_served()
    {
        using var made = new HandMadeModel(200);
        string index = made.Index(2);
        using EmbeddedHost host = Host(made, index);
        EmbeddedHostOptions senseless = Options(made, index, null) with { Parameters = new GuidedSearchParameters { MaxScorings = 0 } };

        int before = OpenFiles(index);
        Assert.Contains("MaxScorings", Assert.Throws<ArgumentException>(() => host.Load(senseless)).Message);

        Assert.Equal(before, OpenFiles(index));
        Assert.Equal(made.Best([0, 0], [], 5), (await host.Retriever.AnswerAsync(Request(5), default)).Ads.Select(a => a.Id));
    }

    /// <summary>Number of mappings of files of a folder into this process; 0 where the system does not tell.</summary>
    private static int OpenFiles(string folder) =>
        OperatingSystem.IsLinux() ? File.ReadLines("/proc/self/maps").Count(line => line.Contains(folder, StringComparison.Ordinal)) : 0;

    [Fact]
    public void A_shard_of_another_model_or_with_other_ads_is_refused()
    {
        using HandMadeModel first = new(200, seed: 1), second = new(200, seed: 2);
        string index = first.Index(2), other = second.Index(2);
        IndexManifest manifest = IndexDirectory.ReadManifest(index);
        IndexDirectory.WriteManifest(index, manifest with { Shards = [manifest.Shards[0], manifest.Shards[1] with { Ads = 7 }] });
        Assert.Contains("manifest says 7", Assert.Throws<InvalidDataException>(() => Host(first, index)).Message);

        IndexDirectory.WriteManifest(index, manifest);
        File.Copy(IndexDirectory.ShardPath(other, 1), IndexDirectory.ShardPath(index, 1), overwrite: true);
        Assert.Contains("shard-1", Assert.Throws<InvalidDataException>(() => Host(first, index)).Message);
    }

    [Fact]
    public void A_vector_model_is_refused()
    {
        using var made = new HandMadeModel(50);
        string index = made.Index(1);
        ModelConfig config = made.Model.Config with { Kind = ModelKind.TwoTower };
        ModelDirectory.Save(made.ModelPath, ModelDirectory.Create(config, new SeededRandom(1)));
        IndexDirectory.WriteManifest(
            index, IndexDirectory.ReadManifest(index) with { ModelFingerprint = ModelFingerprint.Of(made.ModelPath) });

        Assert.Throws<NotSupportedException>(() => Host(made, index));
    }

    private static EmbeddedHost Host(HandMadeModel made, string index, UserDirectory? users = null)
    {
        var host = new EmbeddedHost(threads: 2);
        host.Load(Options(made, index, users));
        return host;
    }

    private static EmbeddedHostOptions Options(HandMadeModel made, string index, UserDirectory? users) =>
        new() { ModelDirectory = made.ModelPath, IndexDirectory = index, Users = users, Parameters = Everything };

    private static RetrievalRequest Request(int k, string[]? sequence = null, Dictionary<string, ProfileValue>? profile = null) =>
        new(new UserFeatures { Sequence = sequence, Profile = profile }, k);
}
