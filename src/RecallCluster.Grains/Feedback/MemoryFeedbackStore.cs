using System.Globalization;

namespace RecallCluster.Grains.Feedback;

/// <summary>The stream in this process' memory, for development and tests: it is gone with the process. Thread-safe.</summary>
public sealed class MemoryFeedbackStore : IFeedbackStore
{
    private readonly FeedbackStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly SortedDictionary<long, (StreamedEvent Event, long? TakenAt)> _waiting = [];
    private readonly LinkedList<(StreamedEvent Event, string Reason)> _parked = [];
    private long _last, _searched;

    /// <summary>An empty stream.</summary>
    /// <param name="options">How it is kept.</param>
    /// <param name="time">The clock of redelivery.</param>
    public MemoryFeedbackStore(FeedbackStoreOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        options.Check();
        (_options, _time) = (options, time);
    }

    /// <inheritdoc/>
    public Task AppendAsync(long campaign, ReadOnlyMemory<byte> payload, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (_waiting.Count >= _options.MaxWaiting)
                throw new IOException($"The stream of feedback holds {_waiting.Count} events already; send it again later.");
            Append(campaign, payload.ToArray());
        }
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<StreamedEvent>> TakeAsync(string reader, int most, CancellationToken cancellation)
    {
        lock (_lock)
        {
            // What readers have had for too long, from where the last look ended, then what is new.
            List<long> places =
            [
                .. _waiting.Where(e => e.Key > _searched && e.Value.TakenAt is { } at && _time.GetElapsedTime(at) > _options.Redeliver)
                    .Select(e => e.Key).Take(most / 2),
            ];
            _searched = places.Count == most / 2 ? places.LastOrDefault(_searched) : 0;
            places.AddRange(_waiting.Where(e => e.Value.TakenAt is null).Select(e => e.Key).Take(most - places.Count));
            long now = _time.GetTimestamp();
            foreach (long place in places)
                _waiting[place] = _waiting[place] with { TakenAt = now };
            return Task.FromResult<IReadOnlyList<StreamedEvent>>([.. places.Select(place => _waiting[place].Event)]);
        }
    }

    /// <inheritdoc/>
    public Task SettleAsync(IReadOnlyList<StreamedEvent> delivered, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(delivered);
        lock (_lock)
        {
            foreach (StreamedEvent one in delivered)
                _waiting.Remove(PlaceOf(one.Id));
        }
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task ParkAsync(StreamedEvent poison, string reason, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(poison);
        lock (_lock)
        {
            if (!_waiting.Remove(PlaceOf(poison.Id)))
                return Task.CompletedTask;
            _parked.AddLast((poison, reason));
            if (_parked.Count > _options.MaxParked)
                _parked.RemoveFirst();
        }
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<FeedbackStoreStatus> StatusAsync(CancellationToken cancellation)
    {
        lock (_lock)
            return Task.FromResult(new FeedbackStoreStatus(_waiting.Count, _parked.Count));
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<ParkedEvent>> ParkedAsync(int most, CancellationToken cancellation)
    {
        lock (_lock)
        {
            return Task.FromResult<IReadOnlyList<ParkedEvent>>(
                [.. _parked.Reverse().Take(most).Select(p => new ParkedEvent(p.Event.Id, p.Event.Campaign, p.Reason))]);
        }
    }

    /// <inheritdoc/>
    public Task<int> RetryParkedAsync(int most, CancellationToken cancellation)
    {
        lock (_lock)
        {
            int retried = 0;
            for (; retried < most && _parked.First is { } oldest; retried++)
            {
                _parked.RemoveFirst();
                Append(oldest.Value.Event.Campaign, oldest.Value.Event.Payload);
            }
            return Task.FromResult(retried);
        }
    }

    private static long PlaceOf(string id) => long.Parse(id, CultureInfo.InvariantCulture);

    private void Append(long campaign, ReadOnlyMemory<byte> payload)
    {
        long place = ++_last;
        _waiting.Add(place, (new StreamedEvent(place.ToString(CultureInfo.InvariantCulture), campaign, payload), null));
    }
}
