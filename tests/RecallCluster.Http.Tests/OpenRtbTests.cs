using System.Text.Json;
using System.Xml.Linq;
using RecallCluster.Bidding.Money;
using RecallCluster.Http.OpenRtb;
using RecallCluster.Serving;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Feedback;

namespace RecallCluster.Http.Tests;

/// <summary>Cases written from the OpenRTB 2.6, Native 1.2 and VAST 4.2 specifications.</summary>
public class OpenRtbTests
{
    private const string Route = "/openrtb/2.6/bid";

    private static readonly FrontDoorOptions Options = new()
    {
        PublicUrl = new Uri("https://ads.example"),
        OpenRtb = new OpenRtbOptions
        {
            Currencies =
                new CurrencyTable("USD", new Dictionary<string, decimal> { ["EUR"] = 0.8m }),
            TcfVendorId = 10,
            EidSource = "ids.example",
        },
    };

    [Fact]
    public async Task A_banner_gets_a_bid_with_everything_that_the_specification_requires()
    {
        var gateway = new FakeGateway(_ => FakeCatalogue.AdOf("ad1")) { DealId = "deal-9" };
        Reply reply = await BidAsync(gateway, """
            {"id":"auction-1","imp":[{"id":"imp-1","banner":{"format":[{"w":300,"h":250},{"w":320,"h":50}],"mimes":["image/png"]},
            "bidfloor":0.8,"bidfloorcur":"EUR",
            "secure":1,"pmp":{"private_auction":1,"deals":[{"id":"deal-9","bidfloor":2,"at":1,"wadomain":["adv7.example"]}]}}],
            "site":{"domain":"news.example","cat":["IAB2"],"pagecat":["IAB2-3"]},"device":{"devicetype":5,"language":"de-AT",
            "geo":{"country":"aut","region":"9"}},
            "user":{"id":"exchange-id","buyeruid":"our-id"},"bcat":["IAB25"],"badv":["bad.example"],"bapp":["com.bad"],"tmax":110,
            "cur":["JPY","EUR"],"at":1}
            """);

        AdRequest asked = gateway.Asked!;
        Assert.Equal((SaleKind.BidOnly, true, "our-id"), (asked.Sale, asked.MayPersonalise, asked.User.Id));
        Assert.Equal(TimeSpan.FromMilliseconds(100), asked.Deadline);
        Assert.Equal(
            ("AUT", "9", DeviceKind.Tablet, "news.example", "de"),
            (asked.Context.Country, asked.Context.Region, asked.Context.Device, asked.Context.Publisher, asked.Context.Language));
        Assert.Equal(["IAB2", "IAB2-3"], asked.Context.Categories);
        Assert.Equal(
            (["IAB25"], ["bad.example", "com.bad"]), (asked.BlockedCategories.ToArray(), asked.BlockedAdvertisers.ToArray()),
            new PairOfArrays());
        SlotRequest slot = Assert.Single(asked.Slots);
        Assert.Equal(("imp-1", 1_000_000L, true), (slot.Id, slot.Floor.Value, slot.DealsOnly));
        Assert.Equal([(300, 250), (320, 50)], slot.Formats.Select(f => (f.Width, f.Height)));
        Assert.Equal(
            ("deal-9", 2_000_000L, true, "adv7.example"),
            (slot.Deals[0].Id, slot.Deals[0].Floor.Value, slot.Deals[0].IsFirstPrice, slot.Deals[0].Advertisers.Single()));

        Assert.Equal(("2.6", "application/json"), (reply.Headers["x-openrtb-version"], reply.Headers["Content-Type"]));
        Assert.Equal(("auction-1", "EUR"), (reply.Body.GetProperty("id").GetString(), reply.Body.GetProperty("cur").GetString()));
        JsonElement seat = Assert.Single(reply.Body.GetProperty("seatbid").EnumerateArray());
        Assert.Equal("adv7.example", seat.GetProperty("seat").GetString());
        JsonElement bid = Assert.Single(seat.GetProperty("bid").EnumerateArray());
        Assert.Equal(
            ("imp-1", 2m, "7", "ad1"),
            (bid.GetProperty("impid").GetString(), bid.GetProperty("price").GetDecimal(), bid.GetProperty("cid").GetString(),
                bid.GetProperty("crid").GetString()));
        Assert.Equal(
            (300, 250, 1, "deal-9"),
            (bid.GetProperty("w").GetInt32(), bid.GetProperty("h").GetInt32(), bid.GetProperty("mtype").GetInt32(),
                bid.GetProperty("dealid").GetString()));
        Assert.Equal("adv7.example", bid.GetProperty("adomain")[0].GetString());
        Assert.Equal("IAB2-3", bid.GetProperty("cat")[0].GetString());
        Assert.EndsWith("?p=${AUCTION_PRICE}&c=EUR", bid.GetProperty("burl").GetString());
        Assert.EndsWith("/win", bid.GetProperty("nurl").GetString());
        Assert.EndsWith("?l=${AUCTION_LOSS}", bid.GetProperty("lurl").GetString());
        string markup = bid.GetProperty("adm").GetString()!;
        Assert.Equal(1800, bid.GetProperty("exp").GetInt32());
        // The billing notice's token is in nobody's hands but the exchange's.
        Assert.DoesNotContain(TokenOf(bid.GetProperty("burl").GetString()!), markup);
        Assert.Contains("alt=\"A title &lt;of&gt; some length\"", markup);
        Assert.NotEmpty(XElement.Parse($"<x>{markup}</x>").Elements("a"));
    }

    [Fact]
    public async Task Several_impressions_are_bid_on_by_their_advertisers_seats()
    {
        var gateway = new FakeGateway(slot => FakeCatalogue.AdOf(slot.Id, campaign: slot.Id == "c" ? 8 : 7));
        Reply reply = await BidAsync(
            gateway,
            """
            {"id":"1","imp":[{"id":"a","banner":{}},{"id":"b","banner":{}},{"id":"c","banner":{}},
            {"id":"d","audio":{"mimes":["audio/mp4"]}}]}
            """);

        Assert.Equal(["a", "b", "c"], gateway.Asked!.Slots.Select(s => s.Id));
        Assert.Equal(
            [("adv7.example", "a,b"), ("adv8.example", "c")],
            reply.Body.GetProperty("seatbid").EnumerateArray().Select(
                s => (s.GetProperty("seat").GetString()!,
                    string.Join(',', s.GetProperty("bid").EnumerateArray().Select(b => b.GetProperty("impid").GetString())))));
    }

    [Theory]
    [InlineData("[2,3]", "3.0")]
    [InlineData("[2,3,7,11,13]", "4.2")]
    [InlineData("[7]", "4.0")]
    [InlineData("[12,11]", "4.1")]
    public async Task A_film_is_answered_in_the_newest_version_of_VAST_that_plays(string protocols, string version)
    {
        Reply reply = await BidAsync(new FakeGateway(_ => FakeCatalogue.AdOf("film", CreativeKind.Video)), $$"""
            {"id":"1","imp":[{"id":"v","video":{"mimes":["video/mp4"],"minduration":5,"maxduration":30,"protocols":{{protocols}},"w":640,
            "h":360} }]}
            """);

        JsonElement bid = reply.Body.GetProperty("seatbid")[0].GetProperty("bid")[0];
        XElement vast = XElement.Parse(bid.GetProperty("adm").GetString()!);
        XElement inline = vast.Element("Ad")!.Element("InLine")!;
        XElement linear = inline.Element("Creatives")!.Element("Creative")!.Element("Linear")!;
        Assert.Equal(("VAST", version), (vast.Name.LocalName, vast.Attribute("version")!.Value));
        Assert.NotNull(inline.Element("AdSystem"));
        Assert.Equal("A title <of> some length", inline.Element("AdTitle")!.Value);
        Assert.Equal("about:blank", inline.Element("Impression")!.Value);
        Assert.Equal(version is "4.1" or "4.2", inline.Element("AdServingId") is not null);
        Assert.Equal(version[0] == '4', inline.Descendants("UniversalAdId").Any());
        Assert.Equal("00:00:15", linear.Element("Duration")!.Value);
        XElement media = linear.Element("MediaFiles")!.Element("MediaFile")!;
        Assert.Equal(
            ("progressive", "video/mp4", "300", "250"),
            (media.Attribute("delivery")!.Value, media.Attribute("type")!.Value, media.Attribute("width")!.Value,
                media.Attribute("height")!.Value));
        Assert.StartsWith("https://ads.example/t/", linear.Element("VideoClicks")!.Element("ClickThrough")!.Value);
        Assert.Equal((2, 15), (bid.GetProperty("mtype").GetInt32(), bid.GetProperty("dur").GetInt32()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_native_request_is_filled_as_a_string_of_JSON(bool wrapped)
    {
        string assets = """
            {"ver":"1.2","eventtrackers":[{"event":1,"methods":[1]}],"assets":[{"id":3,"required":1,"title":{"len":7}},{"id":5,"required":1,
            "img":{"type":3,"wmin":100,"hmin":100}},{"id":6,"data":{"type":2}},{"id":7,"data":{"type":1}},{"id":8,"data":{"type":4}}]}
            """;
        string request = JsonEncodedText.Encode(wrapped ? $$"""{"native":{{assets}}}""" : assets).ToString();
        Reply reply = await BidAsync(
            new FakeGateway(_ => FakeCatalogue.AdOf("n", CreativeKind.Native)),
                $$"""{"id":"1","imp":[{"id":"n","native":{"ver":"1.2","request":"{{request}}"} }]}""");

        JsonElement bid = reply.Body.GetProperty("seatbid")[0].GetProperty("bid")[0];
        JsonElement native = JsonDocument.Parse(bid.GetProperty("adm").GetString()!).RootElement;
        native = wrapped ? native.GetProperty("native") : native;
        Assert.Equal(4, bid.GetProperty("mtype").GetInt32());
        Assert.Equal([3, 5, 6, 7], native.GetProperty("assets").EnumerateArray().Select(a => a.GetProperty("id").GetInt32()));
        Assert.Equal("A titl…", native.GetProperty("assets")[0].GetProperty("title").GetProperty("text").GetString());
        Assert.Equal(300, native.GetProperty("assets")[1].GetProperty("img").GetProperty("w").GetInt32());
        Assert.Equal("A text", native.GetProperty("assets")[2].GetProperty("data").GetProperty("value").GetString());
        Assert.Equal("adv7.example", native.GetProperty("assets")[3].GetProperty("data").GetProperty("value").GetString());
        Assert.StartsWith("https://ads.example/t/", native.GetProperty("link").GetProperty("url").GetString());
        Assert.DoesNotContain(TokenOf(bid.GetProperty("burl").GetString()!), native.GetRawText());
    }

    [Theory]
    [InlineData("""{"id":"1","imp":[{"id":"a","banner":{}}],"cur":["JPY"]}""", 500)]
    [InlineData("""{"id":"1","imp":[{"id":"a","banner":{},"bidfloor":1,"bidfloorcur":"JPY"}]}""", 500)]
    [InlineData("""
        {"id":"1","imp":[{"id":"a","banner":{},"pmp":{"private_auction":1,"deals":[{"id":"d","bidfloor":1,"bidfloorcur":"JPY"}]}}]}
        """, 500)]
    [InlineData("""{"id":"1","imp":[{"id":"a","audio":{}}]}""", 501)]
    [InlineData("""{"id":"1","imp":[{"id":"a","video":{"mimes":["video/mp4"],"protocols":[1]}}]}""", 501)]
    [InlineData("""{"id":"1","imp":[{"id":"a","banner":{"btype":[2]}}]}""", 501)]
    [InlineData("""{"id":"1","imp":[{"id":"a","native":{"request":"{\"assets\":[{\"id\":1,\"required\":1,\"video\":{}}]}"}}]}""", 501)]
    [InlineData("""{"id":"1","imp":[{"id":"a","banner":{}}],"bcat":["483"],"cattax":7}""", 502)]
    [InlineData("""{"id":"1","imp":[{"id":"a","banner":{}}],"tmax":11}""", 15)]
    public async Task A_reason_worth_telling_is_told(string request, int reason)
    {
        var gateway = new FakeGateway(_ => FakeCatalogue.AdOf("ad"));
        Reply reply = await BidAsync(gateway, request);

        Assert.Equal(
            (200, "1", reason), (reply.Status, reply.Body.GetProperty("id").GetString(), reply.Body.GetProperty("nbr").GetInt32()));
        Assert.Null(gateway.Asked);
    }

    [Fact]
    public async Task A_taxonomy_that_we_do_not_know_matters_only_where_something_is_blocked_by_it()
    {
        var gateway = new FakeGateway(_ => FakeCatalogue.AdOf("ad"));

        Reply reply = await BidAsync(gateway, """{"id":"1","imp":[{"id":"a","banner":{}}],"bcat":[],"cattax":7}""");

        Assert.Equal(200, reply.Status);
        Assert.Single(reply.Body.GetProperty("seatbid").EnumerateArray());
    }

    [Fact]
    public async Task No_bid_is_204_without_a_body_and_failures_have_their_codes()
    {
        const string Request = """{"id":"1","imp":[{"id":"a","banner":{}}]}""";
        Reply plain = await BidAsync(new FakeGateway(_ => null), Request);
        Reply late = await BidAsync(new FakeGateway(_ => null) { Otherwise = NoAdReason.Deadline }, Request);
        Reply gone = await BidAsync(new FakeGateway(_ => null) { Otherwise = NoAdReason.NoShardAnswered }, Request);

        Assert.Equal((204, "", "2.6"), (plain.Status, plain.Text, plain.Headers["x-openrtb-version"]));
        Assert.Equal(15, late.Body.GetProperty("nbr").GetInt32());
        Assert.Equal(1, gone.Body.GetProperty("nbr").GetInt32());
    }

    [Fact]
    public async Task Bids_that_the_impression_cannot_take_are_left_out()
    {
        Reply insecure = await BidAsync(
            new FakeGateway(_ => FakeCatalogue.AdOf("a", media: "http://cdn.example/m.png")),
                """{"id":"1","imp":[{"id":"a","banner":{},"secure":1}]}""");
        Reply otherSeat = await BidAsync(
            new FakeGateway(_ => FakeCatalogue.AdOf("a")), """{"id":"1","imp":[{"id":"a","banner":{}}],"wseat":["someone.example"]}""");
        Reply worthless = await BidAsync(
            new FakeGateway(_ => FakeCatalogue.AdOf("a")) { Price = Micros.Zero }, """{"id":"1","imp":[{"id":"a","banner":{}}]}""");
        Reply otherLength = await BidAsync(
            new FakeGateway(_ => FakeCatalogue.AdOf("a", CreativeKind.Video)),
                """{"id":"1","imp":[{"id":"a","video":{"mimes":["video/mp4"],"rqddurs":[10,20]}}]}""");

        Assert.All([insecure, otherSeat, worthless, otherLength], reply => Assert.Equal(204, reply.Status));
    }

    [Fact]
    public async Task A_trial_is_answered_without_tokens()
    {
        Reply reply =
            await BidAsync(new FakeGateway(_ => FakeCatalogue.AdOf("a")), """{"id":"1","test":1,"imp":[{"id":"a","banner":{}}]}""");

        Assert.False(reply.Body.GetProperty("seatbid")[0].GetProperty("bid")[0].TryGetProperty("burl", out _));
        Assert.DoesNotContain("/t/", reply.Text);
    }

    [Theory]
    [InlineData("""[]""", "body")]
    [InlineData("""{"imp":[{"id":"a"}]}""", "id")]
    [InlineData("""{"id":5,"imp":[{"id":"a"}]}""", "id")]
    [InlineData("""{"id":"1"}""", "imp")]
    [InlineData("""{"id":"1","imp":[]}""", "imp")]
    [InlineData("""{"id":"1","imp":[1]}""", "imp[0]")]
    [InlineData("""{"id":"1","imp":[{}]}""", "imp[0].id")]
    [InlineData("""{"id":"1","imp":[{"id":"a"},{"id":"a"}]}""", "imp[1].id")]
    [InlineData("""{"id":"1","imp":[{"id":"a","banner":[]}]}""", "imp[0].banner")]
    [InlineData("""{"id":"1","imp":[{"id":"a","banner":{"w":"300"}}]}""", "imp[0].banner.w")]
    [InlineData("""{"id":"1","imp":[{"id":"a","banner":{"format":[{"w":1,"h":-1}]}}]}""", "imp[0].banner.format[0].h")]
    [InlineData("""{"id":"1","imp":[{"id":"a","bidfloor":-1}]}""", "imp[0].bidfloor")]
    [InlineData("""{"id":"1","imp":[{"id":"a","bidfloor":1e999}]}""", "imp[0].bidfloor")]
    [InlineData("""{"id":"1","imp":[{"id":"a","video":{}}]}""", "imp[0].video.mimes")]
    [InlineData("""{"id":"1","imp":[{"id":"a","native":{}}]}""", "imp[0].native.request")]
    [InlineData("""{"id":"1","imp":[{"id":"a","native":{"request":"{"}}]}""", "imp[0].native.request")]
    [InlineData("""{"id":"1","imp":[{"id":"a","native":{"request":"{\"assets\":[{\"title\":{\"len\":\"9\"}}]}"}}]}""",
        "imp[0].native.request.assets[0].title.len")]
    [InlineData("""{"id":"1","imp":[{"id":"a","pmp":{"deals":[{"id":7}]}}]}""", "imp[0].pmp.deals[0].id")]
    [InlineData("""{"id":"1","imp":[{"id":"a"}],"tmax":"100"}""", "tmax")]
    [InlineData("""{"id":"1","imp":[{"id":"a"}],"cur":["USD",7]}""", "cur[1]")]
    [InlineData("""{"id":"1","imp":[{"id":"a"}],"test":2}""", "test")]
    [InlineData("""{"id":"1","imp":[{"id":"a"}],"regs":{"coppa":"1"}}""", "regs.coppa")]
    [InlineData("""{"id":"1","imp":[{"id":"a"}],"user":{"eids":[{"source":"ids.example","uids":[{"id":5}]}]}}""",
        "user.eids[0].uids[0].id")]
    [InlineData("""{"id":"\ud800","imp":[{"id":"a"}]}""", "id")]
    public async Task A_field_of_the_wrong_type_is_named_by_its_path(string request, string field)
    {
        Reply reply = await BidAsync(new FakeGateway(_ => null), request);

        Assert.Equal((400, field), (reply.Status, reply.Field));
    }

    [Fact]
    public async Task What_breaks_the_specification_can_be_answered_with_a_reason_instead()
    {
        FrontDoorOptions options = Options with { OpenRtb = Options.OpenRtb with { InvalidRequests = InvalidBidRequests.NoBid } };
        await using Door door = await Door.OpenAsync(new FrontDoorParts { Gateway = new FakeGateway(_ => null) }, options);

        Reply named = await door.SendAsync("POST", Route, """{"id":"x","imp":7}""");
        Reply nameless = await door.SendAsync("POST", Route, """{"imp":7}""");

        Assert.Equal((200, "x", 2), (named.Status, named.Body.GetProperty("id").GetString(), named.Body.GetProperty("nbr").GetInt32()));
        Assert.Equal(400, nameless.Status);
    }

    [Theory]
    [InlineData("slots[1].floor", "imp[2].bidfloor")]
    [InlineData("slots[0].deals", "imp[0].pmp.deals")]
    [InlineData("slots[0].formats", "imp[0].banner.format")]
    [InlineData("slots[7].floor", "imp")]
    [InlineData("slots", "imp")]
    [InlineData("blocked.categories", "bcat")]
    public async Task What_the_gateway_finds_wrong_has_the_name_of_the_specification_or_a_reason(string ours, string theirs)
    {
        const string Request = """{"id":"x","imp":[{"id":"a","banner":{}},{"id":"b","audio":{}},{"id":"c","banner":{}}]}""";
        var gateway = new FakeGateway(_ => null) { Complaint = new InvalidRequestException(ours, "is wrong.") };
        FrontDoorOptions quiet = Options with { OpenRtb = Options.OpenRtb with { InvalidRequests = InvalidBidRequests.NoBid } };
        await using Door door = await Door.OpenAsync(new FrontDoorParts { Gateway = gateway }, quiet);

        Reply named = await BidAsync(gateway, Request);
        Reply reason = await door.SendAsync("POST", Route, Request);

        Assert.Equal((400, theirs), (named.Status, named.Field));
        Assert.Equal((200, 2), (reason.Status, reason.Body.GetProperty("nbr").GetInt32()));
    }

    [Fact]
    public async Task A_private_auction_that_we_have_no_deal_for_is_passed_over()
    {
        var gateway = new FakeGateway(slot => FakeCatalogue.AdOf(slot.Id));
        Reply alone = await BidAsync(gateway, """{"id":"1","imp":[{"id":"a","banner":{},"pmp":{"private_auction":1}}]}""");
        Assert.Equal((204, null), (alone.Status, gateway.Asked));

        await BidAsync(
            gateway,
            """
            {"id":"1","imp":[{"id":"a","banner":{},"pmp":{"private_auction":1,"deals":[{"id":"d","bidfloor":1,"bidfloorcur":"JPY"}]}},
            {"id":"b","banner":{}}]}
            """);
        Assert.Equal(["b"], gateway.Asked!.Slots.Select(slot => slot.Id));
    }

    [Fact]
    public async Task A_bid_expires_with_the_tokens_where_the_campaign_waits_longer()
    {
        Reply reply = await BidAsync(
            new FakeGateway(_ => FakeCatalogue.AdOf("a")) { EventWindow = TimeSpan.FromDays(9) },
            """{"id":"1","imp":[{"id":"a","banner":{}}]}""");

        Assert.Equal(86_400, reply.Body.GetProperty("seatbid")[0].GetProperty("bid")[0].GetProperty("exp").GetInt32());
    }

    [Fact]
    public async Task As_many_impressions_as_any_request_may_have_slots_are_taken()
    {
        string Request(int count) =>
            $$"""{"id":"1","imp":[{{string.Join(',', Enumerable.Range(0, count).Select(i => $$"""{"id":"{{i}}","banner":{} }"""))}}]}""";
        var gateway = new FakeGateway(slot => FakeCatalogue.AdOf(slot.Id));

        Assert.Equal(200, (await BidAsync(gateway, Request(RequestLimits.MaxSlots))).Status);
        Assert.Equal("imp", (await BidAsync(gateway, Request(RequestLimits.MaxSlots + 1))).Field);
        Assert.Throws<ArgumentOutOfRangeException>(() => new FrontDoorLimits { MaxSlots = RequestLimits.MaxSlots + 1 });
    }

    [Fact]
    public async Task Unknown_fields_nulls_and_compression_are_taken()
    {
        await using Door door =
            await Door.OpenAsync(new FrontDoorParts { Gateway = new FakeGateway(_ => FakeCatalogue.AdOf("a")) }, Options);
        using var zipped = new MemoryStream();
        using (var zip = new System.IO.Compression.GZipStream(zipped, System.IO.Compression.CompressionMode.Compress, leaveOpen: true))
            zip.Write(
                """{"id":"1","imp":[{"id":"a","banner":{"w":null},"video":null,"new":{"x":[1]}}],"ext":{},"regs":null,"tmax":null}"""u8);
        using var content = new ByteArrayContent(zipped.ToArray());
        content.Headers.ContentType = new("application/json");
        content.Headers.ContentEncoding.Add("gzip");

        using HttpResponseMessage response = await door.Client.PostAsync(new Uri(Route, UriKind.Relative), content);

        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal(400, (await door.SendAsync("POST", Route, """{"id":"1","imp":[{"id":"a"}]}""", ("x-openrtb-version", "3.0"))).Status);
    }

    [Fact]
    public async Task What_only_some_ads_meet_is_asked_of_the_gateway()
    {
        var gateway = new FakeGateway(_ => null);
        await BidAsync(gateway, """
            {"id":"1","wseat":["adv7.example"],"imp":[
            {"id":"a","secure":1,"banner":{"w":300,"h":250}},
            {"id":"b","video":{"mimes":["video/mp4"],"rqddurs":[15,30]}},
            {"id":"c","native":{"request":"{\"assets\":[{\"id\":1,\"required\":1,\"title\":{\"len\":90}},
            {\"id\":2,\"required\":1,\"img\":{\"type\":3,\"wmin\":200,\"hmin\":100,\"mimes\":[\"image/png\"]}},
            {\"id\":3,\"data\":{\"type\":2}}]}"}}]}
            """.ReplaceLineEndings(""));

        AdRequest asked = gateway.Asked!;
        Assert.Equal(["adv7.example"], asked.AllowedAdvertisers);
        Assert.Equal(CreativeParts.SecureMedia, asked.Slots[0].Formats[0].Needs);
        Assert.Equal([15, 30], asked.Slots[1].Formats.Select(f => (int)f.MinDuration.TotalSeconds));
        Assert.All(
            asked.Slots[1].Formats, f => Assert.Equal(f.MinDuration + TimeSpan.FromSeconds(1), f.MaxDuration + TimeSpan.FromTicks(1)));
        FormatRequest native = Assert.Single(asked.Slots[2].Formats);
        Assert.Equal((CreativeParts.Title, 200, 100), (native.Needs, native.MinWidth, native.MinHeight));
        Assert.Equal(["image/png"], native.MediaTypes!);
    }

    [Fact]
    public async Task A_win_that_is_no_bid_after_all_is_given_back_at_once()
    {
        var feedback = new FakeFeedback();
        // Its media are not secure, which this gateway does not look at.
        var gateway = new FakeGateway(_ => FakeCatalogue.AdOf("ad1", media: "http://cdn.example/m.png"));
        await using Door door = await Door.OpenAsync(new FrontDoorParts { Gateway = gateway, Feedback = feedback }, Options);

        Reply reply = await door.SendAsync("POST", Route, """{"id":"1","imp":[{"id":"a","secure":1,"banner":{"w":300,"h":250}}]}""");

        Assert.Equal(204, reply.Status);
        AdEvent given = Assert.Single(feedback.Taken);
        Assert.Equal((AdEventKind.Loss, "ad1"), (given.Kind, given.Win.AdId));
    }

    private static string TokenOf(string url) => url.Split("/t/")[1].Split('?')[0];

    private static async Task<Reply> BidAsync(FakeGateway gateway, string request)
    {
        await using Door door = await Door.OpenAsync(new FrontDoorParts { Gateway = gateway }, Options);
        return await door.SendAsync("POST", Route, request);
    }

    private sealed class PairOfArrays : IEqualityComparer<(string[], string[])>
    {
        public bool Equals((string[], string[]) x, (string[], string[]) y) =>
            x.Item1.SequenceEqual(y.Item1) && x.Item2.SequenceEqual(y.Item2);

        public int GetHashCode((string[], string[]) pair) => pair.Item1.Length;
    }
}
