using System.Text.Json;
using RecallCluster.Serving;

namespace RecallCluster.Http.Tests;

public class CandidatesRouteTests
{
    [Fact]
    public async Task Ads_come_back_with_scores_coverage_version_and_timings()
    {
        var users = new GenderOnly();
        await using Door door = await Door.OpenAsync(Door.Serving(users, new HundredAds()));

        (int status, string? type, JsonElement body) = await door.PostAsync(
            """{"user":{"id":"known","profile":{"gender":1},"sequence":["ad9","ad8"]},"k":3,"deadlineMs":5000.5,"maxScorings":50}""");

        Assert.Equal((200, "application/json"), (status, type));
        Assert.Equal(["ad0", "ad1", "ad2"], body.GetProperty("ads").EnumerateArray().Select(a => a.GetProperty("id").GetString()));
        Assert.Equal(0.5f, body.GetProperty("ads")[1].GetProperty("score").GetSingle());
        Assert.Equal(1, body.GetProperty("coverage").GetDouble());
        Assert.Equal("v7", body.GetProperty("version").GetString());
        Assert.Equal(100, body.GetProperty("scorings").GetInt64());
        Assert.Equal("scorings", body.GetProperty("limits")[0].GetString());
        Assert.True(body.GetProperty("user").GetProperty("known").GetBoolean());
        Assert.Equal(["prepareMs", "searchMs", "mergeMs", "totalMs"], body.GetProperty("timings").EnumerateObject().Select(p => p.Name));
        Assert.Equal(["ad9", "ad8"], users.Asked!.Sequence!);
        Assert.Equal(ProfileValue.OfCode(1), users.Asked.Profile!["gender"]);
    }

    [Fact]
    public async Task A_score_beyond_all_numbers_is_said_in_words()
    {
        await using Door door = await Door.OpenAsync(Door.Serving(new GenderOnly(), new HundredAds(best: float.PositiveInfinity)));

        (int status, _, JsonElement body) = await door.PostAsync("""{"k":2}""");

        Assert.Equal(200, status);
        Assert.Equal("Infinity", body.GetProperty("ads")[0].GetProperty("score").GetString());
        Assert.Equal(0.5f, body.GetProperty("ads")[1].GetProperty("score").GetSingle());
    }

    [Fact]
    public async Task An_unknown_user_without_features_is_served()
    {
        await using Door door = await Door.OpenAsync(Door.Serving(new GenderOnly(), new HundredAds()));

        foreach (string user in new[] { "{}", """{"id":"nobody"}""", """{"sequence":[]}""", "null" })
        {
            (int status, _, JsonElement body) = await door.PostAsync($$"""{"k":2,"user":{{user}} }""");

            Assert.Equal(200, status);
            Assert.Equal(2, body.GetProperty("ads").GetArrayLength());
            Assert.False(body.GetProperty("user").GetProperty("known").GetBoolean());
        }
    }

    [Fact]
    public async Task A_sequence_over_the_limit_is_served_and_said()
    {
        await using Door door = await Door.OpenAsync(Door.Serving(new GenderOnly(), new HundredAds()));

        (_, _, JsonElement body) = await door.PostAsync("""{"user":{"sequence":["a","b","c","d","e"]},"k":2}""");

        Assert.Equal(3, body.GetProperty("user").GetProperty("sequenceLength").GetInt32());
        Assert.Equal(2, body.GetProperty("user").GetProperty("droppedSequenceItems").GetInt32());
    }

    [Fact]
    public async Task Excluded_ads_stay_away_and_K_may_exceed_what_there_is()
    {
        await using Door door = await Door.OpenAsync(Door.Serving(new GenderOnly(), new HundredAds()));

        (_, _, JsonElement body) = await door.PostAsync("""{"k":5000,"exclude":["ad0","ad1","no such ad"]}""");

        Assert.Equal(98, body.GetProperty("ads").GetArrayLength());
        Assert.Equal("ad2", body.GetProperty("ads")[0].GetProperty("id").GetString());
    }

    [Fact]
    public async Task A_failing_shard_makes_a_partial_answer()
    {
        await using Door door = await Door.OpenAsync(Door.Serving(new GenderOnly(), new HundredAds(), new HundredAds("gone")));

        (int status, _, JsonElement body) = await door.PostAsync("""{"k":2}""");

        Assert.Equal(200, status);
        Assert.Equal(0.5, body.GetProperty("coverage").GetDouble());
        Assert.Equal("gone", body.GetProperty("failures")[0].GetProperty("reason").GetString());
    }

    [Fact]
    public async Task With_every_shard_gone_the_service_is_unavailable()
    {
        await using Door door = await Door.OpenAsync(Door.Serving(new GenderOnly(), new HundredAds("gone")));

        (int status, string? type, JsonElement body) = await door.PostAsync("""{"k":2}""");

        Assert.Equal((503, "application/problem+json"), (status, type));
        Assert.Contains("gone", body.GetProperty("detail").GetString());
    }

    [Theory]
    [InlineData("""{"k":0}""", "k", "positive")]
    [InlineData("""{"k":-5}""", "k", "positive")]
    [InlineData("""{"k":5001}""", "k", "at most 5000")]
    [InlineData("""{}""", "k", "missing")]
    [InlineData("""{"k":null}""", "k", "missing")]
    [InlineData("""{"k":"7"}""", "k", "whole number")]
    [InlineData("""{"k":1.5}""", "k", "whole number")]
    [InlineData("""{"k":99999999999}""", "k", "whole number")]
    [InlineData("""{"k":1,"deadlineMs":0}""", "deadlineMs", "positive")]
    [InlineData("""{"k":1,"deadlineMs":1e9}""", "deadlineMs", "at most 60000")]
    [InlineData("""{"k":1,"deadlineMs":"soon"}""", "deadlineMs", "milliseconds")]
    [InlineData("""{"k":1,"maxScorings":0}""", "maxScorings", "positive")]
    [InlineData("""{"k":1,"exclude":"ad1"}""", "exclude", "array")]
    [InlineData("""{"k":1,"exclude":[1]}""", "exclude[0]", "array")]
    [InlineData("""{"k":1,"user":[]}""", "user", "object")]
    [InlineData("""{"k":1,"user":{"id":7}}""", "user.id", "string")]
    [InlineData("""{"k":1,"user":{"id":""}}""", "user.id", "1 to 256 bytes")]
    [InlineData("""{"k":1,"user":{"profile":{"gender":"\ud83d"}}}""", "user.profile.gender", "well-formed")]
    [InlineData("""{"k":1,"user":{"sequence":"ad1"}}""", "user.sequence", "array")]
    [InlineData("""{"k":1,"user":{"sequence":["a",null]}}""", "user.sequence[1]", "not null")]
    [InlineData("""{"k":1,"user":{"sequence":["a",7]}}""", "user.sequence[1]", "array of ad ids")]
    [InlineData("""{"k":1,"user":{"profile":[1]}}""", "user.profile", "object")]
    [InlineData("""{"k":1,"user":{"profile":{"gender":1.5}}}""", "user.profile.gender", "code")]
    [InlineData("""{"k":1,"user":{"profile":{"gender":9}}}""", "user.profile.gender", "0 to 2")]
    [InlineData("""{"k":1,"user":{"profile":{"shoeSize":1}}}""", "user.profile.shoeSize", "no such")]
    [InlineData("""{"k":1,"kk":1}""", "kk", "no such field")]
    [InlineData("""{"k":1,"user":{"age":3}}""", "user.age", "no such field")]
    [InlineData("""{"k":1,"k":2}""", "k", "")]
    [InlineData("""[1]""", "body", "object")]
    [InlineData("""null""", "body", "null")]
    [InlineData("", "body", "malformed")]
    [InlineData("""{"k":1""", "k", "malformed")]
    [InlineData("""{"k":1}x""", "body", "malformed")]
    [InlineData("""{"user":{"sequence":["a",}}""", "user.sequence[1]", "malformed JSON at line 1, byte")]
    public async Task Bad_input_is_answered_with_field_and_reason(string body, string field, string reason)
    {
        var shard = new HundredAds();
        await using Door door = await Door.OpenAsync(Door.Serving(new GenderOnly(), shard));

        (int status, string? type, JsonElement problem) = await door.PostAsync(body);

        Assert.Equal((400, "application/problem+json"), (status, type));
        Assert.Equal(field, problem.GetProperty("field").GetString());
        Assert.Contains(reason, problem.GetProperty("reason").GetString());
        Assert.Equal(400, problem.GetProperty("status").GetInt32());
        Assert.DoesNotContain("System.", problem.ToString());
        Assert.Null(shard.Asked);
    }

    [Fact]
    public async Task A_body_that_is_not_compressed_as_it_says_is_refused()
    {
        await using Door door = await Door.OpenAsync(Door.Serving(new GenderOnly(), new HundredAds()));
        using var content = new ByteArrayContent("""{"k":1}"""u8.ToArray());
        content.Headers.ContentType = new("application/json");
        content.Headers.ContentEncoding.Add("gzip");

        using HttpResponseMessage response = await door.Client.PostAsync(new Uri("/v1/candidates", UriKind.Relative), content);

        Assert.Equal(400, (int)response.StatusCode);
        Assert.Contains("Content-Encoding", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_of_another_type_or_over_the_limit_is_refused()
    {
        await using Door door = await Door.OpenAsync(
            Door.Serving(new GenderOnly(), new HundredAds()), new FrontDoorLimits { MaxBodyBytes = 1000 });

        (int otherType, string? problemType, _) = await door.PostAsync("k=1", "application/x-www-form-urlencoded");
        (int tooLarge, _, JsonElement problem) = await door.PostAsync($$"""{"k":1,"user":{"id":"{{new string('x', 2000)}}"} }""");

        Assert.Equal((415, "application/problem+json"), (otherType, problemType));
        Assert.Equal(413, tooLarge);
        Assert.Equal(413, problem.GetProperty("status").GetInt32());
    }

    [Fact]
    public async Task Other_paths_and_methods_are_problems_too()
    {
        await using Door door = await Door.OpenAsync(Door.Serving(new GenderOnly(), new HundredAds()));

        (int missing, string? type, _) = await door.GetAsync("/v2/ads");
        (int wrongMethod, _, JsonElement problem) = await door.GetAsync("/v1/candidates");

        Assert.Equal((404, "application/problem+json"), (missing, type));
        Assert.Equal(405, wrongMethod);
        Assert.Equal("Method Not Allowed", problem.GetProperty("title").GetString());
    }

    [Fact]
    public async Task A_defect_is_a_plain_500_that_tells_nothing_of_our_insides()
    {
        await using Door door = await Door.OpenAsync(Door.Serving(new Broken(), new HundredAds()));

        (int status, string? type, JsonElement problem) = await door.PostAsync("""{"k":1}""");

        Assert.Equal((500, "application/problem+json"), (status, type));
        Assert.DoesNotContain("secret", problem.ToString());
    }

    [Fact]
    public async Task Ready_only_once_shards_are_loaded()
    {
        var retriever = new AdRetriever(TimeProvider.System);
        await using Door door = await Door.OpenAsync(retriever);

        Assert.Equal(200, (await door.GetAsync("/healthz")).Status);
        Assert.Equal(503, (await door.GetAsync("/readyz")).Status);
        Assert.Equal(503, (await door.PostAsync("""{"k":1}""")).Status);

        retriever.Publish(new RetrieverVersion("v1", new GenderOnly(), [new ShardSlot(new HundredAds(), 100)]));

        (int status, _, JsonElement body) = await door.GetAsync("/readyz");
        Assert.False(body.TryGetProperty("failing", out JsonElement failing) && failing.ValueKind != JsonValueKind.Null);
        Assert.Equal(200, status);
        Assert.Equal(
            ("v1", 1, 100),
            (body.GetProperty("version").GetString(), body.GetProperty("shards").GetInt32(), body.GetProperty("ads").GetInt32()));
        Assert.Equal(200, (await door.PostAsync("""{"k":1}""")).Status);
    }

    [Fact]
    public async Task Many_requests_at_once_each_get_their_own_answer()
    {
        await using Door door = await Door.OpenAsync(Door.Serving(new GenderOnly(), new HundredAds(), new HundredAds()));

        var answers = await Task.WhenAll(Enumerable.Range(1, 60).Select(k => door.PostAsync($$"""{"k":{{k}} }""")));

        Assert.Equal(Enumerable.Range(1, 60), answers.Select(a => a.Body.GetProperty("ads").GetArrayLength()));
    }

    private sealed class Broken : IUserStatePreparer
    {
        public PreparedUser Prepare(UserFeatures user) => throw new NotSupportedException("a secret of ours");
    }
}
