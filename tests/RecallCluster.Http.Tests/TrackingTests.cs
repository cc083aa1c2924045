using System.Text.Json;
using RecallCluster.Bidding.Money;
using RecallCluster.Http.OpenRtb;
using RecallCluster.Http.Tokens;
using RecallCluster.Http.Tracking;
using RecallCluster.Serving.Feedback;

namespace RecallCluster.Http.Tests;

public sealed class TrackingTests : IAsyncLifetime
{
    private readonly TokenKeyRing _keys = new([TokenKey.Create(1)]);
    private readonly FakeFeedback _feedback = new();
    private readonly FakeCatalogue _catalogue = new();
    private readonly StillClock _clock = new(FakeGateway.Now.AddMinutes(1));
    private Door _door = null!;

    public async Task InitializeAsync()
    {
        _catalogue.Ads["ad1"] = FakeCatalogue.AdOf("ad1");
        var parts = new FrontDoorParts
        {
            Gateway = new FakeGateway(_ => _catalogue.Ads["ad1"]), Feedback = _feedback, Catalogue = _catalogue, BusinessClock = _clock,
        };
        _door = await Door.OpenAsync(parts, new FrontDoorOptions
        {
            Tracking = new TrackingOptions { Keys = _keys },
            OpenRtb = new OpenRtbOptions { Currencies = new CurrencyTable("USD", new Dictionary<string, decimal> { ["EUR"] = 0.8m }) },
        });
    }

    public async Task DisposeAsync() => await _door.DisposeAsync();

    [Fact]
    public async Task An_impression_gets_a_pixel_a_click_its_page_and_a_conversion_counts()
    {
        JsonElement links = (await _door.SendAsync("POST", "/v1/ads", """{"id":"r","user":{"id":"u"},"slots":[{"id":"s"}]}""")).Body.GetProperty("ads")[0].GetProperty("tracking");

        Reply shown = await _door.SendAsync("GET", links.GetProperty("impression").GetString()!);
        Reply clicked = await _door.SendAsync("GET", links.GetProperty("click").GetString()!);
        Reply converted = await _door.SendAsync("GET", links.GetProperty("conversion").GetString()!);

        Assert.Equal((200, "image/gif", "no-store"), (shown.Status, shown.Headers["Content-Type"], shown.Headers["Cache-Control"]));
        Assert.Equal((302, "https://adv.example/landing?a=1&b=2"), (clicked.Status, clicked.Headers["Location"]));
        Assert.Equal(200, converted.Status);
        Assert.Equal([AdEventKind.Impression, AdEventKind.Click, AdEventKind.Conversion], _feedback.Taken.Select(t => t.Kind));
        Assert.All(_feedback.Taken, taken => Assert.Equal(("r", "u", "ad1", 7L), (taken.Win.RequestId, taken.Win.UserId, taken.Win.AdId, taken.Win.CampaignId)));
    }

    [Fact]
    public async Task A_billing_notice_tells_the_price_in_its_own_currency()
    {
        string token = Sign(AdEventKind.Impression, isBidOnly: true);

        await _door.SendAsync("GET", $"/t/{token}?p=2&c=EUR");
        foreach (string nonsense in new[] { "p=${AUCTION_PRICE}&c=EUR", "p=-1&c=EUR", "p=1&c=JPY", "p=NaN&c=EUR", "p=1e99&c=EUR", "" })
            Assert.Equal(200, (await _door.SendAsync("GET", $"/t/{token}?{nonsense}")).Status);
        await _door.SendAsync("GET", $"/t/{Sign(AdEventKind.Impression, isBidOnly: false)}?p=0&c=EUR");

        Assert.Equal(new Micros(2_500), _feedback.Taken[0].ClearingPrice);
        Assert.All(_feedback.Taken.Skip(1), taken => Assert.Null(taken.ClearingPrice));
    }

    [Fact]
    public async Task Win_and_loss_notices()
    {
        Reply won = await _door.SendAsync("GET", $"/t/{Sign(AdEventKind.Impression, isBidOnly: true)}/win");
        Reply wonAfterAll = await _door.SendAsync("GET", $"/t/{Sign(AdEventKind.Loss, isBidOnly: true)}?l=0");
        Assert.Empty(_feedback.Taken);
        Reply lost = await _door.SendAsync("GET", $"/t/{Sign(AdEventKind.Loss, isBidOnly: true)}?l=102");

        Assert.All([won, wonAfterAll, lost], reply => Assert.Equal(204, reply.Status));
        Assert.Equal(AdEventKind.Loss, Assert.Single(_feedback.Taken).Kind);
    }

    [Fact]
    public async Task No_bad_token_is_taken_or_leads_anywhere()
    {
        string click = Sign(AdEventKind.Click), gone = Sign(AdEventKind.Click, ad: "gone");
        string forged = (click[0] == 'B' ? 'C' : 'B') + click[1..], stranger = new WinTokens(TokenKeyRing.CreateEphemeral()).Sign(AdEventKind.Click, WinOf("ad1"), _clock.Now.AddDays(1));
        foreach (string token in new[] { forged, stranger, click[..^4], click + "AAAA", "x", new string('A', 3000), "https%3A%2F%2Fevil.example" })
        {
            Reply reply = await _door.SendAsync("GET", $"/t/{token}?url=https://evil.example");
            Assert.Equal(400, reply.Status);
            Assert.False(reply.Headers.ContainsKey("Location"));
        }
        Assert.Equal(410, (await _door.SendAsync("GET", $"/t/{gone}")).Status);
        string shown = Sign(AdEventKind.Impression);
        _clock.Now += TimeSpan.FromDays(3);

        Assert.Equal(410, (await _door.SendAsync("GET", $"/t/{shown}")).Status);
        Assert.Equal(302, (await _door.SendAsync("GET", $"/t/{click}")).Status); // too late to count, but the user goes on
        Assert.Empty(_feedback.Taken);
    }

    [Fact]
    public async Task What_cannot_be_made_durable_is_not_acknowledged_but_users_are_not_held_up()
    {
        _feedback.IsBroken = true;
        Reply shown = await _door.SendAsync("GET", $"/t/{Sign(AdEventKind.Impression)}");
        Reply clicked = await _door.SendAsync("GET", $"/t/{Sign(AdEventKind.Click)}");
        Reply posted = await _door.SendAsync("POST", "/v1/events", $$"""{"token":"{{Sign(AdEventKind.Click)}}"}""");

        Assert.Equal((503, "1"), (shown.Status, shown.Headers["Retry-After"]));
        Assert.Equal(302, clicked.Status);
        Assert.Equal((503, "1"), (posted.Status, posted.Headers["Retry-After"]));
        Assert.DoesNotContain("disk", posted.Text);
    }

    [Fact]
    public async Task A_batch_is_answered_event_by_event()
    {
        string click = Sign(AdEventKind.Click), conversion = Sign(AdEventKind.Conversion);
        Reply reply = await _door.SendAsync("POST", "/v1/events", $$"""
            {"events":[{"token":"{{click}}"},{"token":"{{click}}"},{"token":"nonsense-nonsense-nonsense-nonsense"},{"token":"{{conversion}}","number":5},
            {"token":"{{conversion}}","kind":"engagement","signals":[1.5,2]},{"token":"{{click}}","kind":"conversion"},
            {"kind":"impression","clearingPrice":0.001,"win":{"id":"000000000000000000000000000000ff","requestId":"r","campaignId":7,"adId":"a","gateway":1,"lease":2,
            "auctionAt":"2026-05-01T14:00:00+02:00","price":0.25,"isPerClick":false,"isBidOnly":true,"rawPCtr":0.02,"pCtr":0.01}}]}
            """);

        Assert.Equal(202, reply.Status);
        Assert.Equal(
            ["applied", "duplicate", "refused malformed", "applied", "applied", "refused otherKind", "applied"],
            reply.Body.GetProperty("results").EnumerateArray().Select(
                r => r.GetProperty("outcome").GetString() + (r.TryGetProperty("reason", out JsonElement why) ? " " + why.GetString() : "")));
        Assert.Equal((5UL, 255UL), (_feedback.Taken[2].Number, (ulong)_feedback.Taken[4].Win.Id));
        Assert.Equal([1.5, 2], _feedback.Taken[3].Signals!);
        Assert.Equal(FakeGateway.Now, _feedback.Taken[4].Win.AuctionAt);
        Assert.Equal(new Micros(1000), _feedback.Taken[4].ClearingPrice);
        Assert.Equal(0.001m, reply.Body.GetProperty("results")[6].GetProperty("charged").GetDecimal());
    }

    [Theory]
    [InlineData("""{}""", "kind")]
    [InlineData("""{"events":[]}""", "events")]
    [InlineData("""{"events":[null]}""", "events[0]")]
    [InlineData("""{"events":[{"kind":"click"}]}""", "events[0].win")]
    [InlineData("""{"kind":"click","events":[{}]}""", "events")]
    [InlineData("""{"kind":"poke"}""", "kind")]
    [InlineData("""{"kind":"click","win":{"id":"xyz"}}""", "win.id")]
    [InlineData("""{"kind":"click","win":{"id":"000000000000000000000000000000ff"}}""", "win.requestId")]
    [InlineData("""{"token":7}""", "token")]
    [InlineData("""{"token":"x","win":{}}""", "win")]
    [InlineData("""{"token":"x","number":-1}""", "number")]
    public async Task A_batch_that_makes_no_sense_is_refused_as_a_whole(string body, string field)
    {
        Reply reply = await _door.SendAsync("POST", "/v1/events", body);

        Assert.Equal((400, field), (reply.Status, reply.Field));
        Assert.Empty(_feedback.Taken);
    }

    private string Sign(AdEventKind kind, bool isBidOnly = false, string ad = "ad1") =>
        new WinTokens(_keys).Sign(kind, WinOf(ad) with { IsBidOnly = isBidOnly, IsPerClick = !isBidOnly }, FakeGateway.Now.AddDays(2));

    private static Win WinOf(string ad) => new()
    {
        Id = 5, RequestId = "r", CampaignId = 7, AdId = ad, Gateway = 1, Lease = 2, AuctionAt = FakeGateway.Now, Price = new Micros(5_000),
        IsPerClick = true, RawClickProbability = 0.02, ClickProbability = 0.01,
    };
}
