using System.Diagnostics;
using RecallCluster.AdServer;
using RecallCluster.Bidding.Money;
using RecallCluster.Serving;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Hosting;
using RecallCluster.Simulation.Traffic;

namespace RecallCluster.Cli.Workflows;

/// <summary>The closed loop of this process as an ad server sees it, without HTTP in between.</summary>
internal sealed class InProcessDoor(ClosedLoop loop) : IAdDoor
{
    private readonly List<Task> _told = [];
    private readonly List<double> _latencies = [];

    /// <summary>What each answer took, in real milliseconds; to be read when nobody asks any more.</summary>
    public IReadOnlyList<double> Latencies => _latencies;

    public async Task<IReadOnlyList<Delivery>> AskAsync(TrafficRequest request, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        AdAnswer answer = await loop.Gateway.AnswerAsync(RequestOf(request), cancellation).ConfigureAwait(false);
        lock (_latencies)
            _latencies.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        return [.. answer.Ads.Select(ad => new Delivery(
            ad.Ad.CampaignId, SimulatedAds.NumberOf(ad.Ad.Id), SimulatedAds.SlotOf(ad.SlotId), ad.Win.RawClickProbability,
            ad.Win.ClickProbability,
            ad.Win.ConversionProbability, ad.Win))];
    }

    public async Task<Acknowledgement> TellAsync(Delivery delivery, PageEvent kind, double[] signals)
    {
        var happened = new AdEvent(KindOf(kind), (Win)delivery.Handle) { Signals = kind == PageEvent.Engagement ? signals : null };
        Task<IReadOnlyList<AdEventResult>> accepted = loop.Feedback.AcceptAsync([happened], CancellationToken.None);
        lock (_told)
            _told.Add(accepted);
        AdEventResult result = (await accepted.ConfigureAwait(false))[0];
        EventFate fate = result.Outcome switch
        {
            LedgerOutcome.Applied => EventFate.Applied,
            LedgerOutcome.Duplicate => EventFate.Duplicate,
            _ => EventFate.Refused,
        };
        return new Acknowledgement(fate, (decimal)result.Charged.Value / Micros.PerUnit);
    }

    /// <summary>Waits until all that was told is durable.</summary>
    public async Task SettleAsync()
    {
        Task[] told;
        lock (_told)
        {
            told = [.. _told];
            _told.Clear();
        }
        await Task.WhenAll(told).ConfigureAwait(false);
    }

    private static AdEventKind KindOf(PageEvent kind) => kind switch
    {
        PageEvent.Impression => AdEventKind.Impression,
        PageEvent.Click => AdEventKind.Click,
        PageEvent.Engagement => AdEventKind.Engagement,
        _ => AdEventKind.Conversion,
    };

    private static AdRequest RequestOf(TrafficRequest request) => new()
    {
        Id = request.Id,
        User = new UserFeatures { Id = SimulatedAds.UserId(request.User) },
        Context = new RequestContext { Country = request.Country, Device = DeviceOf(request.Device), Publisher = request.Publisher },
        Slots =
        [
            .. request.Floors.Select((floor, slot) => new SlotRequest(SimulatedAds.SlotId(slot))
            {
                Floor = new Micros((long)(floor * Micros.PerUnit)),
            }),
        ],
    };

    private static DeviceKind DeviceOf(TrafficDevice device) => device switch
    {
        TrafficDevice.Phone => DeviceKind.Phone,
        TrafficDevice.Tablet => DeviceKind.Tablet,
        TrafficDevice.Television => DeviceKind.Television,
        _ => DeviceKind.Desktop,
    };
}
