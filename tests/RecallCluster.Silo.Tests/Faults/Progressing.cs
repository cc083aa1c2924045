using System.Diagnostics;

namespace RecallCluster.Silo.Tests.Faults;

/// <summary>
/// Tells what is slow from what stands still: a machine that has too much to do takes its time, and only when nothing changes is there
/// nothing more to wait for.
/// </summary>
/// <typeparam name="T">How far it is.</typeparam>
/// <param name="patience">How long it may stand still.</param>
internal sealed class Progressing<T>(TimeSpan patience)
    where T : IEquatable<T>
{
    private T? _last;
    private long _since = Stopwatch.GetTimestamp();

    /// <summary>Whether it is worth waiting on.</summary>
    /// <param name="place">How far it is now.</param>
    public bool GoesOn(T place)
    {
        if (_last is null || !_last.Equals(place))
            (_last, _since) = (place, Stopwatch.GetTimestamp());
        return Stopwatch.GetElapsedTime(_since) <= patience;
    }
}
