using RecallCluster.Http;
using RecallCluster.Http.Native;
using RecallCluster.Serving;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Wire.Http;

namespace RecallCluster.Silo.Formats;

/// <summary>From the bodies that routes answer to their contracts in MessagePack.</summary>
internal static class AnswerMap
{
    public static AdsAnswerMessage MessageOf(AdsAnswerBody body) => new()
    {
        RequestId = body.RequestId,
        Ads = Array.ConvertAll(body.Ads, MessageOf),
        NoAd = body.NoAd is { } reason ? EnumNames<NoAdReason>.Of(reason) : null,
        Version = body.Version,
        BookVersion = body.BookVersion,
        Coverage = body.Coverage,
        Scorings = body.Scorings,
        Limits = body.Limits,
        User = MessageOf(body.User),
        Failures = Array.ConvertAll(body.Failures, MessageOf),
        TimingsMs =
        [
            body.Timings.UserMs, body.Timings.SearchMs, body.Timings.RankMs, body.Timings.BidMs, body.Timings.AuctionMs,
            body.Timings.TotalMs,
        ],
        Explanation = body.Explanation is { } explained ? Array.ConvertAll(explained, MessageOf) : null,
    };

    public static CandidatesAnswerMessage MessageOf(CandidatesAnswerBody body) => new()
    {
        Ids = Array.ConvertAll(body.Ads, ad => ad.Id),
        Scores = Array.ConvertAll(body.Ads, ad => ad.Score),
        Coverage = body.Coverage,
        Version = body.Version,
        Scorings = body.Scorings,
        Limits = body.Limits,
        User = MessageOf(body.User),
        Failures = Array.ConvertAll(body.Failures, MessageOf),
        TimingsMs = [body.Timings.PrepareMs, body.Timings.SearchMs, body.Timings.MergeMs, body.Timings.TotalMs],
    };

    private static PlacedAdMessage MessageOf(PlacedAdBody placed) => new()
    {
        SlotId = placed.SlotId,
        Position = placed.Position,
        AdId = placed.AdId,
        CampaignId = placed.CampaignId,
        AdvertiserDomain = placed.AdvertiserDomain,
        Categories = placed.Categories,
        Creative = new CreativeMessage
        {
            Kind = EnumNames<CreativeKind>.Of(placed.Creative.Kind),
            Width = placed.Creative.Width,
            Height = placed.Creative.Height,
            Media = placed.Creative.Media,
            MediaType = placed.Creative.MediaType,
            Title = placed.Creative.Title,
            Text = placed.Creative.Text,
            DurationMs = placed.Creative.DurationMs,
        },
        LandingPage = placed.LandingPage,
        Ecpm = placed.Ecpm,
        Price = placed.Price,
        Charged = EnumNames<ChargedFor>.Of(placed.Charged),
        RawPCtr = placed.RawPCtr,
        PCtr = placed.PCtr,
        PCvr = placed.PCvr,
        DealId = placed.DealId,
        Tracking = placed.Tracking is { } tracking
            ? new TrackingMessage(tracking.Impression, tracking.Click, tracking.Conversion)
            : null,
    };

    private static ExplainedAdMessage MessageOf(ExplainedAdBody ad) => new()
    {
        AdId = ad.AdId,
        CampaignId = ad.CampaignId,
        Score = ad.Score,
        RawPCtr = ad.RawPCtr,
        PCtr = ad.PCtr,
        PCvr = ad.PCvr,
        BidTerms = ad.BidTerms,
        Ecpm = ad.Ecpm,
        Fate = ad.Fate,
    };

    private static UserReadingMessage MessageOf(UserBody user) =>
        new(user.Known, user.SequenceLength, user.UnknownSequenceItems, user.DroppedSequenceItems);

    private static ShardFailureMessage MessageOf(FailureBody failure) => new(failure.Shard, failure.Reason);
}
