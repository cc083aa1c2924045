using System.Collections.Concurrent;

namespace RecallCluster.Serving.Catalogue;

/// <summary>
/// Dense numbers of campaigns, from 0, in the order in which they were first heard of: bid books, placements and eligibility are arrays by
/// these. A number is never given to another campaign in a process's life. Thread-safe; looking one up takes no lock.
/// </summary>
public sealed class CampaignNumbers
{
    private readonly ConcurrentDictionary<long, int> _numbers = new();
    private readonly Lock _adding = new();
    private volatile long[] _ids = [];
    private volatile int _count;

    /// <summary>Numbers given so far.</summary>
    public int Count => _count;

    /// <summary>The number of a campaign; a new one when it was never heard of.</summary>
    public int Of(long campaign)
    {
        if (_numbers.TryGetValue(campaign, out int number))
            return number;
        lock (_adding)
        {
            if (_numbers.TryGetValue(campaign, out number))
                return number;
            number = _count;
            if (number == _ids.Length)
            {
                var longer = new long[Math.Max(64, number * 2)];
                _ids.CopyTo(longer, 0);
                _ids = longer;
            }
            _ids[number] = campaign;
            // A reader that sees the count sees the id.
            _count = number + 1;
            _numbers[campaign] = number;
            return number;
        }
    }

    /// <summary>The number of a campaign that was heard of.</summary>
    public bool TryGet(long campaign, out int number) => _numbers.TryGetValue(campaign, out number);

    /// <summary>The campaign of a number.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number was not given.</exception>
    public long IdOf(int number)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)number, (uint)_count, nameof(number));
        return _ids[number];
    }
}
