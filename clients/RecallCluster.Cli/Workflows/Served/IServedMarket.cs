using RecallCluster.AdServer;

namespace RecallCluster.Cli.Workflows;

/// <summary>
/// A market that is served over HTTP, by whatever processes: it begins with a state file, one of its processes is killed on the way, and
/// when all have been killed at the end the state file is what they left.
/// </summary>
internal interface IServedMarket : IAsyncDisposable
{
    /// <summary>What opening it is called.</summary>
    string Opening { get; }

    /// <summary>Real time that it has to start in before its day begins.</summary>
    TimeSpan TimeToStart { get; }

    /// <summary>Part of the time that a door has the machine for itself: the smaller, the longer a served day takes.</summary>
    double ServedShare { get; }

    /// <summary>What the cluster did; null where there is none.</summary>
    DemoCluster? Cluster { get; }

    /// <summary>Does what can be done before the clock is known; again after <see cref="EndAsync"/> for another beginning.</summary>
    Task PrepareAsync(CancellationToken cancellation);

    /// <summary>Starts it and waits until requests are answered.</summary>
    /// <param name="clock">The business clock.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="InvalidOperationException">A process ended, or was not ready in time; the message says why.</exception>
    Task StartAsync(RunningClock clock, CancellationToken cancellation);

    /// <summary>The front doors, once it is started.</summary>
    MarketDoors OpenDoors();

    /// <summary>Kills one process (SIGKILL) that answers requests, and waits until all is as before.</summary>
    /// <returns>When it was killed, and when all was as before; real time.</returns>
    Task<(DateTimeOffset From, DateTimeOffset To)> KillOneAsync(CancellationToken cancellation);

    /// <summary>Kills all that hold state. The state file then holds all that was acknowledged.</summary>
    Task EndAsync(CancellationToken cancellation);
}
