namespace RecallCluster.Data;

/// <summary>The part of a data set that an event belongs to.</summary>
internal enum EventPart : byte
{
    Train = 0,
    Validation = 1,
    Test = 2,
}

/// <summary>
/// Events in the order in which a source gives them, as growing columns, before they are grouped by user into the three logs of a
/// <see cref="Dataset"/>.
/// </summary>
internal sealed class EventTable
{
    private int[] _users, _items;
    private long[] _times;
    private EventKind[] _kinds;
    private EventPart[] _parts;

    /// <summary>An empty table with room for <paramref name="capacity"/> events.</summary>
    public EventTable(int capacity = 1024)
    {
        int rows = Math.Max(capacity, 16);
        _users = new int[rows];
        _items = new int[rows];
        _times = new long[rows];
        _kinds = new EventKind[rows];
        _parts = new EventPart[rows];
    }

    /// <summary>Number of events.</summary>
    public int Count { get; private set; }

    /// <summary>User row of each event.</summary>
    public ReadOnlySpan<int> Users => _users.AsSpan(0, Count);

    /// <summary>Item row of each event.</summary>
    public ReadOnlySpan<int> Items => _items.AsSpan(0, Count);

    /// <summary>Time of each event.</summary>
    public ReadOnlySpan<long> Times => _times.AsSpan(0, Count);

    /// <summary>Part of each event; a split writes here.</summary>
    public Span<EventPart> Parts => _parts.AsSpan(0, Count);

    /// <summary>Appends an event.</summary>
    public void Add(int user, int item, long time = 0, EventKind kind = EventKind.Click, EventPart part = EventPart.Train)
    {
        if (Count == _users.Length)
            Grow();
        _users[Count] = user;
        _items[Count] = item;
        _times[Count] = time;
        _kinds[Count] = kind;
        _parts[Count] = part;
        Count++;
    }

    /// <summary>
    /// Event numbers grouped by user, within a user in the order of the table or, where <paramref name="byTime"/>, of time (events of
    /// equal time stay in the order of the table).
    /// </summary>
    /// <param name="userCount">Number of users.</param>
    /// <param name="byTime">Whether to sort a user's events by time.</param>
    /// <returns>The order, and row splits of length users + 1 into it.</returns>
    public (int[] Order, int[] Splits) ByUser(int userCount, bool byTime)
    {
        var splits = new int[userCount + 1];
        foreach (int user in Users)
            splits[user + 1]++;
        for (int user = 0; user < userCount; user++)
            splits[user + 1] += splits[user];
        var next = splits.AsSpan(0, userCount).ToArray();
        var order = new int[Count];
        for (int e = 0; e < Count; e++)
            order[next[_users[e]]++] = e;
        for (int user = 0; byTime && user < userCount; user++)
            order.AsSpan(splits[user]..splits[user + 1]).Sort(new Comparison<int>(ByTimeThenPosition));
        return (order, splits);
    }

    /// <summary>The three logs, each user's events in the order of <see cref="ByUser"/>.</summary>
    public (EventLog Train, EventLog Validation, EventLog Test) ToLogs(int userCount, bool byTime)
    {
        (int[] order, int[] splits) = ByUser(userCount, byTime);
        var counts = new int[3];
        foreach (EventPart part in Parts)
            counts[(int)part]++;
        var logs = new EventLog[3];
        for (int p = 0; p < logs.Length; p++)
            logs[p] = new EventLog(new int[userCount + 1], new int[counts[p]], new long[counts[p]], new EventKind[counts[p]]);

        var written = new int[3];
        for (int user = 0; user < userCount; user++)
        {
            foreach (int e in order.AsSpan(splits[user]..splits[user + 1]))
            {
                int part = (int)_parts[e];
                int at = written[part]++;
                logs[part].Items[at] = _items[e];
                logs[part].Times[at] = _times[e];
                logs[part].Kinds[at] = _kinds[e];
            }
            for (int p = 0; p < logs.Length; p++)
                logs[p].UserSplits[user + 1] = written[p];
        }
        return (logs[0], logs[1], logs[2]);
    }

    private int ByTimeThenPosition(int a, int b)
    {
        int byTime = _times[a].CompareTo(_times[b]);
        return byTime != 0 ? byTime : a.CompareTo(b);
    }

    private void Grow()
    {
        if (Count == Array.MaxLength)
            throw new InvalidDataException($"More than {Array.MaxLength} events; one data set holds no more.");
        int rows = (int)Math.Min(Count * 2L, Array.MaxLength);
        Array.Resize(ref _users, rows);
        Array.Resize(ref _items, rows);
        Array.Resize(ref _times, rows);
        Array.Resize(ref _kinds, rows);
        Array.Resize(ref _parts, rows);
    }
}
