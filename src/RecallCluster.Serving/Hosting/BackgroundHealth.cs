using System.Collections.Concurrent;

namespace RecallCluster.Serving.Hosting;

/// <summary>Trouble of work that no request waits for.</summary>
/// <param name="Part">
/// Which work: "actors", "clock", "experiments", "gateway", "journal", "leases", "newAds", "publication", "reports", "stop", "survey",
/// "valueRecall".
/// </param>
/// <param name="Failures">How often it failed since the process began.</param>
/// <param name="IsFailing">Whether it failed the last time; else it has recovered.</param>
/// <param name="LastFailure">Why, the last time that it did.</param>
public sealed record BackgroundState(string Part, long Failures, bool IsFailing, Exception LastFailure);

/// <summary>
/// What became of background work. A part that never failed is not there. Whoever wants to know, such as a log, looks now and then: work
/// that fails twenty times a second does not flood it. Thread-safe.
/// </summary>
public sealed class BackgroundHealth
{
    private readonly ConcurrentDictionary<string, BackgroundState> _parts = new(StringComparer.Ordinal);

    /// <summary>All parts that ever failed, by name.</summary>
    public IReadOnlyList<BackgroundState> Parts => [.. _parts.Values.OrderBy(part => part.Part, StringComparer.Ordinal)];

    /// <summary>Work has failed.</summary>
    public void Failed(string part, Exception failure)
    {
        Telemetry.BackgroundFailed(part);
        _parts.AddOrUpdate(
            part, _ => new BackgroundState(part, 1, true, failure),
            (_, old) => old with { Failures = old.Failures + 1, IsFailing = true, LastFailure = failure });
    }

    /// <summary>Work has ended: with a failure, or well.</summary>
    public void Report(string part, Exception? failure)
    {
        if (failure is null)
            Succeeded(part);
        else
            Failed(part, failure);
    }

    /// <summary>Work was done.</summary>
    public void Succeeded(string part)
    {
        while (_parts.TryGetValue(part, out BackgroundState? old) && old.IsFailing)
        {
            if (!_parts.TryUpdate(part, old with { IsFailing = false }, old))
                continue;
            Telemetry.BackgroundRecovered(part);
            return;
        }
    }
}
