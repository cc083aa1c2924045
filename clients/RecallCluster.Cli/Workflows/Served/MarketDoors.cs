using RecallCluster.AdServer;
using RecallCluster.Client;
using RecallCluster.Simulation.Traffic;

namespace RecallCluster.Cli.Workflows;

/// <summary>The front doors of a market through the client library; with several, one that fails is passed over.</summary>
internal sealed class MarketDoors : IAdDoor, IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10), GiveUpAfter = TimeSpan.FromMinutes(10);

    // Whoever has another door need not wait for this one.
    private static readonly TimeSpan NextDoorAfter = TimeSpan.FromSeconds(1);

    private readonly RecallClient[] _clients;
    private readonly HttpAdDoor[] _doors;
    private readonly IAdDoor _all;

    /// <summary>Doors at some addresses.</summary>
    /// <param name="addresses">Where they are; at least one.</param>
    /// <param name="answered">Told of every answer, on any thread; null for nobody.</param>
    public MarketDoors(IReadOnlyList<Uri> addresses, Action<AdsAnswer>? answered = null)
    {
        bool isOne = addresses.Count == 1;
        _clients =
        [
            .. addresses.Select(address => new RecallClient(new RecallClientOptions
            {
                Door = address, Timeout = Patience, Retries = isOne ? new RetryOptions() : new RetryOptions { MaxAttempts = 1 },
            })),
        ];
        var feedback = new FeedbackSenderOptions { GiveUpAfter = isOne ? GiveUpAfter : NextDoorAfter };
        _doors = Array.ConvertAll(_clients, client => new HttpAdDoor(client, feedback, answered));
        _all = isOne ? _doors[0] : new FailoverAdDoor(_doors, TimeProvider.System, GiveUpAfter);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<Delivery>> AskAsync(TrafficRequest request, CancellationToken cancellation) =>
        _all.AskAsync(request, cancellation);

    /// <inheritdoc/>
    public Task<Acknowledgement> TellAsync(Delivery delivery, PageEvent kind, double[] signals) => _all.TellAsync(delivery, kind, signals);

    /// <summary>Sends what waits.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (HttpAdDoor door in _doors)
            await door.DisposeAsync().ConfigureAwait(false);
        foreach (RecallClient client in _clients)
            client.Dispose();
    }
}
