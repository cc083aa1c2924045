using RecallCluster.Client;

namespace RecallCluster.Silo.Tests.Faults;

/// <summary>A cluster with its clients: their requests, and what they know of their events.</summary>
internal sealed class FaultStage : IAsyncDisposable
{
    private const int ClientThreads = 32;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);

    // The test's runner keeps threads of the pool waiting on its sockets. A pool that begins with as many as there are processors then stands
    // still for most of a second now and again, and with it all clients, for which no silo is to blame.
    static FaultStage() => ThreadPool.SetMinThreads(ClientThreads, ClientThreads);

    private FaultStage(FaultCluster cluster)
    {
        Cluster = cluster;
        Doors = new Doors(cluster.Silos.Select(silo => silo.Door).OfType<Uri>());
        Books = new EventBooks(Doors);
    }

    public FaultCluster Cluster { get; }

    public Doors Doors { get; }

    public EventBooks Books { get; }

    /// <summary>Starts it, and asks until everything is answered: what first requests cost is not what is looked for.</summary>
    public static async Task<FaultStage> OpenAsync(FaultPlan plan, FaultMarket market, double rate, TimeSpan patience)
    {
        const int Rounds = 15;
        var stage = new FaultStage(await FaultCluster.StartAsync(plan, market, patience));
        try
        {
            for (int round = 0; round < Rounds; round++)
            {
                var load = new Load(stage.Doors, stage.Books, rate);
                using var over = new CancellationTokenSource(WarmUp);
                await load.RunAsync(over.Token);
                if (load.Requests.All(asked => asked.Outcome == AskedOutcome.Answered))
                    break;
            }
            return stage;
        }
        catch
        {
            await stage.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Whatever is wrong with the clients, no silo stays.
        await using (Cluster)
        await using (Doors)
        await using (Books)
        {
        }
    }
}

/// <summary>
/// Tries a fault once:
/// <code>
/// load ── 2 s ─► fault ─► whole again ─► 2 s more, and enough requests ─► events acknowledged ─► books against ledgers
/// </code>
/// </summary>
internal sealed class FaultRun(FaultStage stage, Fault fault, FaultSettings settings)
{
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(2), Look = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    // How long nothing may move while events are told and booked.
    private static readonly TimeSpan Standstill = TimeSpan.FromMinutes(3);

    /// <summary>Tries it.</summary>
    /// <param name="number">Which time, from 0.</param>
    /// <exception cref="TimeoutException">The cluster did not become whole again.</exception>
    public async Task<FaultTurnFigures> TryAsync(int number)
    {
        int told = stage.Books.Count, fell = stage.Cluster.Silos.Sum(silo => silo.Fell);
        var load = new Load(stage.Doors, stage.Books, settings.Rate);
        using var stop = new CancellationTokenSource();
        Task running = load.RunAsync(stop.Token);
        double struck, over, whole;
        try
        {
            await Task.Delay(Calm);
            struck = load.Now;
            await fault.Inflict(stage.Cluster, new FaultTurn(number, settings.Frozen));
            over = load.Now;
            await stage.Cluster.UntilWholeAsync(Patience);
            whole = load.Now;
            await Task.Delay(Calm);
            double gone = fault.TakesAllDoors ? whole - struck : 0;
            while ((load.Sent - (gone * settings.Rate)) * settings.Turns < settings.Requests)
                await Task.Delay(Look);
        }
        finally
        {
            await stop.CancelAsync();
            await running;
        }
        bool drained = await stage.Books.DrainedAsync(Standstill);
        Balance balance = await SettleAsync();
        int unknown = await stage.Books.TellAgainAsync(told, Standstill);
        return FaultTurnFigures.Of(load.Requests, struck, fault.TakesAllDoors ? over : null, whole) with
        {
            Events = stage.Books.Count - told,
            Unacknowledged = drained ? 0 : stage.Books.Pending,
            Forgotten = unknown,
            Fell = stage.Cluster.Silos.Sum(silo => silo.Fell) - fell,
            Balance = balance,
        };
    }

    /// <summary>What was accepted is in the ledgers soon, if not at once.</summary>
    private async Task<Balance> SettleAsync()
    {
        var progress = new Progressing<(long, long, long, decimal, decimal)>(Standstill);
        (long, long, long, decimal, decimal) place = default;
        while (true)
        {
            try
            {
                Balance balance = stage.Books.Compare(await stage.Doors.CampaignsAsync());
                place = (balance.Applied, balance.Lost, balance.Twice, balance.Overspent, balance.Misbooked);
                if (balance.IsEven || !progress.GoesOn(place))
                    return balance;
            }
            // Some campaign is on its way to another silo.
            catch (Exception e) when (
                e is HttpRequestException or TimeoutException or RecallException { IsTransient: true } && progress.GoesOn(place))
            {
                await Task.Delay(Look);
            }
            await Task.Delay(Look * 10);
        }
    }
}
