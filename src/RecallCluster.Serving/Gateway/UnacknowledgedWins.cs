using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Campaigns;

namespace RecallCluster.Serving.Gateway;

/// <summary>
/// Wins of capped campaigns that this gateway delivered and whose impression nobody has told of yet. They count towards frequency caps
/// until it is, or until the campaign's event window is over: else all that a user asks for at once could pass a cap that none of it has
/// filled yet. A request looks its user up once, at its beginning; so a win that is told of meanwhile still counts for that request. Users are
/// spread over parts with a lock each; a part that is full forgets its oldest win. Thread-safe.
/// </summary>
/// <param name="mostPerPart">Most wins that a part remembers.</param>
internal sealed class UnacknowledgedWins(int mostPerPart = UnacknowledgedWins.MostPerPart)
{
    /// <summary>Most wins that a part remembers, where nothing else is said: some 20 MB over all parts.</summary>
    public const int MostPerPart = 4096;

    private const int Parts = 64;

    private readonly Part[] _parts = [.. Enumerable.Range(0, Parts).Select(_ => new Part())];

    /// <summary>Wins that nobody has told of.</summary>
    public int Count => _parts.Sum(part => part.Count);

    /// <summary>Where the acknowledgements of a user's wins stand; to be asked before the user is looked up.</summary>
    public long MarkOf(string user) => PartOf(user).Mark;

    /// <summary>Takes a win that is about to be delivered, if its campaign's caps still allow it.</summary>
    /// <param name="user">The request's user; nobody is protected by no cap.</param>
    /// <param name="campaign">The campaign.</param>
    /// <param name="win">The win.</param>
    /// <param name="now">The business clock.</param>
    public bool TryAdd(in RequestUser user, CampaignSettings campaign, UInt128 win, DateTimeOffset now)
    {
        if (user.Id is not { } id || campaign.Caps.Count == 0)
            return true;
        Part part = PartOf(id);
        lock (part)
        {
            part.Forget(now);
            List<Entry>? wins = part.Find(id);
            IReadOnlyList<Exposure> exposures = user.Told;
            foreach (FrequencyRule rule in campaign.Caps)
            {
                int seen = 0;
                for (int i = exposures.Count - 1; i >= 0 && now - exposures[i].At < rule.Within; i--)
                    seen += exposures[i].Campaign == campaign.Id ? 1 : 0;
                foreach (Entry entry in wins ?? [])
                {
                    // What was told of after the mark may be among the exposures: to count it twice for one request is better than not
                    // at all.
                    bool counts = !entry.IsAcknowledgedBy(user.Mark) && entry.Campaign == campaign.Id && now < entry.Until;
                    seen += counts && now - entry.At < rule.Within ? 1 : 0;
                }
                if (seen >= rule.Impressions)
                    return false;
            }
            part.Add(id, new Entry(win, campaign.Id, now, now + campaign.Terms.EventWindow), mostPerPart);
            return true;
        }
    }

    /// <summary>A win's impression was told of: who looks the user up from now on finds it there.</summary>
    public void Acknowledge(string? user, UInt128 win)
    {
        if (user is null)
            return;
        Part part = PartOf(user);
        lock (part)
            part.Acknowledge(user, win);
    }

    /// <summary>A win was not delivered, or not shown, after all.</summary>
    public void Remove(string? user, UInt128 win)
    {
        if (user is null)
            return;
        Part part = PartOf(user);
        lock (part)
            part.Remove(user, win);
    }

    /// <summary>What a user saw and may be about to see, oldest first.</summary>
    /// <param name="user">The user.</param>
    /// <param name="exposures">What was told of.</param>
    /// <param name="now">The business clock.</param>
    public IReadOnlyList<Exposure> With(string user, IReadOnlyList<Exposure> exposures, DateTimeOffset now)
    {
        Part part = PartOf(user);
        lock (part)
        {
            if (part.Find(user) is not { } wins)
                return exposures;
            List<Exposure>? all = null;
            foreach (Entry entry in wins)
            {
                if (entry.Acknowledged == 0 && now < entry.Until)
                    (all ??= [.. exposures]).Add(new Exposure(entry.Campaign, entry.At));
            }
            return all is null ? exposures : [.. all.OrderBy(exposure => exposure.At)];
        }
    }

    private Part PartOf(string user) => _parts[(uint)string.GetHashCode(user, StringComparison.Ordinal) % Parts];

    /// <param name="Win">The win.</param>
    /// <param name="Campaign">Its campaign.</param>
    /// <param name="At">When it was delivered.</param>
    /// <param name="Until">When its event window is over.</param>
    /// <param name="Acknowledged">The how manyth acknowledgement of its part was its own; 0 for none yet.</param>
    private readonly record struct Entry(UInt128 Win, long Campaign, DateTimeOffset At, DateTimeOffset Until, long Acknowledged = 0)
    {
        public bool IsAcknowledgedBy(long mark) => Acknowledged > 0 && Acknowledged <= mark;
    }

    private sealed class Part
    {
        private readonly Dictionary<string, List<Entry>> _users = new(StringComparer.Ordinal);

        // By delivery, also of wins that were told of or taken back. Windows differ: one that is over behind one that is not counts no
        // more, and goes with it.
        private readonly Queue<(string User, Entry Entry)> _oldestFirst = new();

        public int Count => Volatile.Read(ref _count);

        public long Mark => Volatile.Read(ref _mark);

        private int _count;
        private long _mark;

        public List<Entry>? Find(string user) => _users.GetValueOrDefault(user);

        public void Add(string user, Entry entry, int most)
        {
            if (!_users.TryGetValue(user, out List<Entry>? pending))
                _users[user] = pending = [];
            pending.Add(entry);
            _count++;
            _oldestFirst.Enqueue((user, entry));
            while (_oldestFirst.Count > most)
                Drop();
        }

        public void Forget(DateTimeOffset now)
        {
            while (_oldestFirst.TryPeek(out (string User, Entry Entry) oldest) && oldest.Entry.Until <= now)
                Drop();
        }

        public void Acknowledge(string user, UInt128 win)
        {
            if (!_users.TryGetValue(user, out List<Entry>? wins))
                return;
            int place = wins.FindIndex(entry => entry.Win == win && entry.Acknowledged == 0);
            if (place < 0)
                return;
            wins[place] = wins[place] with { Acknowledged = _mark + 1 };
            Volatile.Write(ref _mark, _mark + 1);
            _count--;
        }

        public void Remove(string user, UInt128 win)
        {
            if (!_users.TryGetValue(user, out List<Entry>? pending))
                return;
            int place = pending.FindIndex(entry => entry.Win == win);
            if (place < 0)
                return;
            _count -= pending[place].Acknowledged == 0 ? 1 : 0;
            pending.RemoveAt(place);
            if (pending.Count == 0)
                _users.Remove(user);
        }

        private void Drop()
        {
            (string user, Entry entry) = _oldestFirst.Dequeue();
            Remove(user, entry.Win);
        }
    }
}
