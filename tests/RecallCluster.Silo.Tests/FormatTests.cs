using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using MessagePack;
using Microsoft.AspNetCore.Builder;
using RecallCluster.Client;
using RecallCluster.Http;
using RecallCluster.Http.Tests;
using RecallCluster.Serving;
using RecallCluster.Wire;
using RecallCluster.Wire.Http;
using ClientFormat = RecallCluster.Client.MessagePack.MessagePackFormat;
using DoorFormat = RecallCluster.Silo.Formats.MessagePackFormat;

namespace RecallCluster.Silo.Tests;

/// <summary>Bodies in MessagePack through a real door: the same requests and answers as in JSON.</summary>
public sealed class FormatTests
{
    private const string MessagePackType = MessagePackBodies.MediaType, JsonType = "application/json";

    public static TheoryData<AdsRequest> Requests =>
    [
        new AdsRequest { Slots = [new AdsSlot { Id = "s" }] },
        new AdsRequest
        {
            Id = "r1",
            User = new AdsUser { Id = "u", Profile = new Dictionary<string, int> { ["gender"] = 1 }, Sequence = ["a1", "a2"] },
            Context = new AdsContext
            {
                Country = "DEU", Region = "BE", Device = "phone", Publisher = "p.example", Categories = ["IAB2"], Language = "de",
            },
            Slots =
            [
                new AdsSlot
                {
                    Id = "top", Count = 2, Floor = 0.250001m, Formats = [new AdsFormat { Kind = "banner", Width = 300, Height = 250 }],
                },
                new AdsSlot { Id = "side", Formats = [new AdsFormat { Kind = "video" }] },
            ],
            Blocked = new AdsBlocked { Categories = ["IAB25"], Advertisers = ["bad.example"], Ads = ["a9"] },
            MayPersonalise = false,
            Sale = AdsSale.FirstPrice,
            DeadlineMs = 50,
            MaxScorings = 2000,
        },
        new AdsRequest { Id = "trial", Slots = [new AdsSlot { Id = "s", Count = 3 }], Test = true },
    ];

    [Theory, MemberData(nameof(Requests))]
    public async Task The_client_asks_and_is_answered_alike_in_both_formats(AdsRequest request)
    {
        await using OpenDoor door = await OpenDoor.StartAsync();
        using RecallClient json = door.Client(null), binary = door.Client(ClientFormat.Instance);
        AdsAnswer asJson = await json.AdsAsync(request with { Id = request.Id ?? "same" });
        AdRequest askedJson = door.Gateway.Asked!;
        AdsAnswer asBinary = await binary.AdsAsync(request with { Id = request.Id ?? "same" });
        Assert.NotSame(askedJson, door.Gateway.Asked);
        Assert.Equal(Text(askedJson), Text(door.Gateway.Asked!));
        Assert.NotEmpty(asJson.Ads);
        Assert.Equal(Text(WithoutTokens(asJson)), Text(WithoutTokens(asBinary)));
        Assert.Equal(asJson.Ads[0].Tracking is null, asBinary.Ads[0].Tracking is null);
    }

    [Fact]
    public async Task Events_of_the_client_are_taken_alike_and_a_repetition_is_one()
    {
        await using OpenDoor door = await OpenDoor.StartAsync();
        using RecallClient json = door.Client(null), binary = door.Client(ClientFormat.Instance);
        AdsAnswer answer = await binary.AdsAsync(new AdsRequest { Id = "r", Slots = [new AdsSlot { Id = "s" }] });
        AdFeedback[] events =
        [
            AdFeedback.Impression(answer.Ads[0]), AdFeedback.Click(answer.Ads[0]), AdFeedback.Conversion(answer.Ads[0], 3),
            AdFeedback.Engagement(answer.Ads[0], [1.5, 2]),
        ];
        IReadOnlyList<FeedbackResult> first = await binary.SendEventsAsync(events), second = await json.SendEventsAsync(events);
        Assert.All(first, result => Assert.True(result.IsApplied));
        Assert.All(second, result => Assert.True(result.IsDuplicate));
        Assert.Equal(first.Select(result => result.Charged), second.Select(result => result.Charged));
        Assert.Equal(Text(door.Feedback.Taken.Take(4)), Text(door.Feedback.Taken.Skip(4)));
    }

    [Fact]
    public async Task An_event_with_its_win_is_the_same_event_in_both_formats()
    {
        await using OpenDoor door = await OpenDoor.StartAsync();
        var win = new WinBodyMessage
        {
            Id = "0123456789abcdef0123456789abcdef",
            RequestId = "r",
            CampaignId = 7,
            AdId = "a",
            UserId = "u",
            Gateway = 2,
            Lease = 9,
            AuctionAt = new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.FromHours(2)),
            Price = 0.0025m,
            IsPerClick = true,
            ClickModel = 5,
            RawPCtr = 0.02,
            PCtr = 0.01,
            RawPCvr = 0.2,
            PCvr = 0.1,
            Position = 1,
        };
        byte[] binary = Pack(new EventsMessage([new FeedbackMessage { Kind = "click", Win = win }]));
        string json = $$"""{"events":[{"kind":"click","win":{{JsonSerializer.Serialize(win, JsonSerializerOptions.Web)}}}]}""";
        Assert.Equal(202, (await door.PostAsync("v1/events", binary, MessagePackType)).Status);
        Assert.Equal(202, (await door.PostAsync("v1/events", Encoding.UTF8.GetBytes(json), JsonType)).Status);
        Assert.Equal(2, door.Feedback.Taken.Count);
        Assert.Equal(Text(door.Feedback.Taken[0]), Text(door.Feedback.Taken[1]));
    }

    [Fact]
    public async Task Candidates_are_the_same_in_both_formats()
    {
        await using OpenDoor door = await OpenDoor.StartAsync();
        var message = new CandidatesRequestMessage
        {
            User = new UserFeaturesMessage { Codes = new Dictionary<string, int> { ["gender"] = 2 }, Sequence = ["ad1"] },
            K = 4, Exclude = ["ad2"], MaxScorings = 50,
        };
        const string Json = """{"user":{"profile":{"gender":2},"sequence":["ad1"]},"k":4,"exclude":["ad2"],"maxScorings":50}""";
        (int status, string? type, byte[] body) = await door.PostAsync("v1/candidates", Pack(message), MessagePackType);
        Assert.Equal((200, MessagePackType), (status, type));
        CandidatesAnswerMessage binary = MessagePackSerializer.Deserialize<CandidatesAnswerMessage>(body, WireFormat.Options);
        (_, _, byte[] asJson) = await door.PostAsync("v1/candidates", Encoding.UTF8.GetBytes(Json), JsonType);
        JsonElement json = JsonDocument.Parse(asJson).RootElement;
        Assert.Equal(
            json.GetProperty("ads").EnumerateArray().Select(ad => (ad.GetProperty("id").GetString(), ad.GetProperty("score").GetSingle())),
            binary.Ids.Zip(binary.Scores, (id, score) => ((string?)id, score)));
        Assert.Equal(json.GetProperty("version").GetString(), binary.Version);
        Assert.Equal(json.GetProperty("limits").EnumerateArray().Select(limit => limit.GetString()), binary.Limits);
    }

    [Theory]
    [InlineData(MessagePackType, null, MessagePackType)]
    [InlineData(MessagePackType, "*/*", MessagePackType)]
    [InlineData(MessagePackType, "application/json", JsonType)]
    [InlineData(JsonType, "application/x-msgpack", MessagePackType)]
    [InlineData(JsonType, "text/html, application/x-msgpack;q=0.5, application/json;q=0.9", JsonType)]
    [InlineData(JsonType, "application/*", JsonType)]
    [InlineData(JsonType, null, JsonType)]
    public async Task The_answer_is_what_the_caller_accepts(string sent, string? accepted, string answered)
    {
        await using OpenDoor door = await OpenDoor.StartAsync();
        byte[] body = sent == JsonType
            ? """{"slots":[{"id":"s"}]}"""u8.ToArray()
            : Pack(new AdsRequestMessage { Slots = [new SlotMessage { Id = "s" }] });
        (int status, string? type, _) = await door.PostAsync("v1/ads", body, sent, accepted);
        Assert.Equal((200, answered), (status, type));
    }

    [Theory]
    [InlineData("text/plain", null, 415)]
    [InlineData("application/msgpack-of-another-kind", null, 415)]
    [InlineData(JsonType, "text/html", 406)]
    [InlineData(JsonType, "application/json;q=0", 406)]
    [InlineData(MessagePackType, "image/png", 406)]
    public async Task Another_format_is_refused_before_anything_is_sold(string sent, string? accepted, int expected)
    {
        await using OpenDoor door = await OpenDoor.StartAsync();
        foreach (string route in (string[])["v1/ads", "v1/candidates", "v1/events"])
        {
            (int status, string? type, byte[] body) = await door.PostAsync(route, """{"slots":[{"id":"s"}]}"""u8.ToArray(), sent, accepted);
            Assert.Equal((expected, "application/problem+json"), (status, type));
            if (expected == 406)
                Assert.Contains(MessagePackType, Encoding.UTF8.GetString(body), StringComparison.Ordinal);
        }
        Assert.Null(door.Gateway.Asked);
    }

    [Fact]
    public async Task What_is_wrong_is_named_as_in_JSON()
    {
        await using OpenDoor door = await OpenDoor.StartAsync();
        async Task<string?> ComplaintAsync(byte[] body)
        {
            (int status, string? type, byte[] answer) = await door.PostAsync("v1/ads", body, MessagePackType);
            Assert.Equal((400, "application/problem+json"), (status, type));
            return JsonDocument.Parse(answer).RootElement.GetProperty("field").GetString();
        }
        SlotMessage slot = new() { Id = "s" };
        Assert.Equal("slots", await ComplaintAsync(Pack(new AdsRequestMessage())));
        Assert.Equal("sale", await ComplaintAsync(Pack(new AdsRequestMessage { Slots = [slot], Sale = "barter" })));
        Assert.Equal("slots[1]", await ComplaintAsync(Pack(new AdsRequestMessage { Slots = [slot, null] })));
        Assert.Equal("user.profile.age", await ComplaintAsync(Pack(new AdsRequestMessage
        {
            Slots = [slot],
            User = new UserFeaturesMessage
            {
                Codes = new Dictionary<string, int> { ["age"] = 1 }, Labels = new Dictionary<string, string> { ["age"] = "old" },
            },
        })));
        Assert.Equal("body", await ComplaintAsync([0xc1]));
        Assert.Equal("body", await ComplaintAsync([0xc0]));
        Assert.Equal("body", await ComplaintAsync([]));
        Assert.Equal("body", await ComplaintAsync("\"a text\""u8.ToArray()));
    }

    [Fact]
    public async Task A_field_of_a_later_version_is_passed_over()
    {
        await using OpenDoor door = await OpenDoor.StartAsync();
        byte[] longer = MessagePackSerializer.ConvertFromJson("""["r",null,null,[["s",2]],null,null,null,null,null,null,"new",[1]]""");
        Assert.Equal(200, (await door.PostAsync("v1/ads", longer, MessagePackType)).Status);
        Assert.Equal(("r", 2), (door.Gateway.Asked!.Id, door.Gateway.Asked.Slots[0].Count));
    }

    private static byte[] Pack<T>(T message) => MessagePackSerializer.Serialize(message, WireFormat.Options);

    private static string Text<T>(T value) => JsonSerializer.Serialize(value);

    // Tokens are sealed anew each time.
    private static AdsAnswer WithoutTokens(AdsAnswer answer) =>
        answer with { Ads = [.. answer.Ads.Select(ad => ad with { Tracking = null })] };

    /// <summary>A front door that really listens, over fakes that remember what they were asked.</summary>
    private sealed class OpenDoor : IAsyncDisposable
    {
        private readonly WebApplication _app;
        private readonly HttpClient _http;

        private OpenDoor(WebApplication app, FakeGateway gateway, FakeFeedback feedback)
        {
            (_app, Gateway, Feedback) = (app, gateway, feedback);
            _http = new HttpClient { BaseAddress = FrontDoor.AddressesOf(app)[0] };
        }

        public FakeGateway Gateway { get; }

        public FakeFeedback Feedback { get; }

        public static async Task<OpenDoor> StartAsync()
        {
            var gateway = new FakeGateway(_ => FakeCatalogue.AdOf("ad1"));
            var feedback = new FakeFeedback();
            var retriever = new AdRetriever(TimeProvider.System);
            retriever.Publish(new RetrieverVersion("v7", new GenderOnly(), [new ShardSlot(new HundredAds(), 100)]));
            WebApplication app = FrontDoor.Create(
                new FrontDoorParts
                {
                    Retriever = retriever, Gateway = gateway, Feedback = feedback, BusinessClock = new StillClock(FakeGateway.Now),
                },
                new FrontDoorOptions
                {
                    Urls = ["http://127.0.0.1:0"], PublicUrl = new Uri("https://ads.example/"), Formats = [new DoorFormat()],
                });
            await app.StartAsync();
            return new OpenDoor(app, gateway, feedback);
        }

        public RecallClient Client(IRecallFormat? format) => new(new RecallClientOptions { Door = _http.BaseAddress!, Format = format });

        public async Task<(int Status, string? Type, byte[] Body)> PostAsync(string route, byte[] body, string type, string? accept = null)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(route, UriKind.Relative));
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
            if (accept is not null)
                request.Headers.TryAddWithoutValidation("Accept", accept);
            using HttpResponseMessage response = await _http.SendAsync(request);
            byte[] answer = await response.Content.ReadAsByteArrayAsync();
            return ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, answer);
        }

        public async ValueTask DisposeAsync()
        {
            _http.Dispose();
            await _app.StopAsync();
            await _app.DisposeAsync();
        }
    }
}
