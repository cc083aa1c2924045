using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Users;

namespace RecallCluster.Serving.Gateway;

/// <summary>
/// Wins of capped campaigns that this gateway delivered and whose impression nobody has told of yet. They count towards frequency caps until
/// it is, or until the campaign's event window is over: else all that a user asks for at once could pass a cap that none of it has filled
/// yet. Users are spread over parts with a lock each; a part that is full forgets its oldest win. Thread-safe.
/// </summary>
/// <param name="users">Knows the impressions that were told of; null for none.</param>
/// <param name="mostPerPart">Most wins that a part remembers.</param>
internal sealed class UnacknowledgedWins(IUserStore? users, int mostPerPart = UnacknowledgedWins.MostPerPart)
{
    /// <summary>Most wins that a part remembers, where nothing else is said: some 20 MB over all parts.</summary>
    public const int MostPerPart = 4096;

    private const int Parts = 64;

    private readonly Part[] _parts = [.. Enumerable.Range(0, Parts).Select(_ => new Part())];

    /// <summary>Wins remembered.</summary>
    public int Count => _parts.Sum(part => part.Count);

    /// <summary>Takes a win that is about to be delivered, if its campaign's caps still allow it.</summary>
    /// <param name="user">The user; null for nobody, whom no cap protects.</param>
    /// <param name="campaign">The campaign.</param>
    /// <param name="win">The win.</param>
    /// <param name="now">The business clock.</param>
    public bool TryAdd(string? user, CampaignSettings campaign, UInt128 win, DateTimeOffset now)
    {
        if (user is null || campaign.Caps.Count == 0)
            return true;
        Part part = PartOf(user);
        lock (part)
        {
            part.Forget(now);
            List<Entry>? pending = part.Find(user);
            // After the pending ones: a win is told of before it stops to be pending, so that none is missed between the two.
            IReadOnlyList<Exposure> exposures = users?.Find(user)?.Exposures ?? [];
            foreach (FrequencyRule rule in campaign.Caps)
            {
                int seen = 0;
                for (int i = exposures.Count - 1; i >= 0 && now - exposures[i].At < rule.Within; i--)
                    seen += exposures[i].Campaign == campaign.Id ? 1 : 0;
                foreach (Entry entry in pending ?? [])
                    seen += entry.Campaign == campaign.Id && now < entry.Until && now - entry.At < rule.Within ? 1 : 0;
                if (seen >= rule.Impressions)
                    return false;
            }
            part.Add(user, new Entry(win, campaign.Id, now, now + campaign.Terms.EventWindow), mostPerPart);
            return true;
        }
    }

    /// <summary>A win's impression was told of, or it was not delivered after all.</summary>
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
            if (part.Find(user) is not { } pending)
                return exposures;
            return [.. exposures.Concat(pending.Where(entry => now < entry.Until).Select(entry => new Exposure(entry.Campaign, entry.At)))
                .OrderBy(exposure => exposure.At)];
        }
    }

    private Part PartOf(string user) => _parts[(uint)string.GetHashCode(user, StringComparison.Ordinal) % Parts];

    private readonly record struct Entry(UInt128 Win, long Campaign, DateTimeOffset At, DateTimeOffset Until);

    private sealed class Part
    {
        private readonly Dictionary<string, List<Entry>> _users = new(StringComparer.Ordinal);

        // By delivery, also of wins that were told of. Windows differ: one that is over behind one that is not counts no more, and goes with it.
        private readonly Queue<(string User, Entry Entry)> _oldestFirst = new();

        public int Count => Volatile.Read(ref _count);

        private int _count;

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

        public void Remove(string user, UInt128 win)
        {
            if (!_users.TryGetValue(user, out List<Entry>? pending))
                return;
            _count -= pending.RemoveAll(entry => entry.Win == win);
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
