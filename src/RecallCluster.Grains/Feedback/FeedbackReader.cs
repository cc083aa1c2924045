using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Feedback;

namespace RecallCluster.Grains.Feedback;

/// <summary>
/// Tells campaigns what the stream kept for them. Every silo reads; each event goes to one reader, and to another when that one dies. A
/// campaign that cannot be reached holds up its own events only: where it answers for none that it is told at once all others are passed
/// over, and until it answers it is asked with one at a time. What its ledger knows already, or will never take, goes.
/// </summary>
internal sealed class FeedbackReader : BackgroundService
{
    private readonly IFeedbackStore _stream;
    private readonly EventDelivery _delivery;
    private readonly FeedbackStoreOptions _options;
    private readonly string _name;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<(long Campaign, bool IsForCounts), Line> _lines = new();
    private int _taken;

    /// <param name="stream">The stream.</param>
    /// <param name="delivery">Tells campaigns, and does not defer.</param>
    /// <param name="options">How it is read.</param>
    /// <param name="name">Whose reader it is, the same in each of its lives.</param>
    /// <param name="time">The clock of pauses.</param>
    public FeedbackReader(IFeedbackStore stream, EventDelivery delivery, FeedbackStoreOptions options, string name, TimeProvider time) =>
        (_stream, _delivery, _options, _name, _time) = (stream, delivery, options, name, time);

    /// <summary>Takes what is there and passes it on to the campaigns' lines.</summary>
    /// <returns>Whether there may be more to do at once.</returns>
    /// <exception cref="IOException">The stream cannot be reached.</exception>
    public async Task<bool> PassAsync(CancellationToken cancellation)
    {
        int room = _options.MaxTaken - Volatile.Read(ref _taken);
        if (room <= 0)
            return false;
        IReadOnlyList<StreamedEvent> taken = await _stream.TakeAsync(_name, room, cancellation).ConfigureAwait(false);
        int passedOn = 0;
        foreach (IGrouping<(long, bool), StreamedEvent> some in taken.GroupBy(
            one => (one.Campaign, StreamedEvents.IsForCounts(one.Payload))))
            passedOn += _lines.GetOrAdd(some.Key, _ => new Line(this)).Add([.. some], cancellation);
        // Where all was passed over there is no hurry to do so again, unless there was more that is new.
        return passedOn > 0 || taken.Count == room;
    }

    /// <summary>Completes when nothing that was taken is on its way to a campaign.</summary>
    public Task IdleAsync() => Task.WhenAll(_lines.Values.Select(line => line.Running));

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            bool isMore = false;
            try
            {
                isMore = await PassAsync(stoppingToken).ConfigureAwait(false);
                FeedbackStoreStatus status = await _stream.StatusAsync(stoppingToken).ConfigureAwait(false);
                Telemetry.Stream(status);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            // Redis may be gone for a while: nothing is lost meanwhile.
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                Telemetry.AskFailed(e);
            }
            if (!isMore)
                await Task.Delay(_options.Poll, _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await IdleAsync().ConfigureAwait(false);
    }

    /// <summary>Tells a few events of one campaign.</summary>
    /// <returns>Whether the campaign can be reached, whatever it says to some; those that it did not answer for come again.</returns>
    private async Task<bool> TellAsync(StreamedEvent[] some, CancellationToken cancellation)
    {
        try
        {
            bool[] done = await Task.WhenAll(Array.ConvertAll(some, one => TellAsync(one, cancellation))).ConfigureAwait(false);
            await _stream.SettleAsync([.. some.Where((_, i) => done[i])], cancellation).ConfigureAwait(false);
            return Array.Exists(done, one => one);
        }
        // They come again.
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            Telemetry.AskFailed(e);
            return false;
        }
    }

    /// <returns>Whether it is done with, or the campaign cannot be reached.</returns>
    private async Task<bool> TellAsync(StreamedEvent one, CancellationToken cancellation)
    {
        string? poison;
        try
        {
            (AdEvent happened, DateTimeOffset at) = StreamedEvents.Read(one.Payload);
            AdEventResult result = await _delivery.DeliverAsync(happened, at, cancellation)
                .WaitAsync(_options.Patience, _time, cancellation).ConfigureAwait(false);
            Telemetry.Delivered(result.Outcome);
            poison = result.Outcome is LedgerOutcome.Applied or LedgerOutcome.Duplicate ? null : result.Outcome.ToString();
        }
        catch (Exception e) when (e is IOException or TimeoutException or OperationCanceledException)
        {
            Telemetry.AskFailed(e);
            return false;
        }
        // Whatever is wrong with it, or with its campaign, it keeps nobody else from coming, and can be tried again by hand.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            poison = $"{e.GetType().Name}: {e.Message}";
        }
        if (poison is null)
            return true;
        await _stream.ParkAsync(one, poison, cancellation).ConfigureAwait(false);
        Telemetry.Parked();
        return true;
    }

    /// <summary>What is on its way to one campaign, or to its counts, in the stream's order.</summary>
    private sealed class Line(FeedbackReader reader)
    {
        private readonly Queue<StreamedEvent> _events = new();
        private Task _running = Task.CompletedTask;
        private long? _failedAt;
        private uint _askedAgain;

        public Task Running
        {
            get
            {
                lock (_events)
                    return _running;
            }
        }

        /// <returns>How many of them are on their way; the others come again, when they have been here for too long.</returns>
        public int Add(StreamedEvent[] events, CancellationToken cancellation)
        {
            lock (_events)
            {
                ReadOnlySpan<StreamedEvent> some = _failedAt is null ? events : MayAskAgain() ? [AnyOf(events)] : [];
                foreach (StreamedEvent one in some)
                    _events.Enqueue(one);
                Interlocked.Add(ref reader._taken, some.Length);
                if (some.Length > 0 && _running.IsCompleted)
                    _running = Task.Run(() => RunAsync(cancellation), CancellationToken.None);
                return some.Length;
            }
        }

        // Each time from elsewhere, by steps of the golden section: it may be one event that is wrong, not the campaign.
        private StreamedEvent AnyOf(StreamedEvent[] events) =>
            events[(int)((ulong)unchecked(_askedAgain++ * 0x9E3779B9) * (ulong)events.Length >> 32)];

        private bool MayAskAgain() =>
            _running.IsCompleted && _failedAt is { } at && reader._time.GetElapsedTime(at) >= reader._options.Poll;

        private async Task RunAsync(CancellationToken cancellation)
        {
            while (Next() is { Length: > 0 } some)
            {
                bool isThere = await reader.TellAsync(some, cancellation).ConfigureAwait(false);
                Interlocked.Add(ref reader._taken, -some.Length);
                Conclude(isThere);
            }
        }

        private StreamedEvent[] Next()
        {
            lock (_events)
            {
                StreamedEvent[] some = [.. _events.Take(reader._options.AtOnce)];
                for (int i = 0; i < some.Length; i++)
                    _events.Dequeue();
                if (some.Length == 0)
                    _running = Task.CompletedTask;
                return some;
            }
        }

        // Where it failed, those that are left come again.
        private void Conclude(bool isThere)
        {
            lock (_events)
            {
                _failedAt = isThere ? null : reader._time.GetTimestamp();
                if (isThere)
                    return;
                Interlocked.Add(ref reader._taken, -_events.Count);
                _events.Clear();
            }
        }
    }
}
