namespace RecallCluster.Bidding.Money;

/// <summary>At most so many impressions of a campaign to one user within any span of this length.</summary>
/// <param name="Impressions">How many, 1 or more.</param>
/// <param name="Within">The span, above zero.</param>
public readonly record struct FrequencyRule(int Impressions, TimeSpan Within);

/// <summary>An impression that still matters to a cap.</summary>
/// <param name="Campaign">The campaign shown.</param>
/// <param name="At">When.</param>
public readonly record struct Exposure(long Campaign, DateTimeOffset At);

/// <summary>What caps remember of one user.</summary>
/// <param name="User">The user.</param>
/// <param name="Exposures">Impressions, oldest first.</param>
public sealed record UserExposures(long User, Exposure[] Exposures);

/// <summary>All that caps remember.</summary>
/// <param name="Now">The latest time told.</param>
/// <param name="Users">Users with an exposure in memory, by number.</param>
public sealed record FrequencyState(DateTimeOffset Now, UserExposures[] Users);

/// <summary>
/// Counts how often users saw campaigns, over spans that end now. Exact: it keeps the times themselves, of one horizon and of at most
/// <see cref="MaxExposuresPerUser"/> per user (beyond that the oldest go: such a user may see an ad once more). Told each impression once,
/// as a ledger applies it. Not thread-safe.
/// </summary>
public sealed class FrequencyCaps
{
    /// <summary>The most impressions kept of one user.</summary>
    public const int MaxExposuresPerUser = 1024;

    private readonly Dictionary<long, List<Exposure>> _users = [];
    private readonly PriorityQueue<long, long> _byTime = new();
    private readonly TimeSpan _horizon;

    /// <summary>Empty memory.</summary>
    /// <param name="horizon">The longest span that any rule will ask for.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is not above zero.</exception>
    public FrequencyCaps(TimeSpan horizon)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(horizon, TimeSpan.Zero);
        _horizon = horizon;
    }

    /// <summary>Memory as it was.</summary>
    /// <exception cref="InvalidDataException">A user is there twice, or an impression is out of order.</exception>
    public FrequencyCaps(TimeSpan horizon, FrequencyState state)
        : this(horizon)
    {
        ArgumentNullException.ThrowIfNull(state);
        Now = state.Now;
        foreach (UserExposures user in state.Users)
        {
            if (!_users.TryAdd(user.User, [.. user.Exposures]))
                throw new InvalidDataException($"Frequency state: user {user.User} is there twice.");
            for (int i = 0; i < user.Exposures.Length; i++)
            {
                if (i > 0 && user.Exposures[i].At < user.Exposures[i - 1].At)
                    throw new InvalidDataException($"Frequency state, user {user.User}: impression {i} is earlier than the one before.");
                Remember(user.User, user.Exposures[i].At);
            }
        }
    }

    /// <summary>The latest time told.</summary>
    public DateTimeOffset Now { get; private set; } = DateTimeOffset.MinValue;

    /// <summary>Users in memory.</summary>
    public int Users => _users.Count;

    /// <summary>Whether a user may see a campaign under all of its rules.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A rule allows no impression, or asks for more than the horizon.</exception>
    public bool Allows(long user, long campaign, ReadOnlySpan<FrequencyRule> rules, DateTimeOffset at)
    {
        Advance(at);
        foreach (FrequencyRule rule in rules)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(rule.Impressions, 1, nameof(rules));
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(rule.Within, TimeSpan.Zero, nameof(rules));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(rule.Within, _horizon, nameof(rules));
            if (Count(user, campaign, rule.Within) >= rule.Impressions)
                return false;
        }
        return true;
    }

    /// <summary>Impressions of a campaign to a user in the span of this length that ends now.</summary>
    public int Count(long user, long campaign, TimeSpan within)
    {
        if (!_users.TryGetValue(user, out List<Exposure>? exposures))
            return 0;
        int count = 0;
        for (int i = exposures.Count - 1; i >= 0 && Now - exposures[i].At < within; i--)
            if (exposures[i].Campaign == campaign)
                count++;
        return count;
    }

    /// <summary>Takes in an impression, also one that comes out of order; one older than the horizon changes nothing.</summary>
    /// <param name="user">Who saw it.</param>
    /// <param name="campaign">What was seen.</param>
    /// <param name="shownAt">When.</param>
    public void Record(long user, long campaign, DateTimeOffset shownAt)
    {
        Advance(shownAt);
        if (Now - shownAt >= _horizon)
            return;
        if (!_users.TryGetValue(user, out List<Exposure>? exposures))
            _users[user] = exposures = [];
        int place = exposures.Count;
        while (place > 0 && exposures[place - 1].At > shownAt)
            place--;
        exposures.Insert(place, new Exposure(campaign, shownAt.ToUniversalTime()));
        if (exposures.Count > MaxExposuresPerUser)
            exposures.RemoveAt(0);
        Remember(user, shownAt);
    }

    /// <summary>Erases a user.</summary>
    public void Forget(long user) => _users.Remove(user);

    /// <summary>Lets time pass: impressions older than the horizon are dropped.</summary>
    public void Advance(DateTimeOffset at)
    {
        if (at <= Now)
            return;
        Now = at.ToUniversalTime();
        while (_byTime.TryPeek(out long user, out long due) && due <= Now.UtcTicks)
        {
            _byTime.Dequeue();
            if (!_users.TryGetValue(user, out List<Exposure>? exposures))
                continue;
            exposures.RemoveAll(exposure => Now - exposure.At >= _horizon);
            if (exposures.Count == 0)
                _users.Remove(user);
        }
    }

    /// <summary>A copy of all memory.</summary>
    public FrequencyState ToState() =>
        new(Now, [.. _users.OrderBy(user => user.Key).Select(user => new UserExposures(user.Key, [.. user.Value]))]);

    // A horizon that reaches beyond the last of times never ends.
    private void Remember(long user, DateTimeOffset shownAt) =>
        _byTime.Enqueue(user, _horizon.Ticks > long.MaxValue - shownAt.UtcTicks ? long.MaxValue : shownAt.UtcTicks + _horizon.Ticks);
}
