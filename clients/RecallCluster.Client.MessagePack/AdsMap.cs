using RecallCluster.Wire.Http;

namespace RecallCluster.Client.MessagePack;

/// <summary>Requests for ads and their answers as contracts.</summary>
internal static class AdsMap
{
    public static AdsRequestMessage MessageOf(AdsRequest request) => new()
    {
        Id = request.Id,
        User = request.User is { } user
            ? new UserFeaturesMessage { Id = user.Id, Codes = user.Profile, Sequence = user.Sequence is { } acted ? [.. acted] : null }
            : null,
        Context = request.Context is { } context
            ? new ContextMessage
            {
                Country = context.Country,
                Region = context.Region,
                Device = context.Device,
                Publisher = context.Publisher,
                Categories = ArrayOf(context.Categories),
                Language = context.Language,
            }
            : null,
        Slots = [.. request.Slots.Select(MessageOf)],
        Blocked = request.Blocked is { } blocked
            ? new BlockedMessage
            {
                Categories = ArrayOf(blocked.Categories), Advertisers = ArrayOf(blocked.Advertisers), Ads = ArrayOf(blocked.Ads),
            }
            : null,
        MayPersonalise = request.MayPersonalise,
        Sale = request.Sale switch { null => null, AdsSale.FirstPrice => "firstPrice", _ => "secondPrice" },
        DeadlineMs = request.DeadlineMs,
        MaxScorings = request.MaxScorings,
        Test = request.Test,
    };

    public static AdsAnswer AnswerOf(AdsAnswerMessage message) => new()
    {
        RequestId = message.RequestId,
        Ads = Array.ConvertAll(message.Ads, PlacedOf),
        NoAd = message.NoAd,
        Version = message.Version,
        BookVersion = message.BookVersion,
        Coverage = message.Coverage,
        Scorings = message.Scorings,
        Timings = message.TimingsMs is [var user, var search, var rank, var bid, var auction, var total, ..]
            ? new AdsTimings(user, search, rank, bid, auction, total)
            : null,
    };

    private static SlotMessage MessageOf(AdsSlot slot) => new()
    {
        Id = slot.Id,
        Count = slot.Count,
        Floor = slot.Floor,
        Formats = slot.Formats is { } formats
            ? [.. formats.Select(format => new FormatMessage { Kind = format.Kind, Width = format.Width, Height = format.Height })]
            : null,
    };

    private static AdsPlaced PlacedOf(PlacedAdMessage ad) => new()
    {
        SlotId = ad.SlotId,
        Position = ad.Position,
        AdId = ad.AdId,
        CampaignId = ad.CampaignId,
        AdvertiserDomain = ad.AdvertiserDomain,
        Categories = ad.Categories,
        Creative = new AdsCreative
        {
            Kind = ad.Creative.Kind,
            Width = ad.Creative.Width,
            Height = ad.Creative.Height,
            Media = ad.Creative.Media,
            MediaType = ad.Creative.MediaType,
            Title = ad.Creative.Title,
            Text = ad.Creative.Text,
            DurationMs = ad.Creative.DurationMs,
        },
        LandingPage = ad.LandingPage,
        Ecpm = ad.Ecpm,
        Price = ad.Price,
        Charged = ad.Charged,
        RawPCtr = ad.RawPCtr,
        PCtr = ad.PCtr,
        PCvr = ad.PCvr,
        Tracking = ad.Tracking is { } tracking
            ? new AdsTracking { Impression = tracking.Impression, Click = tracking.Click, Conversion = tracking.Conversion }
            : null,
    };

    private static string[]? ArrayOf(IReadOnlyList<string>? texts) => texts is null ? null : [.. texts];
}
