using MessagePack;
using RecallCluster.Serving.Feedback;
using RecallCluster.Wire;
using RecallCluster.Wire.Events;

namespace RecallCluster.Grains.Feedback;

/// <summary>Writes events into the stream, and reads them back.</summary>
internal sealed class StreamedEvents(IFeedbackStore stream) : IDeferredEvents
{
    /// <inheritdoc/>
    public async Task AppendAsync(AdEvent happened, DateTimeOffset at, CancellationToken cancellation)
    {
        await stream.AppendAsync(happened.Win.CampaignId, PayloadOf(happened, at), cancellation).ConfigureAwait(false);
        Telemetry.Deferred();
    }

    /// <summary>An event as the stream keeps it.</summary>
    public static byte[] PayloadOf(AdEvent happened, DateTimeOffset at) => MessagePackSerializer.Serialize(
        new DeferredEventMessage { Format = DeferredEventMessage.NewestFormat, At = at.UtcTicks, Event = WireMap.ToWire(happened) },
        WireFormat.Options);

    /// <summary>Whether its campaign's counts are told of it, and not the campaign itself; neither is where it cannot be read.</summary>
    public static bool IsForCounts(ReadOnlyMemory<byte> payload)
    {
        try
        {
            return Read(payload).Event.Kind == AdEventKind.Engagement;
        }
        // Whoever tells it says what is wrong with it.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return false;
        }
    }

    /// <summary>The event of a payload.</summary>
    /// <exception cref="InvalidDataException">There is none, or none that this version reads.</exception>
    public static (AdEvent Event, DateTimeOffset At) Read(ReadOnlyMemory<byte> payload)
    {
        try
        {
            DeferredEventMessage message = MessagePackSerializer.Deserialize<DeferredEventMessage?>(payload, WireFormat.Options)
                ?? throw new InvalidDataException("It is empty.");
            if (message.Format is < 1 or > DeferredEventMessage.NewestFormat)
            {
                throw new InvalidDataException(
                    $"Its format is {message.Format}; this version reads 1 to {DeferredEventMessage.NewestFormat}.");
            }
            if (message.Event?.Win is null || !Enum.IsDefined((AdEventKind)message.Event.Kind))
                throw new InvalidDataException("It says of nothing that it happened, or to nothing.");
            return (WireMap.ToEvent(message.Event), new DateTimeOffset(message.At, TimeSpan.Zero));
        }
        catch (Exception e) when (e is MessagePackSerializationException or ArgumentOutOfRangeException)
        {
            throw new InvalidDataException($"It is no event: {(e.InnerException ?? e).Message}", e);
        }
    }
}
