using System.Text.Json;
using RecallCluster.Http;
using RecallCluster.Http.Native;
using RecallCluster.Serving;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Wire.Http;

namespace RecallCluster.Silo.Formats;

/// <summary>From requests in MessagePack to the bodies that routes read.</summary>
internal static class RequestMap
{
    public static AdsRequestBody BodyOf(AdsRequestMessage message) => new()
    {
        Id = message.Id,
        User = message.User is { } user ? new AdsUserBody { Id = user.Id, Profile = ProfileOf(user), Sequence = user.Sequence } : null,
        Context = message.Context is { } context ? ContextOf(context) : null,
        Slots = message.Slots is { } slots ? [.. slots.Select((slot, i) => SlotOf($"slots[{i}]", slot))] : null,
        Blocked = message.Blocked is { } blocked
            ? new AdsBlockedBody { Categories = blocked.Categories, Advertisers = blocked.Advertisers, Ads = blocked.Ads }
            : null,
        MayPersonalise = message.MayPersonalise,
        Sale = EnumNames<NativeSale>.Parse("sale", message.Sale),
        DeadlineMs = message.DeadlineMs,
        MaxScorings = message.MaxScorings,
        Test = message.Test,
    };

    public static CandidatesRequestBody BodyOf(CandidatesRequestMessage message) => new()
    {
        User = message.User is { } user
            ? new CandidatesUserBody { Id = user.Id, Profile = ProfileOf(user), Sequence = user.Sequence }
            : null,
        K = message.K,
        DeadlineMs = message.DeadlineMs,
        MaxScorings = message.MaxScorings,
        Exclude = message.Exclude,
    };

    private static AdsContextBody ContextOf(ContextMessage context) => new()
    {
        Country = context.Country,
        Region = context.Region,
        Device = EnumNames<DeviceKind>.Parse("context.device", context.Device),
        Publisher = context.Publisher,
        Categories = context.Categories,
        Language = context.Language,
    };

    private static AdsSlotBody? SlotOf(string field, SlotMessage? slot) => slot is null ? null : new AdsSlotBody
    {
        Id = slot.Id,
        Count = slot.Count,
        Formats = slot.Formats is { } formats ? [.. formats.Select((format, i) => FormatOf($"{field}.formats[{i}]", format))] : null,
        Floor = slot.Floor,
        Deals = slot.Deals is { } deals ? Array.ConvertAll(deals, DealOf) : null,
        DealsOnly = slot.DealsOnly,
    };

    private static AdsFormatBody? FormatOf(string field, FormatMessage? format) => format is null ? null : new AdsFormatBody
    {
        Kind = EnumNames<CreativeKind>.Parse($"{field}.kind", format.Kind),
        Width = format.Width,
        Height = format.Height,
        MinDurationMs = format.MinDurationMs,
        MaxDurationMs = format.MaxDurationMs,
        MediaTypes = format.MediaTypes,
    };

    private static AdsDealBody? DealOf(DealMessage? deal) => deal is null ? null : new AdsDealBody
    {
        Id = deal.Id, Floor = deal.Floor, FirstPrice = deal.FirstPrice, Advertisers = deal.Advertisers,
    };

    /// <exception cref="InvalidRequestException">A field has both a code and a label.</exception>
    private static Dictionary<string, JsonElement>? ProfileOf(UserFeaturesMessage user)
    {
        if (user.Codes is null && user.Labels is null)
            return null;
        var profile = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach ((string field, int code) in user.Codes ?? new Dictionary<string, int>())
            profile[field] = JsonSerializer.SerializeToElement(code);
        foreach ((string field, string label) in user.Labels ?? new Dictionary<string, string>())
        {
            if (!profile.TryAdd(field, JsonSerializer.SerializeToElement(label)))
                throw new InvalidRequestException($"user.profile.{field}", "has both a code and a label.");
        }
        return profile;
    }
}
