using System.Text.Json;
using RecallCluster.Serving;
using RecallCluster.Serving.Catalogue;

namespace RecallCluster.Http.Tests;

public class AdsRouteTests
{
    private const string Full = """
        {"id":"r1","user":{"id":"u","profile":{"gender":1,"age":"20-30"},"sequence":["a1"]},"context":{"country":"deu","device":"phone",
        "publisher":"p.example",
        "categories":["IAB2"],"language":"DE","region":"BE"},"slots":[{"id":"top","count":2,"formats":[{"kind":"banner","width":300,
        "height":250}],"floor":0.2500001,
        "deals":[{"id":"d","floor":1.5,"firstPrice":true,"advertisers":["x.example"]}],"dealsOnly":true}],"blocked":{"categories":["IAB25"],
        "advertisers":["bad.example"],
        "ads":["a9"]},"mayPersonalise":false,"sale":"firstPrice","deadlineMs":50,"maxScorings":2000}
        """;

    [Fact]
    public async Task Every_field_reaches_the_gateway_and_the_answer_says_it_all()
    {
        var gateway = new FakeGateway(_ => FakeCatalogue.AdOf("ad1"));
        await using Door door = await Door.OpenAsync(
            new FrontDoorParts { Gateway = gateway }, new FrontDoorOptions { PublicUrl = new Uri("https://ads.example/") });

        Reply reply = await door.SendAsync("POST", "/v1/ads", Full);

        AdRequest asked = gateway.Asked!;
        Assert.Equal(200, reply.Status);
        Assert.Equal(
            ("r1", "u", false, SaleKind.FirstPrice, 2000), (asked.Id, asked.User.Id, asked.MayPersonalise, asked.Sale, asked.MaxScorings));
        Assert.Equal(("DEU", DeviceKind.Phone, "de"), (asked.Context.Country, asked.Context.Device, asked.Context.Language));
        Assert.Equal(TimeSpan.FromMilliseconds(50), asked.Deadline);
        Assert.Equal(ProfileValue.OfLabel("20-30"), asked.User.Profile!["age"]);
        SlotRequest slot = Assert.Single(asked.Slots);
        Assert.Equal(("top", 2, 250_001L, true), (slot.Id, slot.Count, slot.Floor.Value, slot.DealsOnly));
        Assert.Equal(new FormatRequest(CreativeKind.Banner, 300, 250), Assert.Single(slot.Formats));
        Assert.Equal((1_500_000L, true), (slot.Deals[0].Floor.Value, slot.Deals[0].IsFirstPrice));
        JsonElement ad = reply.Body.GetProperty("ads")[0];
        Assert.Equal("ad1", ad.GetProperty("adId").GetString());
        Assert.Equal(0.0025m, ad.GetProperty("price").GetDecimal());
        Assert.Equal(2.5m, ad.GetProperty("ecpm").GetDecimal());
        Assert.Equal("click", ad.GetProperty("charged").GetString());
        Assert.Equal("banner", ad.GetProperty("creative").GetProperty("kind").GetString());
        Assert.StartsWith("https://ads.example/t/", ad.GetProperty("tracking").GetProperty("click").GetString());
        Assert.False(reply.Body.TryGetProperty("noAd", out _));
        Assert.False(reply.Body.TryGetProperty("explanation", out _));
    }

    [Fact]
    public async Task Without_an_ad_the_reason_is_told_and_a_trial_has_no_tokens()
    {
        await using Door empty =
            await Door.OpenAsync(new FrontDoorParts { Gateway = new FakeGateway(_ => null) { Otherwise = NoAdReason.NoBudget } });
        await using Door full = await Door.OpenAsync(new FrontDoorParts { Gateway = new FakeGateway(_ => FakeCatalogue.AdOf("a")) });

        Assert.Equal(
            "noBudget", (await empty.SendAsync("POST", "/v1/ads", """{"slots":[{"id":"s"}]}""")).Body.GetProperty("noAd").GetString());
        Reply trial = await full.SendAsync("POST", "/v1/ads?explain=true", """{"slots":[{"id":"s"}],"test":true}""");
        Assert.False(trial.Body.GetProperty("ads")[0].TryGetProperty("tracking", out _));
        Assert.Equal("won", trial.Body.GetProperty("explanation")[0].GetProperty("fate").GetString());
    }

    [Fact]
    public async Task With_every_shard_gone_or_no_gateway_the_service_is_unavailable()
    {
        await using Door gone =
            await Door.OpenAsync(new FrontDoorParts { Gateway = new FakeGateway(_ => null) { Otherwise = NoAdReason.NoShardAnswered } });
        await using Door none = await Door.OpenAsync(new FrontDoorParts());
        await using Door loading = await Door.OpenAsync(new FrontDoorParts { Gateway = new FakeGateway(_ => null) { IsReady = false } });

        Assert.Equal(503, (await gone.SendAsync("POST", "/v1/ads", """{"slots":[{"id":"s"}]}""")).Status);
        Reply missing = await none.SendAsync("POST", "/v1/ads", """{"slots":[{"id":"s"}]}""");
        Assert.Equal(503, missing.Status);
        Assert.Contains("gateway", missing.Body.GetProperty("detail").GetString());
        Assert.Equal(503, (await loading.SendAsync("POST", "/v1/ads", """{"slots":[{"id":"s"}]}""")).Status);
    }

    [Theory]
    [InlineData("""{}""", "slots", "missing")]
    [InlineData("""{"slots":[]}""", "slots", "1 to 64")]
    [InlineData("""{"slots":[null]}""", "slots[0]", "object")]
    [InlineData("""{"slots":[{}]}""", "slots[0].id", "missing")]
    [InlineData("""{"slots":[{"id":""}]}""", "slots[0].id", "1 to 256")]
    [InlineData("""{"slots":[{"id":"a"},{"id":"a"}]}""", "slots[1].id", "twice")]
    [InlineData("""{"slots":[{"id":7}]}""", "slots[0].id", "string")]
    [InlineData("""{"slots":[{"id":"a","count":0}]}""", "slots[0].count", "1 to 63")]
    [InlineData("""{"slots":[{"id":"a","floor":-1}]}""", "slots[0].floor", "0 to")]
    [InlineData("""{"slots":[{"id":"a","floor":"1"}]}""", "slots[0].floor", "number")]
    [InlineData("""{"slots":[{"id":"a","formats":[{}]}]}""", "slots[0].formats[0].kind", "missing")]
    [InlineData("""{"slots":[{"id":"a","formats":[{"kind":"poster"}]}]}""", "slots[0].formats[0].kind", "one of banner, native, video")]
    [InlineData("""{"slots":[{"id":"a","formats":[{"kind":1}]}]}""", "slots[0].formats[0].kind", "one of")]
    [InlineData("""{"slots":[{"id":"a","deals":[{}]}]}""", "slots[0].deals[0].id", "missing")]
    [InlineData("""{"slots":[{"id":"a"}],"context":{"country":"Germany"}}""", "context.country", "three letters")]
    [InlineData("""{"slots":[{"id":"a"}],"context":{"device":"toaster"}}""", "context.device", "one of unknown, desktop")]
    [InlineData("""{"slots":[{"id":"a"}],"sale":"bidOnly"}""", "sale", "secondPrice, firstPrice")]
    [InlineData("""{"slots":[{"id":"a"}],"deadlineMs":0}""", "deadlineMs", "positive")]
    [InlineData("""{"slots":[{"id":"a"}],"maxScorings":0}""", "maxScorings", "1 to")]
    [InlineData("""{"slots":[{"id":"a"}],"mayPersonalise":1}""", "mayPersonalise", "true or false")]
    [InlineData("""{"slots":[{"id":"a"}],"blocked":{"ads":[null]}}""", "blocked.ads[0]", "null")]
    [InlineData("""{"slots":[{"id":"a"}],"user":{"profile":{"x":1.5}}}""", "user.profile.x", "code")]
    [InlineData("""{"slots":[{"id":"a"}],"user":{"profile":{"x":"\ud800"}}}""", "user.profile.x", "well-formed")]
    [InlineData("""{"slots":[{"id":"a"}],"colour":1}""", "colour", "no such field")]
    [InlineData("""{"slots":[{"id":"a","size":1}]}""", "slots[0].size", "no such field")]
    [InlineData("""[]""", "body", "object")]
    [InlineData("""null""", "body", "null")]
    [InlineData("""{"slots":[{"id":"a"}]""", "body", "malformed")]
    public async Task Bad_input_is_answered_with_field_and_reason(string body, string field, string reason)
    {
        var gateway = new FakeGateway(_ => null);
        await using Door door = await Door.OpenAsync(new FrontDoorParts { Gateway = gateway });

        Reply reply = await door.SendAsync("POST", "/v1/ads", body);

        Assert.Equal((400, field), (reply.Status, reply.Field));
        Assert.Contains(reason, reply.Reason);
        Assert.Null(gateway.Asked);
    }

    [Fact]
    public async Task A_deeply_nested_body_is_refused()
    {
        await using Door door = await Door.OpenAsync(new FrontDoorParts { Gateway = new FakeGateway(_ => null) });

        Assert.Equal(400, (await door.SendAsync("POST", "/v1/ads", new string('[', 100_000))).Status);
        Assert.Equal(
            400,
            (await door.SendAsync("POST", "/openrtb/2.6/bid",
                $$"""{"id":"1","imp":[{"id":"1"}],"ext":{{new string('[', 1000)}}{{new string(']', 1000)}}}""")).Status);
    }
}
