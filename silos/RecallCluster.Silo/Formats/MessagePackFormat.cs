using System.Buffers;
using MessagePack;
using RecallCluster.Http;
using RecallCluster.Http.Formats;
using RecallCluster.Http.Native;
using RecallCluster.Http.Tracking;
using RecallCluster.Serving;
using RecallCluster.Wire;
using RecallCluster.Wire.Http;

namespace RecallCluster.Silo.Formats;

/// <summary>Bodies in MessagePack: the contracts of <see cref="MessagePackBodies"/>, which say what the JSON bodies say.</summary>
internal sealed class MessagePackFormat : IBodyFormat
{
    /// <inheritdoc/>
    public string MediaType => MessagePackBodies.MediaType;

    /// <inheritdoc/>
    public IReadOnlyList<(string Path, byte[] Body)> Trials { get; } =
    [
        ("/v1/ads", MessagePackSerializer.Serialize(
            new AdsRequestMessage
            {
                Id = "warm-up", User = new UserFeaturesMessage { Id = "warm-up", Sequence = [] }, Slots = [new SlotMessage { Id = "1" }],
                Test = true,
            },
            WireFormat.Options)),
        ("/v1/candidates", MessagePackSerializer.Serialize(
            new CandidatesRequestMessage { User = new UserFeaturesMessage { Sequence = [] }, K = 5 }, WireFormat.Options)),
    ];

    /// <inheritdoc/>
    public T Read<T>(ReadOnlyMemory<byte> body)
        where T : class
    {
        object read = typeof(T) == typeof(AdsRequestBody) ? RequestMap.BodyOf(Parse<AdsRequestMessage>(body))
            : typeof(T) == typeof(CandidatesRequestBody) ? RequestMap.BodyOf(Parse<CandidatesRequestMessage>(body))
            : typeof(T) == typeof(EventsBody) ? EventsMap.BodyOf(Parse<EventsMessage>(body))
            : throw new NotSupportedException($"{typeof(T).Name} has no contract in MessagePack.");
        return (T)read;
    }

    /// <inheritdoc/>
    public void Write<T>(T body, IBufferWriter<byte> writer)
        where T : class
    {
        switch (body)
        {
            case AdsAnswerBody ads:
                MessagePackSerializer.Serialize(writer, AnswerMap.MessageOf(ads), WireFormat.Options);
                break;
            case CandidatesAnswerBody candidates:
                MessagePackSerializer.Serialize(writer, AnswerMap.MessageOf(candidates), WireFormat.Options);
                break;
            case EventsAnswerBody events:
                MessagePackSerializer.Serialize(writer, EventsMap.MessageOf(events), WireFormat.Options);
                break;
            default:
                throw new NotSupportedException($"{typeof(T).Name} has no contract in MessagePack.");
        }
    }

    private static T Parse<T>(ReadOnlyMemory<byte> body)
        where T : class
    {
        try
        {
            return MessagePackSerializer.Deserialize<T?>(body, WireFormat.Options)
                ?? throw new InvalidRequestException("body", "wants an array of fields, not nil.");
        }
        catch (MessagePackSerializationException e)
        {
            throw new InvalidRequestException("body", $"is no {typeof(T).Name} in MessagePack: {(e.InnerException ?? e).Message}");
        }
    }
}
