using System.Security.Cryptography;
using RecallCluster.Serving;

namespace RecallCluster.Http.Native;

/// <summary>From the body of <c>POST /v1/ads</c> to an <see cref="AdRequest"/>, or to a complaint that names the field.</summary>
internal static class AdsRequestReader
{
    private static readonly TimeSpan LongestFilm = TimeSpan.FromHours(4);

    /// <exception cref="InvalidRequestException">The body makes no sense.</exception>
    public static AdRequest Read(AdsRequestBody body, bool explain, FrontDoorLimits limits) => new()
    {
        Id = FieldChecks.OptionalId("id", body.Id) ?? NewId(),
        User = UserOf(body.User),
        Context = ContextOf(body.Context),
        Slots = SlotsOf(FieldChecks.Required("slots", body.Slots, "what is on sale?"), limits),
        BlockedCategories = FieldChecks.Texts("blocked.categories", body.Blocked?.Categories),
        BlockedAdvertisers = FieldChecks.Texts("blocked.advertisers", body.Blocked?.Advertisers),
        BlockedAds = FieldChecks.Texts("blocked.ads", body.Blocked?.Ads),
        MayPersonalise = body.MayPersonalise ?? true,
        Sale = body.Sale == NativeSale.FirstPrice ? SaleKind.FirstPrice : SaleKind.SecondPrice,
        Deadline = body.DeadlineMs is { } deadline ? DeadlineOf(deadline, limits) : null,
        MaxScorings = body.MaxScorings is { } scorings ? FieldChecks.InRange("maxScorings", scorings, 1, int.MaxValue) : null,
        Explain = explain,
        IsTest = body.Test ?? false,
    };

    public static string NewId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    private static TimeSpan DeadlineOf(double milliseconds, FrontDoorLimits limits) => milliseconds > 0
        ? FieldChecks.Milliseconds("deadlineMs", milliseconds, limits.MaxDeadline)
        : throw new InvalidRequestException("deadlineMs", $"must be positive, not {milliseconds}.");

    private static UserFeatures UserOf(AdsUserBody? user) => user is null
        ? new UserFeatures()
        : new UserFeatures
        {
            Id = FieldChecks.OptionalId("user.id", user.Id),
            Profile = FieldChecks.Profile(user.Profile),
            Sequence = user.Sequence is null ? null : FieldChecks.Texts("user.sequence", user.Sequence),
        };

    private static RequestContext ContextOf(AdsContextBody? context) => context is null
        ? new RequestContext()
        : new RequestContext
        {
            Country = CountryOf(context.Country),
            Region = context.Region,
            Device = context.Device ?? DeviceKind.Unknown,
            Publisher = context.Publisher,
            Categories = FieldChecks.Texts("context.categories", context.Categories),
            Language = context.Language?.ToLowerInvariant(),
        };

    private static string? CountryOf(string? country) => country is null or { Length: 3 }
        ? country?.ToUpperInvariant()
        : throw new InvalidRequestException("context.country", "wants three letters, as ISO 3166-1 alpha-3 has them.");

    private static SlotRequest[] SlotsOf(AdsSlotBody?[] slots, FrontDoorLimits limits)
    {
        if (slots.Length == 0 || slots.Length > limits.MaxSlots)
            throw new InvalidRequestException("slots", $"must have 1 to {limits.MaxSlots} entries, not {slots.Length}.");
        var ids = new HashSet<string>(StringComparer.Ordinal);
        var read = new SlotRequest[slots.Length];
        for (int i = 0; i < slots.Length; i++)
        {
            read[i] = SlotOf($"slots[{i}]", slots[i]);
            if (!ids.Add(read[i].Id))
                throw new InvalidRequestException($"slots[{i}].id", "is there twice.");
        }
        return read;
    }

    private static SlotRequest SlotOf(string field, AdsSlotBody? slot)
    {
        if (slot is null)
            throw new InvalidRequestException(field, "wants an object, not null.");
        return new SlotRequest(FieldChecks.Id($"{field}.id", slot.Id, "the slot's name."))
        {
            Count = FieldChecks.InRange($"{field}.count", slot.Count ?? 1, 1, RequestLimits.MaxAdsOfSlot),
            Formats = [.. (slot.Formats ?? []).Select((format, i) => FormatOf($"{field}.formats[{i}]", format))],
            Floor = FieldChecks.Money($"{field}.floor", slot.Floor),
            Deals = [.. (slot.Deals ?? []).Select((deal, i) => DealOf($"{field}.deals[{i}]", deal))],
            DealsOnly = slot.DealsOnly ?? false,
        };
    }

    private static FormatRequest FormatOf(string field, AdsFormatBody? format)
    {
        if (format is null)
            throw new InvalidRequestException(field, "wants an object, not null.");
        return new FormatRequest(
            FieldChecks.Required($"{field}.kind", format.Kind, "banner, native or video."),
            FieldChecks.InRange($"{field}.width", format.Width ?? 0, 0, 100_000),
            FieldChecks.InRange($"{field}.height", format.Height ?? 0, 0, 100_000))
        {
            MinDuration = FieldChecks.Milliseconds($"{field}.minDurationMs", format.MinDurationMs, LongestFilm),
            MaxDuration = FieldChecks.Milliseconds($"{field}.maxDurationMs", format.MaxDurationMs, LongestFilm),
            MediaTypes = format.MediaTypes is null ? null : FieldChecks.Texts($"{field}.mediaTypes", format.MediaTypes),
        };
    }

    private static DealOffer DealOf(string field, AdsDealBody? deal)
    {
        if (deal is null)
            throw new InvalidRequestException(field, "wants an object, not null.");
        return new DealOffer(
            FieldChecks.Id($"{field}.id", deal.Id, "the deal's id."), FieldChecks.Money($"{field}.floor", deal.Floor),
                deal.FirstPrice ?? false)
        {
            Advertisers = FieldChecks.Texts($"{field}.advertisers", deal.Advertisers),
        };
    }
}
