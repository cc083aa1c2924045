using RecallCluster.Data;

namespace RecallCluster.Learning.Training;

/// <summary>
/// The training examples of a log: a positive, and the behaviours it is to be predicted from. In time order these are the events before it;
/// of an unordered set, all others of the user (leave one out). Events without any such behaviour are no examples.
/// </summary>
public sealed class ExampleSet
{
    private readonly EventLog _log;
    private readonly bool _ordered;
    private readonly int[] _users;
    private readonly int[] _events;

    /// <summary>The examples of <paramref name="log"/>.</summary>
    /// <param name="log">Training events.</param>
    /// <param name="ordered">Whether a user's events are in time order.</param>
    public ExampleSet(EventLog log, bool ordered)
    {
        ArgumentNullException.ThrowIfNull(log);
        _log = log;
        _ordered = ordered;
        var users = new List<int>(log.Count);
        var events = new List<int>(log.Count);
        for (int user = 0; user + 1 < log.UserSplits.Length; user++)
        {
            int start = log.UserSplits[user], end = log.UserSplits[user + 1];
            for (int i = start; i < end; i++)
            {
                if (end - start < 2 || (ordered && i == start))
                    continue;
                users.Add(user);
                events.Add(i);
            }
        }
        _users = [.. users];
        _events = [.. events];
    }

    /// <summary>Number of examples.</summary>
    public int Count => _users.Length;

    /// <summary>User row of an example.</summary>
    public int UserOf(int example) => _users[example];

    /// <summary>Item row of an example's positive.</summary>
    public int PositiveOf(int example) => _log.Items[_events[example]];

    /// <summary>All training items of the example's user, the positive included: none of them is a negative for it.</summary>
    public ReadOnlySpan<int> UserItemsOf(int example) => _log.ItemsOf(_users[example]);

    /// <summary>Replaces the contents of <paramref name="behaviours"/> by what the example is predicted from, oldest first.</summary>
    public void BehavioursOf(int example, List<int> behaviours)
    {
        ArgumentNullException.ThrowIfNull(behaviours);
        behaviours.Clear();
        int at = _events[example], start = _log.UserSplits[_users[example]], end = _log.UserSplits[_users[example] + 1];
        behaviours.AddRange(_log.Items.AsSpan(start..at));
        if (!_ordered)
            behaviours.AddRange(_log.Items.AsSpan((at + 1)..end));
    }
}
