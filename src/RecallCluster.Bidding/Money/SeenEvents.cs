using System.Runtime.InteropServices;

namespace RecallCluster.Bidding.Money;

/// <summary>
/// The ids of events that could still come again. An id is kept until its event can no longer count, whatever a repetition says of it, and
/// dropped with its minute, so memory is bounded by the events of one window, one lease and one minute.
/// </summary>
internal sealed class SeenEvents
{
    private readonly HashSet<UInt128> _ids = [];
    private readonly SortedDictionary<long, List<UInt128>> _byMinute = [];
    private long _firstMinute = long.MaxValue;

    public int Count => _ids.Count;

    /// <summary>Whether the id was new.</summary>
    public bool Add(UInt128 id, DateTimeOffset forgetAt)
    {
        if (!_ids.Add(id))
            return false;
        long minute = MinuteOf(forgetAt);
        if (!_byMinute.TryGetValue(minute, out List<UInt128>? ids))
        {
            _byMinute[minute] = ids = [];
            _firstMinute = Math.Min(_firstMinute, minute);
        }
        ids.Add(id);
        return true;
    }

    /// <summary>Drops the ids that are to be forgotten in a minute that is over.</summary>
    public void Forget(DateTimeOffset now)
    {
        long current = MinuteOf(now);
        while (_firstMinute < current)
        {
            foreach (UInt128 id in CollectionsMarshal.AsSpan(_byMinute[_firstMinute]))
                _ids.Remove(id);
            _byMinute.Remove(_firstMinute);
            _firstMinute = _byMinute.Count == 0 ? long.MaxValue : _byMinute.Keys.First();
        }
    }

    public SeenMinute[] ToState() => [.. _byMinute.Select(minute => new SeenMinute(minute.Key, [.. minute.Value]))];

    /// <summary>Memory as it was, to be kept for some time longer.</summary>
    public static SeenEvents FromState(SeenMinute[] state, TimeSpan longer)
    {
        var seen = new SeenEvents();
        long minutes = (long)longer.TotalMinutes;
        foreach (SeenMinute minute in state)
        {
            if (minute.Minute < 0 || minute.Minute > MinuteOf(DateTimeOffset.MaxValue))
                throw new InvalidDataException($"Seen events: there is no minute {minute.Minute}.");
            if (seen._byMinute.ContainsKey(minute.Minute + minutes))
                throw new InvalidDataException($"Seen events: minute {minute.Minute} is there twice.");
            foreach (UInt128 id in minute.Ids)
                if (!seen._ids.Add(id))
                    throw new InvalidDataException($"Seen events, minute {minute.Minute}: id {id} is there twice.");
            seen._byMinute[minute.Minute + minutes] = [.. minute.Ids];
            seen._firstMinute = Math.Min(seen._firstMinute, minute.Minute + minutes);
        }
        return seen;
    }

    private static long MinuteOf(DateTimeOffset time) => time.UtcTicks / TimeSpan.TicksPerMinute;
}
