using RecallCluster.Client;
using RecallCluster.Simulation.Traffic;

namespace RecallCluster.AdServer;

/// <summary>A front door over HTTP, through the client library.</summary>
public sealed class HttpAdDoor : IAdDoor, IAsyncDisposable
{
    private const decimal Micros = 1_000_000;
    private const int MostAsked = 600;
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(1);

    private readonly RecallClient _client;
    private readonly FeedbackSender _feedback;
    private readonly Action<AdsAnswer>? _answered;

    /// <summary>A door; the client stays with the caller.</summary>
    /// <param name="client">The client.</param>
    /// <param name="feedback">How events are sent.</param>
    /// <param name="answered">Told of every answer, on any thread; null for nobody.</param>
    public HttpAdDoor(RecallClient client, FeedbackSenderOptions? feedback = null, Action<AdsAnswer>? answered = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        (_client, _answered) = (client, answered);
        _feedback = client.OpenFeedback(feedback);
    }

    /// <summary>The request as the door takes it.</summary>
    public static AdsRequest RequestOf(TrafficRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new AdsRequest
        {
            Id = request.Id,
            User = new AdsUser { Id = SimulatedAds.UserId(request.User) },
            Context = new AdsContext
            {
                Country = request.Country,
                Device = request.Device.ToString().ToLowerInvariant(),
                Publisher = request.Publisher,
            },
            Slots =
            [
                .. request.Floors.Select((floor, slot) => new AdsSlot
                {
                    Id = SimulatedAds.SlotId(slot), Floor = Math.Round((decimal)floor * Micros) / Micros,
                }),
            ],
        };
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Delivery>> AskAsync(TrafficRequest request, CancellationToken cancellation)
    {
        try
        {
            AdsAnswer answer = await _client.AdsAsync(RequestOf(request), cancellation).ConfigureAwait(false);
            _answered?.Invoke(answer);
            return [.. answer.Ads.Select(ad => new Delivery(
                ad.CampaignId, SimulatedAds.NumberOf(ad.AdId), SimulatedAds.SlotOf(ad.SlotId),
                ad.RawPCtr ?? double.NaN, ad.PCtr, ad.PCvr, ad))];
        }
        catch (Exception e) when (e is RecallException or HttpRequestException or TimeoutException)
        {
            throw new AdDoorException(e.Message, e);
        }
    }

    /// <inheritdoc/>
    public async Task<Acknowledgement> TellAsync(Delivery delivery, PageEvent kind, double[] signals)
    {
        ArgumentNullException.ThrowIfNull(delivery);
        var ad = (AdsPlaced)delivery.Handle;
        AdFeedback feedback = kind switch
        {
            PageEvent.Impression => AdFeedback.Impression(ad),
            PageEvent.Click => AdFeedback.Click(ad),
            PageEvent.Engagement => AdFeedback.Engagement(ad, signals),
            _ => AdFeedback.Conversion(ad),
        };
        try
        {
            FeedbackResult result = await _feedback.SendAsync(feedback).ConfigureAwait(false);
            // Accepted for good, and what came of it is told to whoever tells it again.
            for (int asked = 0; result.IsPending && asked < MostAsked; asked++)
            {
                await Task.Delay(AskAgainAfter).ConfigureAwait(false);
                result = await _feedback.SendAsync(feedback).ConfigureAwait(false);
            }
            EventFate fate = result.IsApplied ? EventFate.Applied
                : result.IsDuplicate ? EventFate.Duplicate
                : result.IsPending ? EventFate.Pending : EventFate.Refused;
            return new Acknowledgement(fate, result.Charged);
        }
        catch (RecallException)
        {
            return new Acknowledgement(EventFate.Refused, 0);
        }
        catch (TimeoutException)
        {
            return new Acknowledgement(EventFate.Lost, 0);
        }
    }

    /// <summary>Sends what waits.</summary>
    public ValueTask DisposeAsync() => _feedback.DisposeAsync();
}
