using RecallCluster.Http.Tracking;
using RecallCluster.Serving.Feedback;
using RecallCluster.Wire.Http;

namespace RecallCluster.Silo.Formats;

/// <summary>Events in MessagePack, and what became of them.</summary>
internal static class EventsMap
{
    public static EventsBody BodyOf(EventsMessage message) => new()
    {
        // A body without events is complained of as an empty one.
        Events = [.. (message.Events ?? []).Select((one, i) => EventOf($"events[{i}]", one))],
    };

    public static EventsAnswerMessage MessageOf(EventsAnswerBody body) =>
        new(Array.ConvertAll(body.Results, result => new EventResultMessage(result.Outcome, result.Reason, result.Charged, result.Free)));

    private static EventBody? EventOf(string field, FeedbackMessage? message) => message is null ? null : new EventBody
    {
        Token = message.Token,
        Kind = EnumNames<AdEventKind>.Parse($"{field}.kind", message.Kind),
        Win = message.Win is { } win ? WinOf(win) : null,
        Number = message.Number,
        ClearingPrice = message.ClearingPrice,
        Signals = message.Signals,
    };

    private static WinBody WinOf(WinBodyMessage win) => new()
    {
        Id = win.Id,
        RequestId = win.RequestId,
        CampaignId = win.CampaignId,
        AdId = win.AdId,
        UserId = win.UserId,
        Gateway = win.Gateway,
        Lease = win.Lease,
        AuctionAt = win.AuctionAt,
        Price = win.Price,
        IsPerClick = win.IsPerClick,
        IsBidOnly = win.IsBidOnly,
        ClickModel = win.ClickModel,
        RawPCtr = win.RawPCtr,
        PCtr = win.PCtr,
        RawPCvr = win.RawPCvr,
        PCvr = win.PCvr,
        Position = win.Position,
    };
}
