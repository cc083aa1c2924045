namespace RecallCluster.Client;

/// <summary>
/// A format of bodies in place of JSON, for requests for ads and for events; everything else stays JSON. Fields mean the same in each
/// format. Thread-safe.
/// </summary>
public interface IRecallFormat
{
    /// <summary>Its media type, which the door must know.</summary>
    string MediaType { get; }

    /// <summary>The body of a request for ads.</summary>
    ReadOnlyMemory<byte> Write(AdsRequest request);

    /// <summary>The body of a batch of events.</summary>
    ReadOnlyMemory<byte> Write(IReadOnlyList<AdFeedback> events);

    /// <summary>Reads the answer to a request for ads.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    AdsAnswer ReadAds(ReadOnlyMemory<byte> body);

    /// <summary>Reads the answer to a batch of events, in their order.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    IReadOnlyList<FeedbackResult> ReadResults(ReadOnlyMemory<byte> body);
}
