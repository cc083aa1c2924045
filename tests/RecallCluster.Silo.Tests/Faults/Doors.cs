using RecallCluster.Client;

namespace RecallCluster.Silo.Tests.Faults;

/// <summary>
/// The front doors as a client behind a load balancer has them: in turn those that say that they are ready; one that failed gets no
/// requests until it says so again.
/// </summary>
internal sealed class Doors : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200), PatienceOfLook = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan CallTime = TimeSpan.FromSeconds(5);

    private readonly Door[] _doors;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watching;
    private int _turn;

    /// <summary>Begins to watch them.</summary>
    public Doors(IEnumerable<Uri> doors)
    {
        _doors = [.. doors.Select(door => new Door(door))];
        _watching = Task.WhenAll(_doors.Select(WatchAsync));
    }

    /// <summary>Whether any door takes requests.</summary>
    public bool IsAnyUp => Array.Exists(_doors, door => door.IsUp);

    /// <summary>The door whose turn it is.</summary>
    /// <param name="not">One that was asked already; it comes again only where no other is up.</param>
    public Door Next(Door? not = null)
    {
        uint turn = (uint)Interlocked.Increment(ref _turn);
        Door[] able = Array.FindAll(_doors, door => door.IsUp && door != not);
        Door[] among = able.Length > 0 ? able : _doors;
        return among[turn % (uint)among.Length];
    }

    /// <summary>All campaigns by id, as some door knows them.</summary>
    public async Task<Dictionary<long, CampaignStanding>> CampaignsAsync()
    {
        var campaigns = new Dictionary<long, CampaignStanding>();
        await foreach (CampaignStanding campaign in new RecallAdmin(Next().Client).CampaignsAsync())
            campaigns.Add(campaign.Id, campaign);
        return campaigns;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        foreach (Door door in _doors)
            door.Client.Dispose();
        _stop.Dispose();
    }

    private async Task WatchAsync(Door door)
    {
        while (!_stop.IsCancellationRequested)
        {
            door.IsUp = await IsReadyAsync(door);
            await Task.Delay(Look, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<bool> IsReadyAsync(Door door)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        patience.CancelAfter(PatienceOfLook);
        try
        {
            return await door.Client.IsReadyAsync(patience.Token);
        }
        catch (Exception e) when (e is HttpRequestException or TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>One door.</summary>
    internal sealed class Door(Uri address)
    {
        private volatile bool _isUp;

        /// <summary>A client that never repeats a call by itself.</summary>
        public RecallClient Client { get; } = new(new RecallClientOptions
        {
            Door = address, Timeout = CallTime, Retries = new RetryOptions { MaxAttempts = 1 },
        });

        /// <summary>Whether it gets requests.</summary>
        public bool IsUp
        {
            get => _isUp;
            set => _isUp = value;
        }
    }
}
