using System.Text.Json;
using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.State;
using RecallCluster.Serving.Users;

namespace RecallCluster.Serving.Feedback;

/// <summary>
/// Takes feedback: one journal record an event, addressed to its campaign, followed by the user's memory and calibration's counts, which
/// change only
/// when the campaign's ledger applied it.
/// </summary>
public sealed class FeedbackIntake : IFeedback
{
    private const int MostSignals = 64;

    private readonly CampaignDirectory _campaigns;
    private readonly IJournal _journal;
    private readonly TimeProvider _clock;

    internal FeedbackIntake(CampaignDirectory campaigns, IJournal journal, TimeProvider clock) =>
        (_campaigns, _journal, _clock) = (campaigns, journal, clock);

    /// <summary>
    /// Called when a win's charge is known (0 for one that was not shown), so that the gateway's wallet can free its reserve. On any
    /// thread, once the
    /// event is durable; never for an event that changed nothing.
    /// </summary>
    public event Action<Win, Micros>? Settled;

    /// <summary>
    /// Called when a win was shown, or turned out not to be: on any thread, once the user's memory counts the impression, and never for a
    /// repetition.
    /// </summary>
    public event Action<AdEvent>? Acknowledged;

    /// <summary>What was taken in since the process began.</summary>
    public FeedbackTally Tally { get; } = new();

    /// <inheritdoc/>
    /// <exception cref="InvalidRequestException">An event makes no sense; none was taken in.</exception>
    public async Task<IReadOnlyList<AdEventResult>> AcceptAsync(IReadOnlyList<AdEvent> events, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(events);
        for (int i = 0; i < events.Count; i++)
            Check(events[i], i);
        DateTimeOffset now = _clock.GetUtcNow();
        var results = new Task<AdEventResult>[events.Count];
        for (int i = 0; i < results.Length; i++)
            results[i] = AcceptAsync(events[i], now, cancellation);
        return await Task.WhenAll(results).ConfigureAwait(false);
    }

    private static void Check(AdEvent happened, int index)
    {
        Win win = happened.Win;
        Require(Enum.IsDefined(happened.Kind), index, "kind", "is a known kind");
        Require(
            win.Price >= Micros.Zero && win.Price <= FeedbackEvent.MaxPrice && happened.ClearingPrice is not { Value: < 0 }, index, "price",
            $"is 0 to {FeedbackEvent.MaxPrice} units");
        Require(IsProbability(win.RawClickProbability) && IsProbability(win.ClickProbability), index, "clickProbability",
            "is between 0 and 1");
        Require(
            IsProbability(win.RawConversionProbability) && IsProbability(win.ConversionProbability), index, "conversionProbability",
                "is between 0 and 1");
        Require(happened.Signals is not { } signals || (signals.Count <= MostSignals && signals.All(double.IsFinite)), index, "signals",
            $"are at most {MostSignals} finite numbers");
    }

    private static bool IsProbability(double p) => p is >= 0 and <= 1;

    private static void Require(bool condition, int index, string field, string rule)
    {
        if (!condition)
            throw new InvalidRequestException($"events[{index}].{field}", rule);
    }

    private async Task<AdEventResult> AcceptAsync(AdEvent happened, DateTimeOffset now, CancellationToken cancellation)
    {
        AdEventResult result = _campaigns.NumberOf(happened.Win.CampaignId) < 0
            ? new AdEventResult(LedgerOutcome.UnknownCampaign, default, default)
            : happened.Kind switch
            {
                // Nothing durable changes: the reserve is the gateway's own.
                AdEventKind.Loss => new AdEventResult(LedgerOutcome.Applied, default, default),
                AdEventKind.Engagement => await EngageAsync(happened, now, cancellation).ConfigureAwait(false),
                _ => await ChargeAsync(happened, now, cancellation).ConfigureAwait(false),
            };
        Tally.Count(happened.Kind, in result);
        Telemetry.Charged(result.Charged);
        if (result.Outcome == LedgerOutcome.Applied && (happened.Kind == AdEventKind.Loss || Charging.Settles(happened)))
            Settled?.Invoke(happened.Win, result.Charged);
        if (result.Outcome == LedgerOutcome.Applied && happened.Kind is (AdEventKind.Impression or AdEventKind.Loss))
            Acknowledged?.Invoke(happened);
        return result;
    }

    private Task<AdEventResult> ChargeAsync(AdEvent happened, DateTimeOffset now, CancellationToken cancellation)
    {
        Win win = happened.Win;
        string counts = CalibrationCountsFamily.KeyOf(win.CampaignId);
        string[] followers = string.IsNullOrEmpty(win.UserId) ? [counts] : [counts, UserMemories.KeyOf(win.UserId)];
        return _journal.AppendAsync<CampaignCommand, AdEventResult>(
            CampaignDirectory.KeyOf(win.CampaignId), new EventCommand(now, happened), ServingJson.Default.CampaignCommand, followers,
                cancellation);
    }

    private async Task<AdEventResult> EngageAsync(AdEvent happened, DateTimeOffset now, CancellationToken cancellation)
    {
        byte[] payload = JsonSerializer.SerializeToUtf8Bytes(new EngagementCommand(now, happened), ServingJson.Default.EngagementCommand);
        object? known = await _journal.AppendAsync(CalibrationCountsFamily.KeyOf(happened.Win.CampaignId), payload, [],
            cancellation).ConfigureAwait(false);
        return new AdEventResult(known is true ? LedgerOutcome.Applied : LedgerOutcome.Late, default, default);
    }
}
