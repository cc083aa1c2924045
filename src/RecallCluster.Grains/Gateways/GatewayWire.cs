using RecallCluster.Bidding.Money;
using RecallCluster.Serving;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Wire.Gateways;
using RecallCluster.Wire.Http;
using RequestContext = RecallCluster.Serving.RequestContext;

namespace RecallCluster.Grains.Gateways;

/// <summary>Requests and answers between doors and gateways, to contracts and back.</summary>
internal static class GatewayWire
{
    private static readonly (SearchLimits Limit, string Name)[] LimitNames =
        [(SearchLimits.Scorings, "scorings"), (SearchLimits.Deadline, "deadline")];

    public static GatewayRequestMessage ToWire(AdRequest request, TimeSpan? left) => new()
    {
        Id = request.Id,
        User = ToWire(request.User),
        Context = ToWire(request.Context),
        Slots = [.. request.Slots.Select(ToWire)],
        BlockedCategories = ListOf(request.BlockedCategories),
        BlockedAdvertisers = ListOf(request.BlockedAdvertisers),
        AllowedAdvertisers = ListOf(request.AllowedAdvertisers),
        BlockedAds = ListOf(request.BlockedAds),
        MayPersonalise = request.MayPersonalise,
        Sale = (int)request.Sale,
        TimeLeft = left?.Ticks,
        MaxScorings = request.MaxScorings,
        Explain = request.Explain,
        IsTest = request.IsTest,
    };

    public static AdRequest ToRequest(GatewayRequestMessage message) => new()
    {
        Id = message.Id,
        User = ToUser(message.User),
        Context = ToContext(message.Context),
        Slots = Array.ConvertAll(message.Slots, ToSlot),
        BlockedCategories = message.BlockedCategories ?? [],
        BlockedAdvertisers = message.BlockedAdvertisers ?? [],
        AllowedAdvertisers = message.AllowedAdvertisers ?? [],
        BlockedAds = message.BlockedAds ?? [],
        MayPersonalise = message.MayPersonalise,
        Sale = (SaleKind)message.Sale,
        Deadline = TimeOf(message.TimeLeft),
        MaxScorings = message.MaxScorings,
        Explain = message.Explain,
        IsTest = message.IsTest,
    };

    public static GatewayAnswerMessage ToWire(AdAnswer answer) => new()
    {
        RequestId = answer.RequestId,
        Ads = [.. answer.Ads.Select(ToWire)],
        NoAd = (int)answer.NoAd,
        Version = answer.Version,
        BookVersion = answer.BookVersion,
        Coverage = answer.Coverage,
        Scorings = answer.Scorings,
        Limits = (int)answer.Limits,
        User = ToWire(answer.User),
        Failures = ToWire(answer.Failures),
        Timings =
        [
            answer.Timings.User.Ticks, answer.Timings.Search.Ticks, answer.Timings.Rank.Ticks, answer.Timings.Bid.Ticks,
            answer.Timings.Auction.Ticks,
        ],
        Explanation = answer.Explanation is { } explanation ? [.. explanation.Candidates.Select(ToWire)] : null,
    };

    public static AdAnswer ToAnswer(GatewayAnswerMessage message) => new()
    {
        RequestId = message.RequestId,
        Ads = Array.ConvertAll(message.Ads, ToPlaced),
        NoAd = (NoAdReason)message.NoAd,
        Version = message.Version,
        BookVersion = message.BookVersion,
        Coverage = message.Coverage,
        Scorings = message.Scorings,
        Limits = (SearchLimits)message.Limits,
        User = ToReading(message.User),
        Failures = ToFailures(message.Failures),
        Timings = message.Timings is [long user, long search, long rank, long bid, long auction, ..]
            ? new LoopTimings(new(user), new(search), new(rank), new(bid), new(auction)) : default,
        Explanation = message.Explanation is { } candidates ? new Explanation(Array.ConvertAll(candidates, ToExplained)) : null,
    };

    public static CandidatesRequestMessage ToWire(RetrievalRequest request, TimeSpan? left) => new()
    {
        User = ToWire(request.User),
        K = request.K,
        DeadlineMs = left?.TotalMilliseconds,
        MaxScorings = request.MaxScorings,
        Exclude = ListOf(request.Exclude),
    };

    public static RetrievalRequest ToRequest(CandidatesRequestMessage message) => new(ToUser(message.User ?? new()), message.K ?? 0)
    {
        Deadline = message.DeadlineMs is { } left ? TimeSpan.FromMilliseconds(left) : null,
        MaxScorings = message.MaxScorings,
        Exclude = [.. (message.Exclude ?? []).OfType<string>()],
    };

    public static CandidatesAnswerMessage ToWire(RetrievalAnswer answer) => new()
    {
        Ids = [.. answer.Ads.Select(ad => ad.Id)],
        Scores = [.. answer.Ads.Select(ad => ad.Score)],
        Coverage = answer.Coverage,
        Version = answer.Version,
        Scorings = answer.Scorings,
        Limits = [.. LimitNames.Where(known => answer.Limits.HasFlag(known.Limit)).Select(known => known.Name)],
        User = ToWire(answer.User),
        Failures = ToWire(answer.Failures),
        TimingsMs =
        [
            answer.Timings.Prepare.TotalMilliseconds, answer.Timings.Search.TotalMilliseconds, answer.Timings.Merge.TotalMilliseconds,
            answer.Timings.Total.TotalMilliseconds,
        ],
    };

    public static RetrievalAnswer ToAnswer(CandidatesAnswerMessage message) => new()
    {
        Ads = [.. message.Ids.Zip(message.Scores, (id, score) => new ScoredAd(id, score))],
        Coverage = message.Coverage,
        Version = message.Version,
        Scorings = message.Scorings,
        Limits = LimitNames.Where(known => message.Limits.Contains(known.Name))
            .Aggregate(SearchLimits.None, (all, known) => all | known.Limit),
        User = ToReading(message.User),
        Failures = ToFailures(message.Failures),
        Timings = message.TimingsMs is [double prepare, double search, double merge, ..]
            ? new AnswerTimings(TimeSpan.FromMilliseconds(prepare), TimeSpan.FromMilliseconds(search), TimeSpan.FromMilliseconds(merge))
            : default,
    };

    // Most lists of most requests are empty.
    private static string[] ListOf(IReadOnlyCollection<string> list) => list.Count == 0 ? [] : [.. list];

    private static TimeSpan? TimeOf(long? ticks) => ticks is { } some ? new TimeSpan(some) : null;

    private static UserFeaturesMessage ToWire(UserFeatures user) => new()
    {
        Id = user.Id,
        Codes = user.Profile?.Where(field => field.Value.Label is null).ToDictionary(field => field.Key, field => field.Value.Code),
        Labels = user.Profile?.Where(field => field.Value.Label is not null).ToDictionary(field => field.Key, field => field.Value.Label!),
        Sequence = user.Sequence is { } sequence ? [.. sequence] : null,
    };

    private static UserFeatures ToUser(UserFeaturesMessage message) => new()
    {
        Id = message.Id,
        Profile = message.Codes is null && message.Labels is null
            ? null
            : (message.Codes ?? new Dictionary<string, int>())
                .Select(field => KeyValuePair.Create(field.Key, ProfileValue.OfCode(field.Value)))
                .Concat((message.Labels ?? new Dictionary<string, string>()).Select(
                    field => KeyValuePair.Create(field.Key, ProfileValue.OfLabel(field.Value))))
                .ToDictionary(StringComparer.Ordinal),
        Sequence = message.Sequence is { } sequence ? [.. sequence.OfType<string>()] : null,
    };

    private static PlaceMessage ToWire(RequestContext context) => new(
        context.Country, context.Region, (int)context.Device, context.Publisher, ListOf(context.Categories), context.Language);

    private static RequestContext ToContext(PlaceMessage message) => new()
    {
        Country = message.Country,
        Region = message.Region,
        Device = (DeviceKind)message.Device,
        Publisher = message.Publisher,
        Categories = message.Categories,
        Language = message.Language,
    };

    private static OfferedSlotMessage ToWire(SlotRequest slot) => new(
        slot.Id, slot.Count, [.. slot.Formats.Select(ToWire)], slot.Floor.Value,
        [.. slot.Deals.Select(deal => new OfferedDealMessage(deal.Id, deal.Floor.Value, deal.IsFirstPrice, ListOf(deal.Advertisers)))],
        slot.DealsOnly);

    private static SlotRequest ToSlot(OfferedSlotMessage message) => new(message.Id)
    {
        Count = message.Count,
        Formats = Array.ConvertAll(message.Formats, ToFormat),
        Floor = new Micros(message.Floor),
        Deals = Array.ConvertAll(
            message.Deals,
            deal => new DealOffer(deal.Id, new Micros(deal.Floor), deal.IsFirstPrice) { Advertisers = deal.Advertisers }),
        DealsOnly = message.DealsOnly,
    };

    private static FittingFormatMessage ToWire(FormatRequest format) => new(
        (int)format.Kind, format.Width, format.Height, format.MinWidth, format.MinHeight, format.MinDuration.Ticks,
        format.MaxDuration.Ticks, (int)format.Needs, format.MediaTypes is { } types ? [.. types] : null);

    private static FormatRequest ToFormat(FittingFormatMessage message) =>
        new((CreativeKind)message.Kind, message.Width, message.Height)
        {
            MinWidth = message.MinWidth,
            MinHeight = message.MinHeight,
            MinDuration = new TimeSpan(message.MinDuration),
            MaxDuration = new TimeSpan(message.MaxDuration),
            Needs = (CreativeParts)message.Needs,
            MediaTypes = message.MediaTypes,
        };

    private static SoldAdMessage ToWire(PlacedAd placed) => new()
    {
        SlotId = placed.SlotId,
        Position = placed.Position,
        Creative = new CreativeMessage
        {
            Kind = placed.Ad.Creative.Kind.ToString(),
            Width = placed.Ad.Creative.Width,
            Height = placed.Ad.Creative.Height,
            Media = placed.Ad.Creative.Media.OriginalString,
            MediaType = placed.Ad.Creative.MediaType,
            Title = placed.Ad.Creative.Title,
            Text = placed.Ad.Creative.Text,
            DurationMs = placed.Ad.Creative.Duration.TotalMilliseconds,
        },
        LandingPage = placed.Ad.LandingPage.OriginalString,
        Categories = [.. placed.Ad.Categories],
        AdvertiserDomain = placed.AdvertiserDomain,
        Ecpm = placed.Ecpm.Value,
        Win = WireMap.ToWire(placed.Win),
        EventWindow = placed.EventWindow.Ticks,
        DealId = placed.DealId,
    };

    private static PlacedAd ToPlaced(SoldAdMessage message) => new()
    {
        SlotId = message.SlotId,
        Position = message.Position,
        Ad = new Ad
        {
            Id = message.Win.AdId,
            CampaignId = message.Win.CampaignId,
            Categories = message.Categories,
            Creative = new Creative
            {
                Kind = Enum.Parse<CreativeKind>(message.Creative.Kind),
                Width = message.Creative.Width,
                Height = message.Creative.Height,
                Media = new Uri(message.Creative.Media),
                MediaType = message.Creative.MediaType,
                Title = message.Creative.Title,
                Text = message.Creative.Text,
                Duration = TimeSpan.FromMilliseconds(message.Creative.DurationMs ?? 0),
            },
            LandingPage = new Uri(message.LandingPage),
        },
        AdvertiserDomain = message.AdvertiserDomain,
        Ecpm = new Micros(message.Ecpm),
        Win = WireMap.ToWin(message.Win),
        EventWindow = new TimeSpan(message.EventWindow),
        DealId = message.DealId,
    };

    private static ReasonedAdMessage ToWire(ExplainedAd ad) => new()
    {
        AdId = ad.AdId,
        CampaignId = ad.CampaignId,
        Score = ad.Score,
        Probabilities = [ad.RawClickProbability, ad.ClickProbability, ad.ConversionProbability],
        BidTerms = new Dictionary<string, double>(ad.BidTerms),
        Ecpm = ad.Ecpm.Value,
        Fate = ad.Fate,
    };

    private static ExplainedAd ToExplained(ReasonedAdMessage message) => new(
        message.AdId, message.CampaignId, message.Score, message.Probabilities[0], message.Probabilities[1], message.Probabilities[2],
        message.BidTerms, new Micros(message.Ecpm), message.Fate);

    private static UserReadingMessage ToWire(UserReading user) =>
        new(user.Known, user.SequenceLength, user.UnknownSequenceItems, user.DroppedSequenceItems);

    private static UserReading ToReading(UserReadingMessage message) =>
        new(message.Known, message.SequenceLength, message.UnknownSequenceItems, message.DroppedSequenceItems);

    private static ShardFailureMessage[] ToWire(IReadOnlyList<ShardFailure> failures) =>
        [.. failures.Select(failure => new ShardFailureMessage(failure.Shard, failure.Reason))];

    private static ShardFailure[] ToFailures(ShardFailureMessage[] messages) =>
        Array.ConvertAll(messages, message => new ShardFailure(message.Shard, message.Reason));
}
