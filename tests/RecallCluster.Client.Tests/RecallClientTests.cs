using System.Net;
using System.Text.Json;

namespace RecallCluster.Client.Tests;

public class RecallClientTests
{
    private const string Answer = """
        {"requestId":"r1","ads":[{"slotId":"s","position":0,"adId":"ad7","campaignId":3,"advertiserDomain":"a.example","categories":[],
        "creative":{"kind":"banner","width":300,"height":250,"media":"https://a.example/m.png","mediaType":"image/png"},
        "landingPage":"https://a.example/","ecpm":12.5,"price":0.01,"charged":"impression","pCtr":0.05,"pCvr":0.1,
        "tracking":{"impression":"http://d/t/aa.1","click":"http://d/t/bb.2","conversion":"http://d/t/cc.3"}}],
        "version":"v","bookVersion":4,"coverage":1,"scorings":2000,"somethingNew":{}}
        """;

    [Fact]
    public async Task A_request_goes_out_and_the_answer_comes_back()
    {
        using var transport = new FakeTransport((_, _, _) => FakeTransport.Json(Answer));
        using RecallClient client = transport.Client();

        AdsAnswer answer = await client.AdsAsync(new AdsRequest
        {
            User = new AdsUser { Id = "u" }, Slots = [new AdsSlot { Id = "s", Floor = 1.5m }], Sale = AdsSale.FirstPrice,
        });

        AdsPlaced ad = Assert.Single(answer.Ads);
        Assert.Equal(("ad7", 3, 12.5m, 0.05), (ad.AdId, ad.CampaignId, ad.Ecpm, ad.PCtr));
        (HttpMethod method, string path, string body) = Assert.Single(transport.Seen);
        Assert.Equal((HttpMethod.Post, "/v1/ads"), (method, path));
        Assert.Equal("""{"user":{"id":"u"},"slots":[{"id":"s","floor":1.5}],"sale":"firstPrice"}""", body);
    }

    [Fact]
    public async Task A_refusal_names_the_field()
    {
        using var transport = new FakeTransport((_, _, _) => FakeTransport.Json(
            """{"type":"urn:x","title":"No.","status":400,"detail":"slots: what is on sale?","field":"slots"}""",
            HttpStatusCode.BadRequest));
        using RecallClient client = transport.Client();

        RecallException e = await Assert.ThrowsAsync<RecallException>(() => client.AdsAsync(new AdsRequest { Slots = [] }));

        Assert.Equal((400, "slots", false), (e.Status, e.Field, e.IsTransient));
        Assert.Contains("on sale", e.Message, StringComparison.Ordinal);
        Assert.Single(transport.Seen);
    }

    [Fact]
    public async Task A_door_that_is_overloaded_is_asked_again()
    {
        using var transport = new FakeTransport((call, _, _) =>
            call < 3 ? new HttpResponseMessage(HttpStatusCode.ServiceUnavailable) : FakeTransport.Json(Answer));
        using RecallClient client = transport.Client();

        await client.AdsAsync(new AdsRequest { Slots = [] });

        Assert.Equal(3, transport.Seen.Count);
    }

    [Fact]
    public async Task Retries_come_out_of_a_budget()
    {
        using var transport = new FakeTransport((_, _, _) => new HttpResponseMessage(HttpStatusCode.ServiceUnavailable));
        using RecallClient client = transport.Client(new RetryOptions
        {
            FirstDelay = TimeSpan.Zero, MaxAttempts = 10, BudgetCapacity = 5, BudgetPerCall = 0.1,
        });

        for (int i = 0; i < 20; i++)
            await Assert.ThrowsAsync<RecallException>(() => client.AdsAsync(new AdsRequest { Slots = [] }));

        // The five that were saved up, and a tenth of the twenty calls less the first, which found the budget full.
        Assert.InRange(transport.Seen.Count, 20 + 5, 20 + 5 + 2);
    }

    [Theory]
    [InlineData(HttpRequestError.ConnectionError, 2)]
    [InlineData(HttpRequestError.ResponseEnded, 1)]
    public async Task A_request_for_ads_that_may_have_arrived_is_not_sent_again(HttpRequestError error, int calls)
    {
        using var transport =
            new FakeTransport((call, _, _) => call == 1 ? throw new HttpRequestException(error) : FakeTransport.Json(Answer));
        using RecallClient client = transport.Client();

        Exception? failure = await Record.ExceptionAsync(() => client.AdsAsync(new AdsRequest { Slots = [] }));

        Assert.Equal(calls, transport.Seen.Count);
        Assert.Equal(calls == 1, failure is HttpRequestException);
    }

    [Fact]
    public async Task Events_that_may_have_arrived_are_sent_again_as_they_were()
    {
        using var transport = new FakeTransport((call, _, _) => call == 1
            ? throw new HttpRequestException(HttpRequestError.ResponseEnded)
            : FakeTransport.Json("""{"results":[{"outcome":"duplicate","charged":0,"free":0}]}""", HttpStatusCode.Accepted));
        using RecallClient client = transport.Client();

        FeedbackResult result = await client.SendEventAsync(AdFeedback.Conversion(await PlacedAsync(), 2));

        Assert.True(result.IsDuplicate);
        Assert.Equal(2, transport.Seen.Count);
        Assert.Single(transport.Seen.Distinct());
        Assert.Equal("""{"events":[{"token":"cc.3","number":2}]}""", transport.Seen.First().Body);
    }

    [Fact]
    public async Task An_engagement_uses_the_token_of_the_conversion()
    {
        using var transport = new FakeTransport((_, _, _) =>
            FakeTransport.Json("""{"results":[{"outcome":"applied","charged":0,"free":0}]}""", HttpStatusCode.Accepted));
        using RecallClient client = transport.Client();

        await client.SendEventAsync(AdFeedback.Engagement(await PlacedAsync(), [1.5, 2]));

        Assert.Equal("""{"events":[{"token":"cc.3","kind":"engagement","signals":[1.5,2]}]}""", transport.Seen.Single().Body);
    }

    [Fact]
    public async Task A_call_ends_when_its_time_is_over()
    {
        using var transport = new HangingTransport();
        using var client = new RecallClient(new RecallClientOptions
        {
            Door = new Uri("http://door.example"), Transport = () => transport, Timeout = TimeSpan.FromMilliseconds(20),
        });

        await Assert.ThrowsAsync<TimeoutException>(() => client.AdsAsync(new AdsRequest { Slots = [] }));
    }

    [Fact]
    public async Task An_answer_that_is_no_JSON_is_said_to_be_none()
    {
        using var transport = new FakeTransport((_, _, _) => FakeTransport.Json("<html>"));
        using RecallClient client = transport.Client();

        RecallException e = await Assert.ThrowsAsync<RecallException>(() => client.AdsAsync(new AdsRequest { Slots = [] }));

        Assert.IsType<JsonException>(e.InnerException, exactMatch: false);
    }

    [Fact]
    public async Task Bids_pass_through_as_they_are()
    {
        using var transport = new FakeTransport((call, request, _) =>
        {
            Assert.Equal("2.6", request.Headers.GetValues("x-openrtb-version").Single());
            return call == 1 ? FakeTransport.Json("""{"id":"1"}""") : new HttpResponseMessage(HttpStatusCode.NoContent);
        });
        using RecallClient client = transport.Client();

        OpenRtbReply bid = await client.BidAsync("""{"id":"1","imp":[]}"""u8.ToArray()), none = await client.BidAsync("{}"u8.ToArray());

        Assert.True(bid.HasBid);
        Assert.Equal("""{"id":"1"}"""u8.ToArray(), bid.Body);
        Assert.False(none.HasBid);
        Assert.Equal("""{"id":"1","imp":[]}""", transport.Seen.First().Body);
    }

    [Fact]
    public async Task All_pages_of_campaigns_are_read()
    {
        const string Standing = """
            {"id":ID,"version":1,"status":"active","settings":{"name":"c"},"today":{"date":"2026-01-01","budget":5,"spent":1.5,"leased":0,
            "impressions":1,"clicks":0,"conversions":0,"freeEvents":0,"freeAmount":0},"totalSpent":1.5,"plannedShare":0.1,"weights":[1],
            "kpis":[{"name":"cpc","value":null,"limit":2}],"ticks":[]}
            """;
        using var transport = new FakeTransport((call, _, _) => FakeTransport.Json(
            $$"""
            {"campaigns":[{{Standing.Replace("ID", $"{call}", StringComparison.Ordinal)}}],"next":{{(call == 1 ? "\"1\"" : "null")}}}
            """));
        using RecallClient client = transport.Client();

        List<CampaignStanding> campaigns = await new RecallAdmin(client).CampaignsAsync().ToListAsync();

        Assert.Equal([1, 2], campaigns.Select(campaign => campaign.Id));
        Assert.Null(campaigns[0].Kpis[0].Value);
        Assert.Equal(["/v1/campaigns?after=0&limit=200", "/v1/campaigns?after=1&limit=200"], transport.Seen.Select(call => call.Path));
    }

    [Theory]
    [InlineData(0L, "If-None-Match", "*")]
    [InlineData(7L, "If-Match", "\"v7\"")]
    public async Task A_change_says_what_it_is_based_on(long version, string header, string value)
    {
        using var transport = new FakeTransport((_, request, _) =>
        {
            Assert.Equal(value, request.Headers.NonValidated[header].Single());
            return new HttpResponseMessage(HttpStatusCode.PreconditionFailed);
        });
        using RecallClient client = transport.Client();

        RecallException e = await Assert.ThrowsAsync<RecallException>(
            () => new RecallAdmin(client).PutCampaignAsync(5, new Campaign(), version));

        Assert.Equal(412, e.Status);
    }

    [Fact]
    public async Task A_campaign_without_kpis_and_history_has_empty_lists()
    {
        using var transport = new FakeTransport((_, _, _) => FakeTransport.Json("""
            {"id":5,"version":1,"settings":{},"today":{"date":"2026-05-01","budget":1,"spent":0,"leased":0,"impressions":0,"clicks":0,
            "conversions":0,"freeEvents":0,"freeAmount":0},"weights":[1]}
            """));
        using RecallClient client = transport.Client();

        CampaignStanding campaign = await new RecallAdmin(client).CampaignAsync(5);

        Assert.Equal((0, 0), (campaign.Kpis.Count, campaign.Ticks.Count));
    }

    [Theory]
    [InlineData(null, 2)]
    [InlineData(0L, 1)]
    [InlineData(7L, 1)]
    public async Task A_change_that_is_based_on_a_version_is_not_sent_twice(long? version, int attempts)
    {
        // Had the first one arrived, the second would be told that somebody else came first.
        using var transport = new FakeTransport((_, _, _) => throw new HttpRequestException(HttpRequestError.ResponseEnded));
        using RecallClient client = transport.Client(new RetryOptions { FirstDelay = TimeSpan.Zero, MaxAttempts = 2 });

        await Assert.ThrowsAsync<HttpRequestException>(() => new RecallAdmin(client).PutCampaignAsync(5, new Campaign(), version));

        Assert.Equal(attempts, transport.Seen.Count);
    }

    internal static async Task<AdsPlaced> PlacedAsync()
    {
        using var transport = new FakeTransport((_, _, _) => FakeTransport.Json(Answer));
        using RecallClient client = transport.Client();
        return (await client.AdsAsync(new AdsRequest { Slots = [] })).Ads[0];
    }

    private sealed class HangingTransport : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return new HttpResponseMessage();
        }
    }
}
