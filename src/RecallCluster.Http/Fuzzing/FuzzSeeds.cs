using System.Text.Json;
using RecallCluster.Bidding.Money;
using RecallCluster.Http.Tokens;
using RecallCluster.Serving;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.Feedback;

namespace RecallCluster.Http.Fuzzing;

/// <summary>Valid inputs that touch every field that is read, written from the specifications, and answers to go with them.</summary>
internal static class FuzzSeeds
{
    public static readonly DateTimeOffset Now = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    public static readonly TokenKeyRing Keys = new([new TokenKey(3, new byte[32])]);

    private const string NativeAssets = """
        {"ver":"1.2","eventtrackers":[{"event":1,"methods":[1,2]}],"assets":[{"id":1,"required":1,"title":{"len":25}},{"id":2,"required":1,
        "img":{"type":3,"wmin":100,"hmin":100,"mimes":["image/png"]}},{"id":3,"data":{"type":2,"len":90}},{"id":4,"data":{"type":1}},
        {"id":5,"data":{"type":11}}]}
        """;

    private const string WrappedAssets = """{"native":{"assets":[{"id":1,"title":{"len":90}},{"id":9,"video":{}}]}}""";

    public static IReadOnlyList<string> OpenRtb { get; } =
    [
        """
        {"id":"r1","imp":[{"id":"1","banner":{"w":300,"h":250,"format":[{"w":300,"h":250},{"w":320,"h":50}],"mimes":["image/png"],
        "btype":[4],"pos":1},
        "bidfloor":0.5,"bidfloorcur":"USD","secure":1,"pmp":{"private_auction":1,"deals":[{"id":"d1","bidfloor":2.5,"bidfloorcur":"EUR",
        "at":1,
        "wseat":["adv.example"],"wadomain":["adv.example"]}]}}],"site":{"id":"s","domain":"news.example","page":"https://news.example/a",
        "cat":["IAB2","IAB2-3"],
        "sectioncat":["IAB1"],"pagecat":["IAB3"],"cattax":1},"device":{"ua":"x","ip":"192.0.2.1","devicetype":2,"language":"en","dnt":0,
        "lmt":0,
        "geo":{"country":"USA","region":"NY"}},"user":{"id":"u","buyeruid":"b","consent":"CPXXX","eids":[{"source":"ids.example",
        "uids":[{"id":"e1","atype":1}]}]},
        "regs":{"coppa":0,"gdpr":1,"us_privacy":"1YNN","gpp":"DBACNY~CPXXX~1YNN","gpp_sid":[2,6]},"at":1,"tmax":120,"cur":["EUR","USD"],
        "bcat":["IAB25"],
        "badv":["bad.example"],"bapp":["com.bad"],"wseat":[],"bseat":["x.example"],"test":0,"source":{"tid":"t"},"ext":{"x":1}}
        """,
        """
        {"id":"r2","imp":[{"id":"v","video":{"mimes":["video/mp4"],"minduration":5,"maxduration":30,"protocols":[2,3,7,11,13],"w":640,
        "h":360,"linearity":1,
        "rqddurs":[15,30],"startdelay":0,"skip":1}},{"id":"b","banner":{}}],"app":{"bundle":"com.game","domain":"game.example",
        "cat":["IAB9"]},
        "device":{"devicetype":4,"language":"de-DE"},"user":{"ext":{"consent":"COwAAA","eids":[{"source":"o","uids":[{"id":"1"}]}]}},
        "regs":{"ext":{"gdpr":1,"us_privacy":"1YYN"}},"test":1}
        """,
        $$"""
        {"id":"r3","imp":[{"id":"n","native":{"ver":"1.2","request":"{{Escaped(NativeAssets)}}"} },
        {"id":"m","native":{"request":"{{Escaped(WrappedAssets)}}"} }],"site":{"page":"https://x.example/p"},"tmax":300}
        """,
    ];

    public static IReadOnlyList<string> Native { get; } =
    [
        """
        {"id":"r","user":{"id":"u","profile":{"gender":1,"age":"20-30"},"sequence":["a1","a2"]},"context":{"country":"DEU","region":"BE",
        "device":"phone",
        "publisher":"news.example","categories":["IAB2"],"language":"de"},"slots":[{"id":"s1","count":2,"formats":[{"kind":"banner",
        "width":300,"height":250},
        {"kind":"video","minDurationMs":5000,"maxDurationMs":30000,"mediaTypes":["video/mp4"]}],"floor":0.25,"deals":[{"id":"d","floor":1.5,
        "firstPrice":true,
        "advertisers":["adv.example"]}],"dealsOnly":false},{"id":"s2"}],"blocked":{"categories":["IAB25"],"advertisers":["bad.example"],
        "ads":["a9"]},
        "mayPersonalise":true,"sale":"firstPrice","deadlineMs":50.5,"maxScorings":2000,"test":false}
        """,
        """{"slots":[{"id":"only"}]}""",
    ];

    public static IReadOnlyList<string> Candidates { get; } =
    [
        """
        {"user":{"id":"u","profile":{"gender":1,"age":"20-30"},"sequence":["a1","a2"]},"k":20,"deadlineMs":50.5,"maxScorings":2000,
        "exclude":["a9"]}
        """,
    ];

    public static IReadOnlyList<string> Campaigns { get; } =
    [
        """
        {"name":"Spring","advertiserId":4,"advertiserDomain":"adv.example",
         "dailyBudget":100.5,"lifetimeBudget":5000,"timeZone":"Europe/Berlin",
        "flightStart":"2026-05-01T00:00:00Z",
        "flightEnd":"2026-06-01T00:00:00Z","pacing":"traffic","trafficByHour":[1,1,1,1,1,1,2,2,2,2,2,2,3,3,3,3,3,3,2,2,2,1,1,1],
        "leaseTermMs":60000,"clockMarginMs":2000,
        "eventWindowMs":1800000,"conversionWindowMs":604800000,"product":"click-cpc","maxCpc":0.5,"minCtr":0.01,"pricing":"cpc",
        "maxBid":0.05,"controller":"uscb",
        "startWeights":[1,0.5],"targeting":{"countries":["DEU"],"regions":["BE"],"devices":["phone"],"publishers":["p.example"],
        "excludedPublishers":["q.example"],
        "categories":["IAB2"],"languages":["de"],"hours":[8,9,10],"deals":["d1"]},"caps":[{"impressions":3,"withinMs":86400000}],
        "isPaused":false}
        """,
    ];

    public static IReadOnlyList<string> Ads { get; } =
    [
        """
        {"campaignId":7,"categories":["IAB2-3"],"creative":{"kind":"video","width":640,"height":360,"media":"https://cdn.example/v.mp4",
        "mediaType":"video/mp4",
        "title":"Drive","text":"Now","durationMs":15000},"landingPage":"https://adv.example/?a=1&b=2","isPaused":true}
        """,
    ];

    public static IReadOnlyList<Win> Wins { get; } =
    [
        WinOf(1, "slot", 0) with { UserId = "user-7", RawConversionProbability = 0.1, ConversionProbability = 0.05 },
        WinOf(2, "ü…😀", 4) with { IsBidOnly = true, IsPerClick = false, UserId = null },
        WinOf(3, "slot", 0) with { UserId = "user-7", Arms = [new WonArm(3, 1), new WonArm(long.MaxValue, 0)] },
    ];

    public static IReadOnlyList<string> Experiments { get; } =
    [
        """
        {"name":"Less search","layer":"search","salt":"s","firstBucket":2500,"share":0.5,"arms":[{"name":"as tuned"},
        {"name":"less","weight":2.5,"treatment":{"maxScorings":500,"candidates":40,"skipRanker":true}}]}
        """,
    ];

    public static IReadOnlyList<string> Events { get; } =
    [
        $$"""
        {"events":[{"token":"{{TokenOf(AdEventKind.Conversion)}}","number":5},
        {"token":"{{TokenOf(AdEventKind.Impression)}}","clearingPrice":0.001}]}
        """,
        $$"""{"token":"{{TokenOf(AdEventKind.Conversion)}}","kind":"engagement","signals":[1,2.5,30]}""",
        """
        {"kind":"click","number":0,"win":{"id":"0123456789abcdef0123456789abcdef","requestId":"r","campaignId":7,"adId":"a","userId":"u",
        "gateway":1,"lease":3,
        "auctionAt":"2026-05-01T00:00:00+02:00","price":0.25,"isPerClick":true,"isBidOnly":false,"rawPCtr":0.02,"pCtr":0.015,"rawPCvr":0.1,
        "pCvr":0.05,"position":1}}
        """,
    ];

    public static IReadOnlyList<byte[]> States { get; } = [StateOf(false), StateOf(true)];

    /// <summary>An answer with one ad for each slot, of the first kind that it takes.</summary>
    public static AdAnswer AnswerTo(AdRequest request) => new()
    {
        RequestId = request.Id,
        Ads = [.. request.Slots.Select((slot, i) => PlacedIn(slot, i))],
        NoAd = NoAdReason.None,
        Version = "v",
        BookVersion = 1,
        Coverage = 1,
        Scorings = 10,
        Limits = SearchLimits.None,
        User = new UserReading(false, 0, 0, 0),
        Failures = [],
        Timings = default,
    };

    private static PlacedAd PlacedIn(SlotRequest slot, int number)
    {
        CreativeKind kind = slot.Formats.Count > 0 ? slot.Formats[0].Kind : CreativeKind.Banner;
        return new PlacedAd
        {
            SlotId = slot.Id,
            Position = 0,
            Ad = new Ad
            {
                Id = "ad<1>",
                CampaignId = 7,
                Categories = ["IAB2-3"],
                LandingPage = new Uri("https://adv.example/?a=1&b=<2>"),
                Creative = new Creative
                {
                    Kind = kind,
                    Width = number % 2 == 0 ? 300 : 0,
                    Height = number % 2 == 0 ? 250 : 0,
                    Media = new Uri("https://cdn.example/m?x=1&y=]]>"),
                    MediaType = "image/png",
                    Title = "A \"title\" & more\u0001😀",
                    Text = "Text",
                    Duration = TimeSpan.FromSeconds(15),
                },
            },
            AdvertiserDomain = number % 3 == 0 ? "adv.example" : "other.example",
            Ecpm = new Micros(2_500_000),
            Win = Wins[number % Wins.Count],
            DealId = slot.Deals.Count > 0 ? slot.Deals[0].Id : null,
        };
    }

    private static Win WinOf(int id, string ad, int position) => new()
    {
        Id = (UInt128)id << 100,
        RequestId = "request",
        CampaignId = 7,
        AdId = ad,
        Gateway = 2,
        Lease = 99,
        AuctionAt = Now,
        Price = new Micros(2_500),
        IsPerClick = true,
        RawClickProbability = 0.02,
        ClickProbability = 0.013,
        Position = position,
    };

    private static string Escaped(string json) => JsonEncodedText.Encode(json).ToString();

    private static string TokenOf(AdEventKind kind) => new WinTokens(Keys).Sign(kind, Wins[0], DateTimeOffset.MaxValue);

    private static byte[] StateOf(bool isUsed)
    {
        var ledger = new CampaignLedger(new CampaignTerms
        {
            CampaignId = 7,
            TimeZone = "UTC",
            DailyBudget = new Micros(100_000_000),
            FlightStart = Now.AddDays(-1),
        });
        if (isUsed)
        {
            ledger.RequestLease(Now, 1, 1, new Micros(1_000_000));
            ledger.RequestLease(Now.AddMinutes(3), 2, 1, new Micros(2_000_000));
            ledger.SetBudget(Now.AddMinutes(4), new Micros(50_000_000));
        }
        return MoneyFormat.ToBytes(ledger.ToState());
    }
}
