using MessagePack;
using RecallCluster.Wire;
using RecallCluster.Wire.Http;

namespace RecallCluster.Client.MessagePack;

/// <summary>
/// Bodies in MessagePack, for doors of the cluster edition: <c>new RecallClientOptions { Format = MessagePackFormat.Instance, … }</c>.
/// </summary>
public sealed class MessagePackFormat : IRecallFormat
{
    private MessagePackFormat()
    {
    }

    /// <summary>The format.</summary>
    public static MessagePackFormat Instance { get; } = new();

    /// <inheritdoc/>
    public string MediaType => MessagePackBodies.MediaType;

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Write(AdsRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return MessagePackSerializer.Serialize(AdsMap.MessageOf(request), WireFormat.Options);
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Write(IReadOnlyList<AdFeedback> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        var messages = new FeedbackMessage[events.Count];
        for (int i = 0; i < messages.Length; i++)
        {
            AdFeedback one = events[i];
            messages[i] = new FeedbackMessage
            {
                Token = one.Token, Kind = one.Kind, Number = one.Number, Signals = one.Signals is { } signals ? [.. signals] : null,
            };
        }
        return MessagePackSerializer.Serialize(new EventsMessage(messages), WireFormat.Options);
    }

    /// <inheritdoc/>
    public AdsAnswer ReadAds(ReadOnlyMemory<byte> body) => AdsMap.AnswerOf(Parse<AdsAnswerMessage>(body));

    /// <inheritdoc/>
    public IReadOnlyList<FeedbackResult> ReadResults(ReadOnlyMemory<byte> body) => Array.ConvertAll(
        Parse<EventsAnswerMessage>(body).Results,
        result => new FeedbackResult(result.Outcome, result.Reason, result.Charged, result.Free));

    private static T Parse<T>(ReadOnlyMemory<byte> body)
        where T : class
    {
        try
        {
            return MessagePackSerializer.Deserialize<T?>(body, WireFormat.Options) ?? throw new FormatException("The answer is nil.");
        }
        catch (MessagePackSerializationException e)
        {
            throw new FormatException($"The answer is no {typeof(T).Name}: {(e.InnerException ?? e).Message}", e);
        }
    }
}
