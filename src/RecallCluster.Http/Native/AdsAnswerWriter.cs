using RecallCluster.Http.Tracking;
using RecallCluster.Serving;

namespace RecallCluster.Http.Native;

/// <summary>From an <see cref="AdAnswer"/> to the body of the answer.</summary>
internal static class AdsAnswerWriter
{
    private static readonly (SearchLimits Limit, string Name)[] LimitNames =
        [(SearchLimits.Scorings, "scorings"), (SearchLimits.Deadline, "deadline")];

    /// <param name="answer">The answer.</param>
    /// <param name="links">Makes tracking URLs; null for a trial, which has none.</param>
    public static AdsAnswerBody BodyOf(AdAnswer answer, TrackingLinks? links)
    {
        var ads = new PlacedAdBody[answer.Ads.Count];
        for (int i = 0; i < ads.Length; i++)
            ads[i] = BodyOf(answer.Ads[i], links);
        UserReading user = answer.User;
        return new AdsAnswerBody(
            answer.RequestId,
            ads,
            answer.NoAd == NoAdReason.None ? null : answer.NoAd,
            answer.Version,
            answer.BookVersion,
            answer.Coverage,
            answer.Scorings,
            [.. LimitNames.Where(l => answer.Limits.HasFlag(l.Limit)).Select(l => l.Name)],
            new UserBody(user.Known, user.SequenceLength, user.UnknownSequenceItems, user.DroppedSequenceItems),
            [.. answer.Failures.Select(f => new FailureBody(f.Shard, f.Reason))],
            BodyOf(answer.Timings),
            answer.Explanation is { } explanation ? [.. explanation.Candidates.Select(BodyOf)] : null);
    }

    private static PlacedAdBody BodyOf(PlacedAd placed, TrackingLinks? links)
    {
        Serving.Catalogue.Creative creative = placed.Ad.Creative;
        return new PlacedAdBody(
            placed.SlotId,
            placed.Position,
            placed.Ad.Id,
            placed.Ad.CampaignId,
            placed.AdvertiserDomain,
            placed.Ad.Categories,
            new CreativeBody(
                creative.Kind, creative.Width, creative.Height, creative.Media.AbsoluteUri, creative.MediaType, creative.Title,
                creative.Text,
                creative.Duration > TimeSpan.Zero ? creative.Duration.TotalMilliseconds : null),
            placed.Ad.LandingPage.AbsoluteUri,
            FieldChecks.Units(placed.Ecpm),
            FieldChecks.Units(placed.Price),
            placed.Win.IsPerClick ? ChargedFor.Click : ChargedFor.Impression,
            placed.Win.RawClickProbability,
            placed.Win.ClickProbability,
            placed.Win.ConversionProbability,
            placed.DealId,
            links is null ? null : new TrackingBody(links.Impression(placed.Win), links.Click(placed.Win), links.Conversion(placed.Win)));
    }

    private static LoopTimingsBody BodyOf(LoopTimings t) =>
        new(Ms(t.User), Ms(t.Search), Ms(t.Rank), Ms(t.Bid), Ms(t.Auction), Ms(t.Total));

    private static ExplainedAdBody BodyOf(ExplainedAd ad) => new(
        ad.AdId, ad.CampaignId, ad.Score, ad.RawClickProbability, ad.ClickProbability, ad.ConversionProbability, ad.BidTerms,
        FieldChecks.Units(ad.Ecpm), ad.Fate);

    private static double Ms(TimeSpan time) => Math.Round(time.TotalMilliseconds, 3);
}
