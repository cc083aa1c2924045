using RecallCluster.Simulation.Traffic;

namespace RecallCluster.AdServer;

/// <summary>
/// Several front doors as one, as a balancer before them: requests go to one after the other, past one that has just failed, and what a
/// door does not take the next one is told. An event may so be told twice, which ledgers know. Thread-safe.
/// </summary>
/// <param name="doors">The doors, which stay with the caller; at least one.</param>
/// <param name="time">The clock.</param>
/// <param name="giveUpAfter">How long an event is told again and again.</param>
public sealed class FailoverAdDoor(IReadOnlyList<IAdDoor> doors, TimeProvider time, TimeSpan giveUpAfter) : IAdDoor
{
    private static readonly TimeSpan Avoided = TimeSpan.FromSeconds(1), Pause = TimeSpan.FromMilliseconds(50);

    private readonly long?[] _failedAt = new long?[doors.Count];
    private readonly Lock _lock = new();
    private int _next;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Delivery>> AskAsync(TrafficRequest request, CancellationToken cancellation)
    {
        AdDoorException? failure = null;
        foreach (int door in Order())
        {
            try
            {
                return await doors[door].AskAsync(request, cancellation).ConfigureAwait(false);
            }
            catch (AdDoorException e)
            {
                Avoid(door);
                failure = e;
            }
        }
        throw failure!;
    }

    /// <inheritdoc/>
    public async Task<Acknowledgement> TellAsync(Delivery delivery, PageEvent kind, double[] signals)
    {
        long began = time.GetTimestamp();
        while (true)
        {
            foreach (int door in Order())
            {
                Acknowledgement acknowledged = await doors[door].TellAsync(delivery, kind, signals).ConfigureAwait(false);
                if (acknowledged.Fate != EventFate.Lost)
                    return acknowledged;
                Avoid(door);
            }
            if (time.GetElapsedTime(began) > giveUpAfter)
                return new Acknowledgement(EventFate.Lost, 0);
            await Task.Delay(Pause, time).ConfigureAwait(false);
        }
    }

    /// <summary>All doors, beginning with the next one; those that failed lately come last.</summary>
    private int[] Order()
    {
        lock (_lock)
        {
            int first = _next++ % doors.Count;
            return
            [
                .. Enumerable.Range(0, doors.Count).Select(place => (first + place) % doors.Count)
                    .OrderBy(door => _failedAt[door] is { } at && time.GetElapsedTime(at) < Avoided),
            ];
        }
    }

    private void Avoid(int door)
    {
        lock (_lock)
            _failedAt[door] = time.GetTimestamp();
    }
}
