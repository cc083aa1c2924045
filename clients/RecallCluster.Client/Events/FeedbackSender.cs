using System.Threading.Channels;

namespace RecallCluster.Client;

/// <summary>
/// Sends events in batches in the background: whatever has gathered while the last call was under way goes into the next one, so that a
/// quiet
/// door gets single events at once and a busy one large batches. An event is sent until the door has said that it is durable.
/// <code>
///  SendAsync ─► waiting events ─► batch ─► door ─► result of each ─► SendAsync returns
///                                  └── no answer, overloaded ─► wait ─► the same batch again
/// </code>
/// Thread-safe. Disposing it sends what waits.
/// </summary>
public sealed class FeedbackSender : IAsyncDisposable
{
    private readonly RecallClient _client;
    private readonly FeedbackSenderOptions _options;
    private readonly TimeProvider _time;
    private readonly Channel<Waiting> _channel;
    private readonly Task[] _senders;

    internal FeedbackSender(RecallClient client, FeedbackSenderOptions options, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.BatchSize, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Parallel, nameof(options));
        (_client, _options, _time) = (client, options, time);
        _channel = Channel.CreateBounded<Waiting>(options.Capacity);
        _senders = [.. Enumerable.Range(0, options.Parallel).Select(_ => Task.Run(SendBatchesAsync))];
    }

    /// <summary>Sends an event.</summary>
    /// <returns>What became of it, once it is durable.</returns>
    /// <exception cref="RecallException">The door refused it.</exception>
    /// <exception cref="TimeoutException">It was given up.</exception>
    /// <exception cref="ObjectDisposedException">The client was disposed of.</exception>
    /// <exception cref="ChannelClosedException">The sender was disposed of.</exception>
    public async Task<FeedbackResult> SendAsync(AdFeedback feedback, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(feedback);
        var waiting = new Waiting(feedback);
        await _channel.Writer.WriteAsync(waiting, cancellation).ConfigureAwait(false);
        return await waiting.Result.Task.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _channel.Writer.TryComplete();
        await Task.WhenAll(_senders).ConfigureAwait(false);
    }

    private async Task SendBatchesAsync()
    {
        var batch = new List<Waiting>(_options.BatchSize);
        while (await _channel.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            batch.Clear();
            while (batch.Count < _options.BatchSize && _channel.Reader.TryRead(out Waiting? next))
                batch.Add(next);
            if (batch.Count > 0)
                await DeliverAsync(batch).ConfigureAwait(false);
        }
    }

    private async Task DeliverAsync(IReadOnlyList<Waiting> batch)
    {
        try
        {
            IReadOnlyList<FeedbackResult> results = await SendUntilTakenAsync(batch).ConfigureAwait(false);
            for (int i = 0; i < batch.Count; i++)
                batch[i].Result.TrySetResult(results[i]);
        }
        catch (RecallException) when (batch.Count > 1)
        {
            // One bad event spoils its batch, not its neighbours.
            foreach (Waiting single in batch)
                await DeliverAsync([single]).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // Whatever it is, who waits is told, and the sender goes on with the next batch.
            foreach (Waiting waiting in batch)
                waiting.Result.TrySetException(e);
        }
    }

    private async Task<IReadOnlyList<FeedbackResult>> SendUntilTakenAsync(IReadOnlyList<Waiting> batch)
    {
        AdFeedback[] events = [.. batch.Select(waiting => waiting.Feedback)];
        long start = _time.GetTimestamp();
        for (TimeSpan wait = TimeSpan.FromMilliseconds(20); ; wait *= 2)
        {
            Exception failure;
            try
            {
                return await _client.SendEventsAsync(events).ConfigureAwait(false);
            }
            catch (Exception e) when (e is HttpRequestException or TimeoutException or RecallException { IsTransient: true })
            {
                failure = e;
            }
            if (_time.GetElapsedTime(start) > _options.GiveUpAfter)
                throw new TimeoutException(
                    $"{events.Length} events were not taken within {_options.GiveUpAfter}: {failure.Message}", failure);
            if (wait > _options.LongestDelay)
                wait = _options.LongestDelay;
            await Task.Delay(wait, _time).ConfigureAwait(false);
        }
    }

    private sealed class Waiting(AdFeedback feedback)
    {
        public AdFeedback Feedback => feedback;

        public TaskCompletionSource<FeedbackResult> Result { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
