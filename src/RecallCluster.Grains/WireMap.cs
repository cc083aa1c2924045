using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Users;
using RecallCluster.Wire.Campaigns;
using RecallCluster.Wire.Events;
using RecallCluster.Wire.Users;

namespace RecallCluster.Grains;

/// <summary>From contracts to what Serving knows, and back.</summary>
internal static class WireMap
{
    public static LeaseReply ToWire(in LeaseGrant grant) => new(
        (int)grant.Outcome, grant.Lease.Id, grant.Lease.Amount.Value, grant.Lease.GrantedAt.UtcTicks, grant.Lease.Expiry.UtcTicks);

    public static LeaseGrant ToGrant(LeaseReply reply, int gateway, long epoch) => new(
        (LedgerOutcome)reply.Outcome,
        new Lease(reply.Lease, gateway, epoch, new Micros(reply.Amount), At(reply.GrantedAt), At(reply.Expiry)));

    public static EventMessage ToWire(AdEvent happened) => new()
    {
        Kind = (int)happened.Kind,
        Win = ToWire(happened.Win),
        Number = happened.Number,
        ClearingPrice = happened.ClearingPrice?.Value,
        Signals = happened.Signals is null ? null : [.. happened.Signals],
    };

    public static AdEvent ToEvent(EventMessage message) => new((AdEventKind)message.Kind, ToWin(message.Win))
    {
        Number = message.Number,
        ClearingPrice = message.ClearingPrice is { } price ? new Micros(price) : null,
        Signals = message.Signals,
    };

    public static EventReply ToWire(in AdEventResult result) => new((int)result.Outcome, result.Charged.Value, result.Free.Value);

    public static AdEventResult ToResult(EventReply reply) =>
        new((LedgerOutcome)reply.Outcome, new Micros(reply.Charged), new Micros(reply.Free));

    public static UserMemory ToMemory(UserMessage message)
    {
        var exposures = new Exposure[message.ExposureCampaigns.Length];
        for (int i = 0; i < exposures.Length; i++)
            exposures[i] = new Exposure(message.ExposureCampaigns[i], At(message.ExposureTimes[i]));
        return new UserMemory(message.Sequence, message.Consent) { Exposures = exposures, IsErased = message.IsErased };
    }

    public static WinMessage ToWire(Win win) => new()
    {
        IdHigh = (ulong)(win.Id >> 64),
        IdLow = (ulong)win.Id,
        RequestId = win.RequestId,
        CampaignId = win.CampaignId,
        AdId = win.AdId,
        UserId = win.UserId,
        Gateway = win.Gateway,
        Lease = win.Lease,
        AuctionAt = win.AuctionAt.UtcTicks,
        Price = win.Price.Value,
        IsPerClick = win.IsPerClick,
        IsBidOnly = win.IsBidOnly,
        RawClickProbability = win.RawClickProbability,
        ClickModel = win.ClickModel,
        ClickProbability = win.ClickProbability,
        RawConversionProbability = win.RawConversionProbability,
        ConversionProbability = win.ConversionProbability,
        Position = win.Position,
        Arms = win.Arms?.Select(arm => new WonArmMessage(arm.Experiment, arm.Arm)).ToArray(),
    };

    public static Win ToWin(WinMessage message) => new()
    {
        Id = new UInt128(message.IdHigh, message.IdLow),
        RequestId = message.RequestId,
        CampaignId = message.CampaignId,
        AdId = message.AdId,
        UserId = message.UserId,
        Gateway = message.Gateway,
        Lease = message.Lease,
        AuctionAt = At(message.AuctionAt),
        Price = new Micros(message.Price),
        IsPerClick = message.IsPerClick,
        IsBidOnly = message.IsBidOnly,
        RawClickProbability = message.RawClickProbability,
        ClickModel = message.ClickModel,
        ClickProbability = message.ClickProbability,
        RawConversionProbability = message.RawConversionProbability,
        ConversionProbability = message.ConversionProbability,
        Position = message.Position,
        Arms = ToArms(message.Arms),
    };

    /// <summary>Those that there can be: what another silo says of experiments must not reach a grain that there cannot be.</summary>
    private static WonArm[]? ToArms(WonArmMessage[]? arms)
    {
        WonArm[] possible =
        [
            .. (arms ?? []).Where(arm => arm is { Experiment: > 0, Arm: >= 0 and < ExperimentChecks.MostArms })
                .Take(ExperimentChecks.MostLayers).Select(arm => new WonArm(arm.Experiment, arm.Arm)),
        ];
        return possible.Length == 0 ? null : possible;
    }

    private static DateTimeOffset At(long utcTicks) => new(utcTicks, TimeSpan.Zero);
}
