using System.Buffers;

namespace RecallCluster.Http.Formats;

/// <summary>
/// A format of bodies beside JSON, for the routes that carry the load: <c>/v1/ads</c>, <c>/v1/candidates</c>, <c>/v1/events</c>. It knows
/// the bodies of those routes; what they mean, and what is wrong with them, is the routes' matter as with JSON. Thread-safe.
/// </summary>
internal interface IBodyFormat
{
    /// <summary>Its media type.</summary>
    string MediaType { get; }

    /// <summary>Requests in this format for a door to try before anybody sends one; nothing comes of them.</summary>
    IReadOnlyList<(string Path, byte[] Body)> Trials { get; }

    /// <summary>Reads a body.</summary>
    /// <exception cref="Serving.InvalidRequestException">It is no such body.</exception>
    T Read<T>(ReadOnlyMemory<byte> body)
        where T : class;

    /// <summary>Writes a body.</summary>
    void Write<T>(T body, IBufferWriter<byte> writer)
        where T : class;
}
